import createClient from "openapi-fetch";
import type { components, paths } from "./generated/openapi-typescript";
import { bearer, found, run, stage } from "./stage";

// Requests with the required fields alone.
type Schemas = components["schemas"];
export const least: {
  webhook: Schemas["WebhookForm"];
  event: Schemas["EventForm"];
  key: Schemas["ApiKeyForm"];
  type: Schemas["EventTypeForm"];
  preview: Schemas["PreviewForm"];
  again: Schemas["RedeliverForm"];
  patch: Schemas["WebhookPatch"];
  test: Schemas["TestForm"];
  rotate: Schemas["RotateForm"];
} = {
  webhook: { name: "n", url: stage.receiver, rules: [{ events: ["*"] }] },
  event: { type: "TODO_CREATED", project_id: stage.project },
  key: { name: "n", role: "publisher" },
  type: { group: "g", description: "d" },
  preview: { rules: [{ events: ["*"] }] },
  again: { since: "2026-01-01T00:00:00Z" },
  patch: {},
  test: {},
  rotate: {},
};

async function main() {
  const user = createClient<paths>({ baseUrl: stage.url, headers: bearer(stage.userKey) });
  const publisher = createClient<paths>({ baseUrl: stage.url, headers: bearer(stage.publisherKey) });

  const made = await user.POST("/v1/webhooks", { body: least.webhook });
  if (!made.data) throw new Error(made.error.detail);
  const published = await publisher.POST("/v1/events", { body: { ...least.event, current: { id: "t1" } } });
  if (!published.data) throw new Error(published.error.detail);
  const listed = await user.GET("/v1/deliveries", { params: { query: { webhook_id: made.data.id } } });
  if (!listed.data) throw new Error(listed.error.detail);
  const gone = await user.DELETE("/v1/webhooks/{id}", { params: { path: { id: made.data.id } } });
  if (gone.error) throw new Error(gone.error.detail);
  found(made.data.id, published.data.id, listed.data.data[0]);
}

run(main);
