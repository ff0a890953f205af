// isolated keeps a text that people or programs have chosen from turning around the
// text beside it: letters from right to left get their own direction, and characters
// that override directions are left out.
export function isolated(value: string): string {
  const text = value.replace(/[\u202A-\u202E\u2066-\u2069]/g, '');
  return /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/.test(text) ? `\u2068${text}\u2069` : text;
}
