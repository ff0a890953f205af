import type { Key } from '../i18n';

// What to run where a part of Godwit is missing: a command for the shell of whoever runs
// it, and the text that says what it is for. Parts are named by the API.

export interface Remedy {
  text: Extract<Key, `remedy.${string}`>;
  command: string;
}

interface Part {
  name: string;
  detail: string | null;
}

// In the shell, as the one that Godwit was started from has the setting.
const database = 'psql "$GODWIT_DATABASE_URL"';

export function remedyOf({ name, detail }: Part, temporal: string): Remedy {
  switch (name) {
    case 'postgres':
      if (/migrate up/.test(detail ?? '')) return { text: 'remedy.migrate', command: 'godwit migrate up' };
      if (/standby|read-only/.test(detail ?? '')) return { text: 'remedy.standby', command: `${database} -c 'SELECT pg_is_in_recovery()'` };
      return { text: 'remedy.database', command: 'pg_isready -d "$GODWIT_DATABASE_URL"' };
    case 'temporal':
      return { text: 'remedy.temporal', command: `temporal operator cluster health --address ${temporal}` };
    case 'requests':
      return { text: 'remedy.requests', command: 'df -h' };
    default:
      return { text: 'remedy.other', command: 'godwit healthcheck' };
  }
}

// ofRetention is for old rows that are not removed.
export const ofRetention: Remedy = { text: 'remedy.retention', command: `${database} -c 'SELECT pid, state, query_start FROM pg_stat_activity'` };

// ofSealed is for secrets that no key opens: the command tells which, and seals the
// others with the first key.
export const ofSealed: Remedy = { text: 'remedy.sealed', command: 'godwit secrets rekey' };

// ofSilence is for an installation that does not answer.
export const ofSilence: Remedy = { text: 'remedy.other', command: 'godwit healthcheck' };
