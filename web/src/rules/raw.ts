import { parseTree, type Node } from 'jsonc-parser';

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

// canonical writes a number so that equal ones have equal texts: its digits without zeros
// at either end, and the power of ten. As values, numbers of more than 17 digits are
// rounded.
function canonical(literal: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(literal) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  return short && `${sign}${short}e${BigInt(power) + BigInt(digits.length - short.length - fraction.length)}`;
}

const membersOf = (n: Node) => new Map((n.children ?? []).map(({ children: [name, value] = [] }) => [name?.value as string, value]));

function alike(a: Node | undefined, b: Node | undefined, [x, y]: [string, string]): boolean {
  if (!a || !b || a.type !== b.type) return false;
  const text = (n: Node, of: string) => of.slice(n.offset, n.offset + n.length);
  if (a.type === 'number') return canonical(text(a, x)) === canonical(text(b, y));
  if (a.type === 'array') return a.children?.length === b.children?.length && (a.children ?? []).every((child, i) => alike(child, b.children?.[i], [x, y]));
  if (a.type !== 'object') return a.value === b.value;
  const [before, after] = [membersOf(a), membersOf(b)];
  return before.size === after.size && [...before].every(([name, value]) => alike(value, after.get(name), [x, y]));
}

// sameJSON says whether two texts of JSON mean the same: white space, the order of keys and
// how numbers are spelt do not count, as they do not in the variable changed.
export function sameJSON(a: string, b: string): boolean {
  return a === b || alike(parseTree(a), parseTree(b), [a, b]);
}

// asWritten spreads JSON over lines, each number with the characters that it has in the text.
export function asWritten(json: string): string {
  const write = (n: Node, indent: string): string => {
    const inner = `${indent} `;
    const parts = (n.children ?? []).map((child) => {
      const [name, value] = child.type === 'property' ? (child.children ?? []) : [undefined, child];
      return `${inner}${name ? `${JSON.stringify(name.value)}: ` : ''}${value ? write(value, inner) : ''}`;
    });
    if (n.type === 'array') return parts.length === 0 ? '[]' : `[\n${parts.join(',\n')}\n${indent}]`;
    if (n.type === 'object') return parts.length === 0 ? '{}' : `{\n${parts.join(',\n')}\n${indent}}`;
    return json.slice(n.offset, n.offset + n.length);
  };
  const root = parseTree(json);
  return root ? write(root, '') : json;
}
