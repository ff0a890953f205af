import type { components } from "./schema.js";

export type VerifyCode =
  | "secret_form"
  | "header_missing"
  | "timestamp_form"
  | "signature_form"
  | "mismatch"
  | "timestamp_old"
  | "timestamp_in_the_future";

/** Why a request is not to be trusted. `godwit verify` says more about one that was saved. */
export class VerifyError extends Error {
  override name = "VerifyError";
  readonly code: VerifyCode;

  constructor(code: VerifyCode, message: string) {
    super(message);
    this.code = code;
  }
}

const toleranceSeconds = 5 * 60;

/** The headers of a request: those of fetch, or of node:http. */
type HeadersOf = Headers | Record<string, string | string[] | undefined>;

/**
 * Checks the signature of a request that came from Godwit, as Standard Webhooks has it:
 * that one of the secrets signed it, and within the last five minutes. The secrets are
 * those of the webhook: whsec_…, or whpk_… where its signature is ed25519; during a
 * rotation the new and the old one. The body is as it arrived, byte for byte. Throws a
 * VerifyError.
 */
export async function verify(headers: HeadersOf, body: string | Uint8Array, secrets: string | string[]): Promise<void> {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature").split(" ");
  if (!/^\d{1,11}$/.test(timestamp)) {
    throw new VerifyError("timestamp_form", "webhook-timestamp is no whole number of seconds");
  }
  const content = joined(`${id}.${timestamp}.`, body);
  if (!(await anyFits(signatures, [secrets].flat(), content))) {
    throw new VerifyError("mismatch", "no signature fits: the secret is another one, or the body was changed after it arrived");
  }
  const age = Date.now() / 1000 - Number(timestamp);
  if (age > toleranceSeconds) throw new VerifyError("timestamp_old", "the request is older than five minutes: it may be a copy");
  if (age < -toleranceSeconds) throw new VerifyError("timestamp_in_the_future", "the request is from the future: look at this machine's clock");
}

/** Reads a request that came from Godwit, verifies it and gives the event. */
export async function receive(request: Request, secrets: string | string[]): Promise<components["schemas"]["ReceivedEvent"]> {
  const body = new Uint8Array(await request.arrayBuffer());
  await verify(request.headers, body, secrets);
  return JSON.parse(new TextDecoder().decode(body));
}

async function anyFits(signatures: string[], secrets: string[], content: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const readable = signatures.map(signatureOf).filter((one) => one !== undefined);
  if (readable.length === 0) throw new VerifyError("signature_form", "webhook-signature holds no signature of the form v1,<base64>");
  for (const key of await Promise.all(secrets.map(keyOf))) {
    for (const { scheme, bytes } of readable) {
      if (scheme === key.scheme && (await crypto.subtle.verify(key.crypto.algorithm.name, key.crypto, bytes, content))) return true;
    }
  }
  return false;
}

function signatureOf(text: string) {
  const [scheme, encoded] = text.split(",");
  const bytes = scheme === "v1" || scheme === "v1a" ? decoded(encoded ?? "") : undefined;
  return bytes && { scheme, bytes };
}

async function keyOf(secret: string) {
  const [, prefix, encoded] = /^(whsec_|whpk_)(.+)$/.exec(secret) ?? [];
  const bytes = decoded(encoded ?? "");
  if (!bytes) throw new VerifyError("secret_form", "a secret is whsec_ or whpk_ and base64, as it was shown");
  return prefix === "whsec_"
    ? { scheme: "v1", crypto: await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]) }
    : { scheme: "v1a", crypto: await crypto.subtle.importKey("raw", bytes, { name: "Ed25519" }, false, ["verify"]) };
}

function header(headers: HeadersOf, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  const text = Array.isArray(value) ? value[0] : value;
  if (!text) throw new VerifyError("header_missing", `the header ${name} did not arrive`);
  return text;
}

function joined(start: string, body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const [a, b] = [new TextEncoder().encode(start), typeof body === "string" ? new TextEncoder().encode(body) : body];
  const content = new Uint8Array(a.length + b.length);
  content.set(a);
  content.set(b, a.length);
  return content;
}

/** Decodes base64; undefined when it is empty or none. */
function decoded(encoded: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const text = atob(encoded);
    return text === "" ? undefined : Uint8Array.from(text, (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}
