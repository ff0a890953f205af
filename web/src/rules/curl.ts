import type { Schemas } from '../api/client';

const quote = (s: string) => `'${s.replace(/'/g, `'\\''`)}'`;

// curlOf is a request as a command. Values of the webhook's own headers are hidden
// already.
export function curlOf(request: Pick<Schemas['DeliveryRequest'], 'url' | 'headers' | 'body'>): string {
  const headers = Object.entries(request.headers).filter(([name]) => !/^(content-length|host|accept-encoding|connection)$/i.test(name));
  return [`curl -X POST ${quote(request.url)}`, ...headers.map(([name, value]) => `  -H ${quote(`${name}: ${value}`)}`), `  --data-binary ${quote(request.body)}`].join(' \\\n');
}

// prettyBody is JSON with one value a line; any other text stays as it is.
export function prettyBody(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
