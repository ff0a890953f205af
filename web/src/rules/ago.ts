const units: Record<string, number> = { h: 3600e3, d: 24 * 3600e3 };

// ago is the time so long before now: "24h", "7d". The server's bound of 30 days
// is kept with a minute to spare.
export function ago(span: string): string {
  const length = Number(span.slice(0, -1)) * (units[span.slice(-1)] ?? 0);
  return new Date(Date.now() - Math.min(length, 30 * 24 * 3600e3 - 60e3)).toISOString();
}
