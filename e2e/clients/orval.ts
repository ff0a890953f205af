import { createWebhook, deleteWebhook, listDeliveries, publishEvent } from "./generated/orval";
import type { EventForm, WebhookForm } from "./generated/orval";
import { bearer, found, run, stage } from "./stage";

// Requests with the required fields alone.
const webhook: WebhookForm = { name: "n", url: stage.receiver, rules: [{ events: ["*"] }] };
const event: EventForm = { type: "TODO_CREATED", project_id: stage.project };

async function main() {
  const user = { headers: bearer(stage.userKey) };
  const made = await createWebhook(webhook, user);
  if (made.status !== 201) throw new Error(made.data.detail);
  const published = await publishEvent({ ...event, current: { id: "t1" } }, { headers: bearer(stage.publisherKey) });
  if (published.status !== 202) throw new Error(published.data.detail);
  const listed = await listDeliveries({ webhook_id: made.data.id }, user);
  if (listed.status !== 200) throw new Error(listed.data.detail);
  const gone = await deleteWebhook(made.data.id, user);
  if (gone.status !== 204) throw new Error(gone.data.detail);
  found(made.data.id, published.data.id, listed.data.data[0]);
}

run(main);
