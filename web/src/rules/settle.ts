// Kept is what a list shows while it is read, and how many new rows wait to be shown.
export interface Kept<Row> {
  rows: Row[];
  fresh: number;
  // many says that the new ones fill a whole page, so that there may be more.
  many: boolean;
}

// settle takes a newer answer into a list without moving what is read. New rows above
// or between are only counted. Rows that the answer no longer has leave, unless they
// were pushed over the end of its page: full says that there are more rows than it has.
export function settle<Row extends { id: string }>(shown: Row[] | undefined, newest: Row[], full: boolean): Kept<Row> {
  const known = new Set(shown?.map((row) => row.id));
  const now = new Map(newest.map((row) => [row.id, row]));
  const last = shown?.findLastIndex((row) => now.has(row.id)) ?? -1;
  if (!shown || shown.length === 0 || (last < 0 && !full)) return { rows: newest, fresh: 0, many: false };
  const rows = shown.flatMap((row, i) => now.get(row.id) ?? (full && i > last ? row : []));
  if (last < 0) return { rows, fresh: newest.length, many: true };
  const end = newest.findLastIndex((row) => known.has(row.id));
  const fresh = newest.slice(0, end).filter((row) => !known.has(row.id)).length;
  // What comes behind the last row moves nothing.
  return { rows: [...rows, ...newest.slice(end + 1)], fresh, many: false };
}
