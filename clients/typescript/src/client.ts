import createFetchClient, { type Client as FetchClient } from "openapi-fetch";
import { repeating } from "./repeat.js";
import type { components, paths } from "./schema.js";

type Problem = components["schemas"]["Problem"];

/** A client of one installation: `client.GET("/v1/webhooks")` and so on, with types. */
export type Client = FetchClient<paths>;

export interface Settings {
  /** The address of the API, such as https://godwit.example.com. */
  url: string;
  /** An API key. It is a secret: what runs in a browser shows it to everybody there. */
  key: string;
  /** How often one call is sent at most; 6 when left out. */
  tries?: number;
  /** Makes the requests; the global fetch when left out. */
  fetch?: (request: Request) => Promise<Response>;
}

/**
 * Makes a client. A call that finds no server, or one that is busy, is sent again, and
 * never carried out twice: each POST has an Idempotency-Key, yours or one made here.
 */
export function createClient(settings: Settings): Client {
  return createFetchClient<paths>({
    baseUrl: settings.url.replace(/\/$/, ""),
    headers: { Authorization: `Bearer ${settings.key}` },
    redirect: "error", // the key would go elsewhere
    fetch: repeating(settings.fetch ?? ((request) => globalThis.fetch(request)), settings.tries ?? 6),
  });
}

/** An answer that says no. `problem` says why, as the API does. */
export class GodwitError extends Error {
  override name = "GodwitError";
  readonly status: number;
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    const id = problem.request_id ? ` (request id ${problem.request_id})` : "";
    super(`${status} ${problem.title ?? "the answer is none of Godwit's"}${problem.detail ? `: ${problem.detail}` : ""}${id}`);
    this.status = status;
    this.problem = problem;
  }
}

/** Gives the data of a call, or throws a GodwitError: `await ok(client.GET("/v1/stats"))`. */
export async function ok<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  throw new GodwitError(response.status, typeof error === "object" && error ? error : {});
}

/** Reads all rows of a list, page after page; page is called with the cursor of each. */
export async function* rows<T>(
  page: (cursor: string | undefined) => Promise<{ data: T[]; next_cursor?: string | null }>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;
  do {
    const { data, next_cursor } = await page(cursor);
    yield* data;
    cursor = next_cursor ?? undefined;
  } while (cursor !== undefined);
}
