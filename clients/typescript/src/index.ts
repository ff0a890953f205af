/**
 * Calls the API of Godwit, and checks what its webhooks bring. The types come from the
 * OpenAPI document (schema.ts, made by `make clients`); openapi-fetch makes the calls.
 */
export { createClient, GodwitError, ok, rows } from "./client.js";
export type { Client, Settings } from "./client.js";
export { publish, publishAll } from "./publish.js";
export { receive, verify, VerifyError } from "./verify.js";
export type { VerifyCode } from "./verify.js";
export type { components, operations, paths } from "./schema.js";

import type { components } from "./schema.js";

type Schemas = components["schemas"];
export type BatchResult = Schemas["BatchResult"];
export type Delivery = Schemas["Delivery"];
export type EventForm = Schemas["EventForm"];
export type Problem = Schemas["Problem"];
export type Published = Schemas["Published"];
export type ReceivedEvent = Schemas["ReceivedEvent"];
export type RuleForm = Schemas["RuleForm"];
export type Webhook = Schemas["Webhook"];
export type WebhookForm = Schemas["WebhookForm"];
