import { Failure } from './client';

const pauses = [2, 5, 15, 60]; // seconds after one, two… failures in a row

// Asked is what is looked at of a query.
interface Asked {
  state: { error: unknown; errorUpdateCount: number; data: unknown };
}

// live says when a query is asked again, in seconds while all is well. React
// Query asks nothing while the page is hidden, and at once when it is back.
export function live<Data>(seconds: number | ((data: Data | undefined) => number)) {
  return (query: Asked): number => {
    const { error, errorUpdateCount, data } = query.state;
    if (error) {
      const pause = pauses[Math.min(errorUpdateCount, pauses.length) - 1] ?? 60;
      const asked = error instanceof Failure ? (error.retryAfter ?? 0) : 0;
      return 1000 * Math.max(pause, asked);
    }
    return 1000 * (typeof seconds === 'number' ? seconds : seconds(data as Data | undefined));
  };
}

export const every = { busy: 2, list: 5, chart: 30 } as const;
