// Conditions that can be put together without code, and the CEL that they are.
// What is written here is read back; no other text is.

export type Kind = 'text' | 'number' | 'switch' | 'day' | 'list' | 'things' | 'objects';

export interface Field {
  path: string; // "status", "list.title"
  kinds: Kind[]; // what it holds, the most frequent first; at least one
  example?: string;
}

export type Line =
  | { op: 'is' | 'is_not' | 'contains' | 'becomes' | 'has'; path: string; value: string }
  | { op: 'one_of'; path: string; values: string[] }
  | { op: 'empty' | 'not_empty' | 'on' | 'off' | 'changes' | 'grows'; path: string }
  | { op: 'equals' | 'more' | 'at_least' | 'less' | 'at_most' | 'grows_by'; path: string; number: number }
  | { op: 'between'; path: string; from: number; to: number }
  | { op: 'before' | 'after'; path: string; day: string }
  | { op: 'from_to'; path: string; from: string; to: string }
  | { op: 'has_name'; path: string; name: string }
  | { op: 'has_named' | 'has_named_not' | 'has_named_contains'; path: string; name: string; value: string }
  | { op: 'has_named_more' | 'has_named_at_least' | 'has_named_less' | 'has_named_at_most'; path: string; name: string; number: number }
  | { op: 'by' | 'not_by'; user: string }
  | { op: 'weekdays'; zone: string }
  | { op: 'hours'; from: number; to: number; zone: string };

export type Op = Line['op'];

export type Join = 'all' | 'any';

// Group is some lines that count as one. There are no groups in groups.
export interface Group {
  op: 'group';
  join: Join;
  lines: Line[];
}

export interface Condition {
  join: Join;
  lines: (Line | Group)[];
}

// linesOf are the lines of a condition, those of its groups as well.
export const linesOf = (c: Condition): Line[] => c.lines.flatMap((l) => (l.op === 'group' ? l.lines : [l]));

// opsOf lists what can be said of a field of a kind.
export const opsOf: Record<Kind, Op[]> = {
  text: ['is', 'is_not', 'becomes', 'changes', 'from_to', 'one_of', 'contains', 'empty', 'not_empty'],
  number: ['more', 'at_least', 'less', 'at_most', 'equals', 'between', 'changes', 'grows', 'grows_by'],
  switch: ['on', 'off', 'changes'],
  day: ['before', 'after', 'changes', 'empty', 'not_empty'],
  list: ['has', 'changes'],
  things: ['has_named', 'has_named_not', 'has_named_contains', 'has_named_more', 'has_named_at_least', 'has_named_less', 'has_named_at_most', 'has_name', 'changes'],
  objects: ['changes'],
};

// opsFor lists what can be said of a field, each once.
export const opsFor = (field: Field): Op[] => [...new Set(field.kinds.flatMap((kind) => opsOf[kind]))];

const quote = (s: string) =>
  `'${s.replace(/[\\'\n\r\t]/g, (c) => ({ '\\': '\\\\', "'": "\\'", '\n': '\\n', '\r': '\\r', '\t': '\\t' })[c] ?? c)}'`;

const name = '[A-Za-z_][A-Za-z0-9_]*';
const reserved = new Set('as break const continue else false for function if import in let loop namespace null package return true var void while'.split(' '));

// speakable says whether a path can be written in CEL as it is.
export const speakable = (path: string) => path.split('.').every((part) => new RegExp(`^${name}$`).test(part) && !reserved.has(part));

const top = (path: string) => path.split('.')[0] ?? path;
const read = (state: string, path: string, or: string) => `${state}.?${path.split('.').join('.?')}.orValue(${or})`;
const number = (n: number) => String(n);
const day = (d: string) => `timestamp('${d}T00:00:00Z')`;

// there says that something has a value: a comparison with null, or with what is not
// there, fails, and so does a look into either. Each step of the path is asked for.
const there = (state: string, path: string) =>
  path
    .split('.')
    .map((_, i, parts) => `${state}.${parts.slice(0, i + 1).join('.')}`)
    .map((at) => `has(${at}) && ${at} != null`)
    .join(' && ');

// thereOnce is there as it was written before: null was not thought of.
const thereOnce = (state: string, path: string) => `has(${state}.${path})`;

// named says that a list has one with a name, of which something holds.
const named = (l: { path: string; name: string }, holds?: string) => `${read('current', l.path, '[]')}.exists(x, x.?name.orValue('') == ${quote(l.name)}${holds ? ` && ${holds}` : ''})`;
const valueText = "string(x.?value.orValue(''))";
const valueThere = 'has(x.value) && x.value != null';

// cel is a line as text.
export function cel(l: Line, exists = there): string {
  switch (l.op) {
    case 'is':
      return `${read('current', l.path, "''")} == ${quote(l.value)}`;
    case 'is_not':
      return `${read('current', l.path, "''")} != ${quote(l.value)}`;
    case 'one_of':
      return `${read('current', l.path, "''")} in [${l.values.map(quote).join(', ')}]`;
    case 'contains':
      return `string(${read('current', l.path, "''")}).lowerAscii().contains(${quote(l.value.toLowerCase())})`;
    case 'empty':
      return exists === there ? `!(${there('current', l.path)}) || current.${l.path} == ''` : `!has(current.${l.path}) || current.${l.path} == null || current.${l.path} == ''`;
    case 'not_empty':
      return `${exists('current', l.path)}${exists === there ? '' : ` && current.${l.path} != null`} && current.${l.path} != ''`;
    case 'equals':
      return `${exists('current', l.path)} && current.${l.path} == ${number(l.number)}`;
    case 'more':
      return `${exists('current', l.path)} && current.${l.path} > ${number(l.number)}`;
    case 'at_least':
      return `${exists('current', l.path)} && current.${l.path} >= ${number(l.number)}`;
    case 'less':
      return `${exists('current', l.path)} && current.${l.path} < ${number(l.number)}`;
    case 'at_most':
      return `${exists('current', l.path)} && current.${l.path} <= ${number(l.number)}`;
    case 'between':
      return `${exists('current', l.path)} && current.${l.path} >= ${number(l.from)} && current.${l.path} <= ${number(l.to)}`;
    case 'on':
      return `${read('current', l.path, 'false')} == true`;
    case 'off':
      return `${read('current', l.path, 'false')} == false`;
    case 'before':
      return `${exists('current', l.path)}${exists === there ? '' : ` && current.${l.path} != null`} && timestamp(current.${l.path}) < ${day(l.day)}`;
    case 'after':
      return `${exists('current', l.path)}${exists === there ? '' : ` && current.${l.path} != null`} && timestamp(current.${l.path}) >= ${day(l.day)}`;
    case 'changes':
      return `${quote(top(l.path))} in changed`;
    case 'becomes':
      return `${quote(top(l.path))} in changed && ${read('current', l.path, "''")} == ${quote(l.value)}`;
    case 'from_to':
      return `${quote(top(l.path))} in changed && ${read('previous', l.path, "''")} == ${quote(l.from)} && ${read('current', l.path, "''")} == ${quote(l.to)}`;
    case 'grows':
      return `${exists('previous', l.path)} && ${exists('current', l.path)} && current.${l.path} > previous.${l.path}`;
    case 'grows_by':
      return `${exists('previous', l.path)} && ${exists('current', l.path)} && current.${l.path} >= previous.${l.path} * ${number(1 + l.number / 100)}`;
    case 'has':
      return `${read('current', l.path, '[]')}.exists(x, x == ${quote(l.value)})`;
    case 'has_named':
      return named(l, `${valueText} == ${quote(l.value)}`);
    case 'has_named_not':
      return named(l, `${valueText} != ${quote(l.value)}`);
    case 'has_named_contains':
      return named(l, `${valueText}.lowerAscii().contains(${quote(l.value.toLowerCase())})`);
    case 'has_named_more':
      return named(l, `${valueThere} && x.value > ${number(l.number)}`);
    case 'has_named_at_least':
      return named(l, `${valueThere} && x.value >= ${number(l.number)}`);
    case 'has_named_less':
      return named(l, `${valueThere} && x.value < ${number(l.number)}`);
    case 'has_named_at_most':
      return named(l, `${valueThere} && x.value <= ${number(l.number)}`);
    case 'has_name':
      return named(l);
    case 'by':
      return `actor_id == ${quote(l.user)}`;
    case 'not_by':
      return `actor_id != ${quote(l.user)}`;
    case 'weekdays':
      return `occurred_at.getDayOfWeek(${quote(l.zone)}) in [1, 2, 3, 4, 5]`;
    case 'hours':
      return `occurred_at.getHours(${quote(l.zone)}) >= ${number(l.from)} && occurred_at.getHours(${quote(l.zone)}) < ${number(l.to)}`;
  }
}

// write is a condition as text; '' for one without lines. A group of one line is that
// line, and one of none is nothing.
export function write(c: Condition, exists = there): string {
  const line = (l: Line) => `(${cel(l, exists)})`;
  const join = (pieces: string[], how: Join) => pieces.join(how === 'all' ? ' && ' : ' || ');
  const piece = (l: Line | Group) => {
    if (l.op !== 'group') return [line(l)];
    const inner = join(l.lines.map(line), l.join);
    return l.lines.length > 1 ? [`(${inner})`] : l.lines.length === 1 ? [inner] : [];
  };
  return join(c.lines.flatMap(piece), c.join);
}

// parse reads what write has written, and nothing else. What it wrote before it
// thought of null is read too, and written anew when it is saved.
export function parse(text: string): Condition | undefined {
  const pieces = split(text);
  if (!pieces) return undefined;
  const lines = pieces.parts.map((part) => line(part) ?? group(part));
  if (!lines.every((l) => l !== undefined)) return undefined;
  const condition: Condition = { join: pieces.join, lines };
  return write(condition) === text || write(condition, thereOnce) === text ? condition : undefined;
}

function group(text: string): Group | undefined {
  const pieces = split(text);
  const lines = pieces?.parts.map(line) ?? [];
  return pieces && lines.length > 1 && lines.every((l) => l !== undefined) ? { op: 'group', join: pieces.join, lines } : undefined;
}

// split takes "(a) && (b)" apart.
function split(text: string): { join: Join; parts: string[] } | undefined {
  const parts: string[] = [];
  const joins = new Set<string>();
  let at = 0;
  while (at < text.length) {
    const end = text[at] === '(' ? close(text, at) : -1;
    if (end < 0) return undefined;
    parts.push(text.slice(at + 1, end));
    at = end + 1;
    if (at === text.length) break;
    const join = text.slice(at, at + 4);
    joins.add(join);
    at += 4;
    if ((join !== ' && ' && join !== ' || ') || joins.size > 1 || at >= text.length) return undefined;
  }
  return parts.length > 0 ? { join: joins.has(' || ') ? 'any' : 'all', parts } : undefined;
}

// close finds the parenthesis that closes the one at start.
function close(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === "'") quoted = false;
    } else if (c === "'") quoted = true;
    else if (c === '(') depth++;
    else if (c === ')' && --depth === 0) return i;
  }
  return -1;
}

const text = `'(?:[^'\\\\]|\\\\.)*'`;
const paths = `${name}(?:\\.${name})*`;
const optional = `${name}(?:\\.\\?${name})*`;
const digits = '-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?';

const escaped = (source: string) =>
  source.replace(/[.?()[\]|+*]/g, '\\$&').replace(/TEXT/g, `(${text})`).replace(/OPTIONAL/g, `(${optional})`).replace(/PATH/g, `(${paths})`).replace(/NUMBER/g, `(${digits})`);

const pattern = (source: string) => new RegExp(`^${escaped(source)}$`);

// guarded is a pattern behind questions whether there is a value.
const guarded = (source: string) => new RegExp(`^has\\(.* && ${escaped(source)}$`);

const unquote = (s = "''") => s.slice(1, -1).replace(/\\(.)/g, (_, c: string) => ({ n: '\n', r: '\r', t: '\t' })[c] ?? c);
const plain = (s = '') => s.replace(/\?/g, '');

const ofNamed = (holds: string) => `current.?OPTIONAL.orValue([]).exists(x, x.?name.orValue('') == TEXT && ${holds})`;

// shapes are the patterns of lines, tried in order. What one reads wrongly, parse
// finds out: it writes the condition again.
const shapes: [RegExp, (m: string[]) => Line][] = [
  [pattern("TEXT in changed && previous.?OPTIONAL.orValue('') == TEXT && current.?OPTIONAL.orValue('') == TEXT"), (m) => ({ op: 'from_to', path: plain(m[2]), from: unquote(m[3]), to: unquote(m[5]) })],
  [pattern("TEXT in changed && current.?OPTIONAL.orValue('') == TEXT"), (m) => ({ op: 'becomes', path: plain(m[2]), value: unquote(m[3]) })],
  [pattern('TEXT in changed'), (m) => ({ op: 'changes', path: unquote(m[1]) })],
  [pattern("current.?OPTIONAL.orValue('') == TEXT"), (m) => ({ op: 'is', path: plain(m[1]), value: unquote(m[2]) })],
  [pattern("current.?OPTIONAL.orValue('') != TEXT"), (m) => ({ op: 'is_not', path: plain(m[1]), value: unquote(m[2]) })],
  [
    new RegExp(`^current\\.\\?(${optional})\\.orValue\\(''\\) in \\[(${text}(?:, ${text})*)\\]$`),
    (m) => ({ op: 'one_of', path: plain(m[1]), values: (m[2]?.match(new RegExp(text, 'g')) ?? []).map(unquote) }),
  ],
  [pattern("string(current.?OPTIONAL.orValue('')).lowerAscii().contains(TEXT)"), (m) => ({ op: 'contains', path: plain(m[1]), value: unquote(m[2]) })],
  [new RegExp(`^!.*has\\(.* \\|\\| current\\.(${paths}) == ''$`), (m) => ({ op: 'empty', path: m[1] ?? '' })],
  [guarded("current.PATH != ''"), (m) => ({ op: 'not_empty', path: m[1] ?? '' })],
  [guarded('current.PATH >= NUMBER && current.PATH <= NUMBER'), (m) => ({ op: 'between', path: m[1] ?? '', from: Number(m[2]), to: Number(m[4]) })],
  [guarded('current.PATH == NUMBER'), (m) => ({ op: 'equals', path: m[1] ?? '', number: Number(m[2]) })],
  [guarded('current.PATH > NUMBER'), (m) => ({ op: 'more', path: m[1] ?? '', number: Number(m[2]) })],
  [guarded('current.PATH >= NUMBER'), (m) => ({ op: 'at_least', path: m[1] ?? '', number: Number(m[2]) })],
  [guarded('current.PATH < NUMBER'), (m) => ({ op: 'less', path: m[1] ?? '', number: Number(m[2]) })],
  [guarded('current.PATH <= NUMBER'), (m) => ({ op: 'at_most', path: m[1] ?? '', number: Number(m[2]) })],
  [pattern('current.?OPTIONAL.orValue(false) == true'), (m) => ({ op: 'on', path: plain(m[1]) })],
  [pattern('current.?OPTIONAL.orValue(false) == false'), (m) => ({ op: 'off', path: plain(m[1]) })],
  [guarded('timestamp(current.PATH) < timestamp(TEXT)'), (m) => ({ op: 'before', path: m[1] ?? '', day: unquote(m[2]).slice(0, 10) })],
  [guarded('timestamp(current.PATH) >= timestamp(TEXT)'), (m) => ({ op: 'after', path: m[1] ?? '', day: unquote(m[2]).slice(0, 10) })],
  [guarded('current.PATH > previous.PATH'), (m) => ({ op: 'grows', path: m[1] ?? '' })],
  [
    guarded('current.PATH >= previous.PATH * NUMBER'),
    (m) => ({ op: 'grows_by', path: m[1] ?? '', number: Math.round((Number(m[3]) - 1) * 1e6) / 1e4 }),
  ],
  [pattern("current.?OPTIONAL.orValue([]).exists(x, x == TEXT)"), (m) => ({ op: 'has', path: plain(m[1]), value: unquote(m[2]) })],
  [pattern(ofNamed(`${valueText} == TEXT`)), (m) => ({ op: 'has_named', path: plain(m[1]), name: unquote(m[2]), value: unquote(m[3]) })],
  [pattern(ofNamed(`${valueText} != TEXT`)), (m) => ({ op: 'has_named_not', path: plain(m[1]), name: unquote(m[2]), value: unquote(m[3]) })],
  [pattern(ofNamed(`${valueText}.lowerAscii().contains(TEXT)`)), (m) => ({ op: 'has_named_contains', path: plain(m[1]), name: unquote(m[2]), value: unquote(m[3]) })],
  [pattern(ofNamed(`${valueThere} && x.value > NUMBER`)), (m) => ({ op: 'has_named_more', path: plain(m[1]), name: unquote(m[2]), number: Number(m[3]) })],
  [pattern(ofNamed(`${valueThere} && x.value >= NUMBER`)), (m) => ({ op: 'has_named_at_least', path: plain(m[1]), name: unquote(m[2]), number: Number(m[3]) })],
  [pattern(ofNamed(`${valueThere} && x.value < NUMBER`)), (m) => ({ op: 'has_named_less', path: plain(m[1]), name: unquote(m[2]), number: Number(m[3]) })],
  [pattern(ofNamed(`${valueThere} && x.value <= NUMBER`)), (m) => ({ op: 'has_named_at_most', path: plain(m[1]), name: unquote(m[2]), number: Number(m[3]) })],
  [pattern("current.?OPTIONAL.orValue([]).exists(x, x.?name.orValue('') == TEXT)"), (m) => ({ op: 'has_name', path: plain(m[1]), name: unquote(m[2]) })],
  [pattern('actor_id == TEXT'), (m) => ({ op: 'by', user: unquote(m[1]) })],
  [pattern('actor_id != TEXT'), (m) => ({ op: 'not_by', user: unquote(m[1]) })],
  [pattern('occurred_at.getDayOfWeek(TEXT) in [1, 2, 3, 4, 5]'), (m) => ({ op: 'weekdays', zone: unquote(m[1]) })],
  [
    pattern('occurred_at.getHours(TEXT) >= NUMBER && occurred_at.getHours(TEXT) < NUMBER'),
    (m) => ({ op: 'hours', zone: unquote(m[1]), from: Number(m[2]), to: Number(m[4]) }),
  ],
];

function line(source: string): Line | undefined {
  for (const [shape, make] of shapes) {
    const m = shape.exec(source);
    if (m) return make(m);
  }
  return undefined;
}

type State = Record<string, unknown> | null;

// compares says that a line asks about the time before a change, too.
const compares = (l: Line) => l.op === 'changes' || l.op === 'becomes' || l.op === 'from_to' || l.op === 'grows' || l.op === 'grows_by';

// valuesAt are the values of an event that a line asks about; before is undefined where
// the line does not ask, or there was nothing before.
export function valuesAt(l: Line & { path: string }, { previous, current }: { previous: State; current: State }): { before: unknown; after: unknown } {
  const at = (state: State) => l.path.split('.').reduce<unknown>((value, part) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined), state);
  return { before: compares(l) && previous ? (at(previous) ?? null) : undefined, after: at(current) };
}

// kindOf has the kinds of the API as those of conditions. An object is asked about by
// its own fields.
const kindOf = { text: 'text', time: 'day', number: 'number', boolean: 'switch', list: 'list', named_values: 'things', objects: 'objects', object: undefined } as const;

export interface ToldField {
  path: string;
  kinds: (keyof typeof kindOf)[];
  example: string | null;
}

// fieldsTold makes fields of what the API tells of each type: a path that several have
// is one field.
export function fieldsTold(types: ToldField[][]): Field[] {
  const found = new Map<string, Field>();
  for (const { path, kinds, example } of types.flat()) {
    if (!speakable(path) || (kinds.length > 0 && kinds.every((k) => k === 'object'))) continue;
    const known = found.get(path);
    const all = kinds.flatMap((k) => kindOf[k] ?? []);
    found.set(path, {
      path,
      kinds: [...new Set([...(known?.kinds ?? []), ...all])],
      ...((known?.example ?? example) && { example: known?.example ?? example ?? '' }),
    });
  }
  return [...found.values()].map((f) => (f.kinds.length > 0 ? f : { ...f, kinds: [guessed(f.path)] }));
}

// guessed is for what was never seen but null: null tells no kind, names of times do.
const guessed = (path: string): Kind => (/(_at|_on|date)$/.test(path) ? 'day' : 'text');

// fieldsOf lists what conditions can ask about, from examples of events.
export function fieldsOf(examples: { previous: State; current: State }[]): Field[] {
  const found = new Map<string, Field>();
  const look = (state: Record<string, unknown>, prefix: string) => {
    for (const [key, value] of Object.entries(state)) {
      const path = prefix + key;
      if (!speakable(path)) continue;
      if (value && typeof value === 'object' && !Array.isArray(value)) {
        if (!prefix) look(value as Record<string, unknown>, `${path}.`);
        continue;
      }
      const field = fieldOf(path, value);
      const known = found.get(path);
      if (field && (!known || (known.example === undefined && field.example !== undefined))) found.set(path, field);
    }
  };
  for (const e of examples) for (const state of [e.current, e.previous]) if (state) look(state, '');
  return [...found.values()];
}

function fieldOf(path: string, value: unknown): Field | undefined {
  if (Array.isArray(value)) {
    const first: unknown = value[0];
    if (first && typeof first === 'object') return 'value' in first ? { path, kinds: ['things'], example: String((first as { name?: unknown }).name ?? '') } : { path, kinds: ['objects'] };
    return { path, kinds: ['list'], ...(first !== undefined && { example: String(first) }) };
  }
  switch (typeof value) {
    case 'string':
      return { path, kinds: [/^\d{4}-\d\d-\d\dT/.test(value) ? 'day' : 'text'], example: value };
    case 'number':
      return { path, kinds: ['number'], example: String(value) };
    case 'boolean':
      return { path, kinds: ['switch'], example: String(value) };
    default:
      return { path, kinds: [guessed(path)] };
  }
}

// sharedBy are the paths that hold one value in each of these lists of fields.
export function sharedBy(each: Field[][]): string[] {
  const single = (f: Field) => f.kinds.every((k) => k !== 'list' && k !== 'things' && k !== 'objects');
  const [first, ...others] = each.map((fields) => fields.filter(single).map((f) => f.path));
  return (first ?? []).filter((path) => others.every((paths) => paths.includes(path)));
}

// ofRecord is the condition that an event is about the record with this id.
export function ofRecord(id: string): string {
  const values = [quote(id), ...(/^(0|[1-9]\d{0,14})$/.test(id) ? [id] : [])];
  return ['current', 'previous'].flatMap((state) => values.map((value) => `${state}.?id.orValue('') == ${value}`)).join(' || ');
}
