import { type Client, ok } from "./client.js";
import { pause, unkeyed, waitAfter } from "./repeat.js";
import type { components } from "./schema.js";

type Schemas = components["schemas"];
type EventForm = Schemas["EventForm"];

// The limits of one batch; the API takes bodies of up to 8 MiB.
const maxBatch = 500;
const maxBatchBytes = 7 * 1024 * 1024;
const maxRounds = 6;

// An event's id does what a key would do, and costs nothing.
const headers = { [unkeyed]: "true" };

/**
 * Publishes an event. One without an id gets one here, so that it is published once
 * however often it has to be sent; give it your own to be able to publish it again after
 * a crash.
 */
export function publish(client: Client, event: EventForm): Promise<Schemas["Published"]> {
  return ok(client.POST("/v1/events", { body: identified(event), headers }));
}

/**
 * Publishes any number of events in batches, in their order. Each is accepted or refused
 * by itself: the results are in the order of the events, and those that were refused have
 * an `error`. Events that came too fast, or that the server had no room for, are sent
 * again. When it throws, the batches before are published.
 */
export async function publishAll(client: Client, events: Iterable<EventForm>): Promise<Schemas["BatchResult"][]> {
  const results: Schemas["BatchResult"][] = [];
  for (const batch of batches(events)) results.push(...(await publishBatch(client, batch)));
  return results;
}

async function publishBatch(client: Client, batch: EventForm[]): Promise<Schemas["BatchResult"][]> {
  const results: Schemas["BatchResult"][] = [];
  let places = [...batch.keys()]; // of the events that are yet to be accepted
  for (let round = 1; ; round++) {
    const body = { events: places.map((place) => batch[place] as EventForm) };
    const answer = await ok(client.POST("/v1/events/batch", { body, headers }));
    const later: number[] = [];
    for (const [i, place] of places.entries()) {
      const result = answer.results[i];
      if (!result) throw new Error(`${answer.results.length} results for ${places.length} events`);
      results[place] = result;
      if (result.error?.code === "rate_limited" || result.error?.code === "unavailable") later.push(place);
    }
    if (later.length === 0 || round >= maxRounds) return results;
    places = later;
    await pause(waitAfter(round));
  }
}

function* batches(events: Iterable<EventForm>): Generator<EventForm[]> {
  let batch: EventForm[] = [];
  let size = 0;
  for (const event of events) {
    const one = identified(event);
    const length = new TextEncoder().encode(JSON.stringify(one)).length + 1;
    if (batch.length === maxBatch || (size + length > maxBatchBytes && batch.length > 0)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(one);
    size += length;
  }
  if (batch.length > 0) yield batch;
}

function identified(event: EventForm): EventForm {
  return event.id == null ? { ...event, id: crypto.randomUUID() } : event;
}
