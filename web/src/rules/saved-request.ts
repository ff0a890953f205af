// What a receiver got, as people have it: lines of headers as they arrived, what curl
// prints, or what a program prints of its headers.

export interface Headers {
  headers: Record<string, string>;
  // bad are the numbers, from 1, of lines that are no header.
  bad: number[];
}

const line = /^(['"]?)([!#$%&'*+.^_`|~\w-]+?)\1\s*:\s*(.*)$/;

// readHeaders takes one "Name: value" a line, behind a request line if there is one. Of
// several of one name the first counts, as for receivers.
export function readHeaders(text: string): Headers {
  const found = new Map<string, [string, string]>();
  const bad: number[] = [];
  const add = (name: string, value: string) => {
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), [name, value]);
  };
  const printed = asObject(text);
  if (printed) printed.forEach(([name, value]) => add(name, value));
  else {
    text.split(/\r?\n/).forEach((raw, i) => {
      const one = raw.replace(/^[<>] ?/, '').trim();
      if (one === '' || / HTTP\/\d/.test(one) || /^[{}],?$/.test(one)) return;
      const m = line.exec(one);
      if (m?.[2] === undefined || m[3] === undefined) bad.push(i + 1);
      else add(m[2], unquoted(m[3]));
    });
  }
  return { headers: Object.fromEntries(found.values()), bad };
}

// unquoted is a value without the quotation marks that a program prints around it.
function unquoted(value: string): string {
  const m = /^(['"])(.*)\1,?$/.exec(value);
  return m?.[2] ?? value;
}

function asObject(text: string): [string, string][] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.entries(value).map(([name, v]) => [name, String(Array.isArray(v) ? v[0] : v)]);
  } catch {
    return undefined;
  }
}

const begins = /^([A-Z]+ \S+ HTTP\/\d|[\w-]+: )/;

// splitRequest divides the bytes of a whole request at the first empty line; undefined =
// they are no headers with a body behind them.
export function splitRequest(bytes: Uint8Array): { headers: string; body: Uint8Array } | undefined {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 10) continue;
    const next = bytes[i + 1] === 13 ? i + 2 : i + 1;
    if (bytes[next] !== 10) continue;
    const headers = new TextDecoder().decode(bytes.subarray(0, i));
    return begins.test(headers) && readHeaders(headers).bad.length === 0 ? { headers, body: bytes.subarray(next + 1) } : undefined;
  }
  return undefined;
}

// base64 keeps every byte of a body.
export function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

// headerOf is the value of a header, whatever its case.
export const headerOf = (headers: Record<string, string>, name: string) => Object.entries(headers).find(([n]) => n.toLowerCase() === name)?.[1];
