let ahead = 0; // of the server's clock, in milliseconds

// now is the server's time, for countdowns.
export const now = () => Date.now() + ahead;

// heard notes the header Date of an answer. It has whole seconds: less than two
// is no difference.
export function heard(date: string | null) {
  const at = Date.parse(date ?? '');
  if (!Number.isNaN(at)) ahead = Math.abs(at - Date.now()) > 2000 ? at - Date.now() : 0;
}
