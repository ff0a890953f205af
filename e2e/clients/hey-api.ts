import { client } from "./generated/hey/client.gen";
import { createWebhook, deleteWebhook, listDeliveries, publishEvent } from "./generated/hey/sdk.gen";
import type { EventForm, WebhookForm } from "./generated/hey/types.gen";
import { found, run, stage } from "./stage";

// Requests with the required fields alone.
const webhook: WebhookForm = { name: "n", url: stage.receiver, rules: [{ events: ["*"] }] };
const event: EventForm = { type: "TODO_CREATED", project_id: stage.project };

async function main() {
  client.setConfig({ baseUrl: stage.url, auth: stage.userKey });
  const made = await createWebhook({ body: webhook, throwOnError: true });
  const published = await publishEvent({
    body: { ...event, current: { id: "t1" } },
    auth: stage.publisherKey,
    throwOnError: true,
  });
  const listed = await listDeliveries({ query: { webhook_id: made.data.id }, throwOnError: true });
  await deleteWebhook({ path: { id: made.data.id }, throwOnError: true });
  found(made.data.id, published.data.id, listed.data.data[0]);
}

run(main);
