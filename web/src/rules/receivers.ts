// What an address says about who receives.

export type Receiver = 'n8n' | 'zapier' | 'make' | 'power_automate' | 'slack' | 'discord' | 'teams';
export type Hint = 'n8n_test' | 'n8n' | 'zapier' | 'make' | 'power_automate' | 'slack' | 'discord' | 'teams' | 'private' | 'http' | 'play';
export type Fault = 'not_an_address' | 'scheme' | 'user' | 'fragment' | 'space';

const is = (host: string, domain: string) => host === domain || host.endsWith(`.${domain}`);

export function receiverOf(raw: string): Receiver | undefined {
  const url = parse(raw);
  if (!url) return undefined;
  const host = url.hostname;
  if (is(host, 'hooks.zapier.com')) return 'zapier';
  if (/^hook\.([a-z0-9-]+\.)?(make|integromat)\.com$/.test(host)) return 'make';
  if (is(host, 'hooks.slack.com')) return 'slack';
  if (/^(\w+\.)?discord(app)?\.com$/.test(host) && /^\/api\/(v\d+\/)?webhooks\//.test(url.pathname)) return 'discord';
  if (is(host, 'webhook.office.com')) return 'teams';
  if (is(host, 'logic.azure.com') || is(host, 'powerplatform.com')) return 'power_automate';
  if (is(host, 'n8n.cloud') || /\/webhook(-test)?\/[\w-]+/.test(url.pathname)) return 'n8n';
  return undefined;
}

// formatOf is the form of message that a receiver alone understands; undefined = it
// takes data.
export const formatOf = (r: Receiver | undefined) => (r === 'slack' || r === 'discord' || r === 'teams' ? r : undefined);

// checksNothing says that the receiver has no use for a signing secret.
export const checksNothing = (r: Receiver | undefined) => r === 'n8n' || r === 'zapier' || r === 'make' || r === 'power_automate';

export function faultsOf(raw: string): Fault[] {
  const text = raw.trim();
  if (/\s/.test(text)) return ['space'];
  const url = parse(text);
  if (!url) return [/^[a-z][a-z0-9+.-]*:/i.test(text) && !/^https?:/i.test(text) ? 'scheme' : 'not_an_address'];
  const faults: Fault[] = [];
  if (url.protocol !== 'https:' && url.protocol !== 'http:') faults.push('scheme');
  if (url.username || url.password) faults.push('user');
  if (url.hash) faults.push('fragment');
  return faults;
}

// playID is the id of the address of the test receiver that raw leads to.
export function playID(raw: string): string | undefined {
  return parse(raw)?.pathname.match(/\/play\/(play_[0-9a-v]{26})$/)?.[1];
}

export function hintsOf(raw: string): Hint[] {
  const url = parse(raw);
  if (!url) return [];
  if (playID(raw)) return ['play'];
  const hints: Hint[] = [];
  const receiver = receiverOf(raw);
  if (receiver === 'n8n' && url.pathname.includes('/webhook-test/')) hints.push('n8n_test');
  else if (receiver) hints.push(receiver);
  if (isPrivate(url.hostname)) hints.push('private');
  if (url.protocol === 'http:') hints.push('http');
  return hints;
}

export function hostOf(raw: string): string {
  return parse(raw)?.host ?? '';
}

// masked shows where an address leads without the part that often is a secret.
export function masked(raw: string): string {
  const url = parse(raw);
  if (!url) return '…';
  return `${url.protocol}//${url.host}${url.pathname.length > 1 || url.search ? '/…' : '/'}`;
}

function parse(raw: string): URL | undefined {
  try {
    const url = new URL(raw.trim());
    return url.hostname ? url : undefined;
  } catch {
    return undefined;
  }
}

function isPrivate(host: string): boolean {
  return (
    host === 'localhost' ||
    /\.(localhost|local|internal|lan|home\.arpa)$/.test(host) ||
    /^(10|127|0)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\./.test(host) ||
    /^\[(::1?|f[cd][0-9a-f]{2}:.*|fe80:.*)\]$/.test(host)
  );
}
