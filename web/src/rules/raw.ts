import { parseTree } from 'jsonc-parser';

// rawMembers are the members of an object, each value with the characters that it has in
// the text, which must be JSON: reading it as values would spell 1.10 as 1.1, round long
// numbers, and give keys another order. Of a name that comes twice the last counts, as in
// values.
export function rawMembers(json: string): Map<string, string> {
  const members = new Map<string, string>();
  const object = parseTree(json);
  if (object?.type !== 'object') return members;
  for (const { children: [name, value] = [] } of object.children ?? []) {
    if (name && value) members.set(name.value as string, json.slice(value.offset, value.offset + value.length));
  }
  return members;
}
