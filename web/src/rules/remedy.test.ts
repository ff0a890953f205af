import { expect, test } from 'vitest';
import { remedyOf } from './remedy';

test('remedyOf has a command for each part that may be missing', () => {
  const of = (name: string, detail: string | null = null) => remedyOf({ name, detail }, 'temporal.test:7233').command;
  expect(of('postgres', 'the schema has version 250, this build needs 260: run godwit migrate up')).toBe('godwit migrate up');
  expect(of('postgres', 'the database takes no changes: it is a standby, or read-only')).toContain('pg_is_in_recovery');
  expect(of('postgres', 'the database can’t be reached or read: connection refused')).toBe('pg_isready -d "$GODWIT_DATABASE_URL"');
  expect(of('temporal')).toBe('temporal operator cluster health --address temporal.test:7233');
  expect(of('requests')).toBe('df -h');
  expect(of('encryption key')).toBe('godwit healthcheck');
  expect(of('what a later version has')).toBe('godwit healthcheck');
});
