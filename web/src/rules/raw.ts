// A JSON text as it was written: reading it as values would spell 1.10 as 1.1, round
// long numbers, and give keys another order.

// endOfText is behind the text that begins with a quotation mark at from.
function endOfText(json: string, from: number): number {
  let at = from + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

// endOfValue is behind the value that begins at from.
function endOfValue(json: string, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; ) {
    const c = json[at];
    if (c === '"') {
      at = endOfText(json, at);
      if (depth === 0) return at;
      continue;
    }
    if (c === '{' || c === '[') depth++;
    if (c === '}' || c === ']') depth--;
    if (depth < 0 || (depth === 0 && c === ',')) return at; // behind a number or a word
    at++;
    if (depth === 0 && (c === '}' || c === ']')) return at;
  }
  return json.length;
}

// rawMembers are the members of an object, each value with the characters that it has in
// the text, which must be JSON. Of a name that comes twice the last counts, as in values.
export function rawMembers(json: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = json.indexOf('{') + 1;
  for (;;) {
    const name = json.indexOf('"', at);
    if (at === 0 || name < 0) return members;
    const end = endOfText(json, name);
    let value = json.indexOf(':', end) + 1;
    while (/\s/.test(json[value] ?? '')) value++;
    at = endOfValue(json, value);
    members.set(JSON.parse(json.slice(name, end)) as string, json.slice(value, at).trimEnd());
  }
}
