import type { Fault } from './findings';

// Place is where something is in a text: line and column count from 1, in characters.
export interface Place {
  line: number;
  column: number;
  length: number;
}

// placeOf is where the server finds a fault; undefined where it does not say.
export function placeOf(fault: Fault | undefined): Place | undefined {
  const { line, column, length } = fault?.params ?? {};
  if (typeof line !== 'number' || typeof column !== 'number') return undefined;
  return { line, column, length: typeof length === 'number' ? length : 1 };
}

// spanOf is a place as positions in a text, in units of UTF-16, at least one unit long
// and within the text. At the end of the text it is the last character; undefined in
// an empty text.
export function spanOf(text: string, { line, column, length }: Place): { from: number; to: number } | undefined {
  const lines = text.split('\n');
  if (text === '' || line < 1 || line > lines.length) return undefined;
  const start = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0);
  const characters = [...(lines[line - 1] ?? '')];
  const units = (n: number) => characters.slice(0, n).join('').length;
  const from = Math.min(start + units(column - 1), text.length - 1);
  const to = Math.min(Math.max(start + units(column - 1 + length), from + 1), text.length);
  return { from, to };
}
