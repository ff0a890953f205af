import type { Schemas } from '../api/client';

const quote = (s: string) => `'${s.replace(/'/g, `'\\''`)}'`;

// curlOf is a request as a command. Secret header values are hidden already, and
// the signature is that of the time when the request was sent.
export function curlOf(request: Schemas['AttemptRequest']): string {
  const headers = Object.entries(request.headers).filter(([name]) => !/^(content-length|host|accept-encoding|connection)$/i.test(name));
  return [`curl -X POST ${quote(request.url)}`, ...headers.map(([name, value]) => `  -H ${quote(`${name}: ${value}`)}`), '  --data-binary @body.json'].join(' \\\n');
}
