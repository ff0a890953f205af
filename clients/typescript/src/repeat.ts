const firstWait = 250; // milliseconds
const longestWait = 30_000; // the longest Retry-After that a call waits for
const tryTimeout = 60_000; // of one try; the server takes up to 30 s for a probe

type Fetch = (request: Request) => Promise<Response>;

/**
 * Sends a request again while that may help. Every operation may be repeated: a POST has
 * a key, or changes nothing the second time.
 */
export function repeating(fetch: Fetch, tries: number): Fetch {
  return async (request) => {
    if (request.method === "POST" && !request.headers.has("Idempotency-Key") && !request.headers.has(unkeyed)) {
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
    request.headers.delete(unkeyed);
    let unknown = false; // an earlier try may have been carried out
    for (let tried = 1; ; tried++) {
      const answer = await once(fetch, request, tried >= tries);
      if (answer && unknown && request.method === "DELETE" && answer.status === 404) {
        return new Response(null, { status: 204 }); // what was to be deleted is gone
      }
      const wait = answer ? waitFor(answer, request) : 0;
      if (answer && (wait === undefined || tried >= tries)) return answer;
      unknown ||= answer?.status !== 429;
      await pause(Math.max(wait ?? 0, waitAfter(tried)), request.signal);
    }
  };
}

/** Marks a request whose body holds ids that do what a key would do. */
export const unkeyed = "x-unkeyed";

/** Gives undefined where the network failed and the request may be sent again. */
async function once(fetch: Fetch, request: Request, last: boolean): Promise<Response | undefined> {
  try {
    return await fetch(new Request(request.clone(), { signal: AbortSignal.any([request.signal, AbortSignal.timeout(tryTimeout)]) }));
  } catch (error) {
    // With If-Match a second try could only find that the first one has changed the object.
    if (last || request.signal.aborted || request.headers.has("If-Match")) throw error;
    return undefined;
  }
}

/** How long the answer asks to wait, in milliseconds; undefined = it is final. */
function waitFor(answer: Response, request: Request): number | undefined {
  const after = Number(answer.headers.get("Retry-After") ?? 0) * 1000 || 0;
  const again =
    answer.status === 429 ||
    (!request.headers.has("If-Match") && (answer.status >= 500 || (answer.status === 409 && after > 0))); // 409: the try before is under way
  return again && after <= longestWait ? after : undefined;
}

/** The wait after a try, the first being 1. */
export function waitAfter(tried: number): number {
  return firstWait * 2 ** Math.min(tried - 1, 4) * (1 + Math.random() / 4);
}

export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stopped);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stopped();
    else signal?.addEventListener("abort", stopped, { once: true });
  });
}
