// The API explains in words that are constants, some with a text behind them.

export type Verdict =
  | 'matched'
  | 'event_type'
  | 'project'
  | 'membership'
  | 'filter_false'
  | 'filter_error'
  | 'disabled'
  | 'not_created'
  | 'itself'
  | 'rules_changed'
  | 'no_key'
  | 'window_open'
  | 'window_closed'
  | 'none_of'
  | 'other';

const words: [string, Verdict][] = [
  ['matched by a rule that was changed since', 'rules_changed'],
  ['matched', 'matched'],
  ['event_type', 'event_type'],
  ['project', 'project'],
  ['membership', 'membership'],
  ['filter: false', 'filter_false'],
  ['filter error: ', 'filter_error'],
  ['webhook disabled', 'disabled'],
  ['not created yet', 'not_created'],
  ['is about this webhook itself', 'itself'],
  ['same: the event has no value at ', 'no_key'],
  ['combination: waits for the other parts', 'window_open'],
  ['combination: the window closed', 'window_closed'],
  ['combination: is one of none_of', 'none_of'],
];

// verdictOf gives a reason its code, and what stands behind it.
export function verdictOf(reason: string): { code: Verdict; detail: string } {
  for (const [begin, code] of words) if (reason.startsWith(begin)) return { code, detail: reason.slice(begin.length) };
  return { code: 'other', detail: reason };
}
