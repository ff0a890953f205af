// Runs against a real Godwit behind a proxy that loses every other answer: the variables
// are those that the tests of the repository give (e2e/clientpackages_test.go).
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { createClient, GodwitError, ok, publish, publishAll, receive, rows, verify, VerifyError } from "godwit-client";

const env = (/** @type {string} */ name) => process.env[name] ?? assert.fail(`${name} is not set`);
const url = env("GODWIT_URL");
const project = env("GODWIT_PROJECT");
const user = createClient({ url, key: env("GODWIT_USER_KEY") });
const publisher = createClient({ url, key: env("GODWIT_PUBLISHER_KEY") });

const webhook = (/** @type {string} */ name, to = env("GODWIT_RECEIVER")) =>
  ok(user.POST("/v1/webhooks", { body: { name, url: to, rules: [{ events: ["TODO_*"], projects: [project] }] } }));

test("a call whose answer is lost is carried out once", async () => {
  const made = await webhook("once");
  const named = [];
  for await (const one of rows((cursor) => ok(user.GET("/v1/webhooks", { params: { query: { ...(cursor && { cursor }), limit: 1 } } })))) {
    if (one.name === "once") named.push(one.id);
  }
  assert.deepEqual(named, [made.id]);
  await ok(user.DELETE("/v1/webhooks/{id}", { params: { path: { id: made.id } } }));
});

test("an event is published once, and many in batches", async () => {
  const made = await webhook("batches");
  const one = await publish(publisher, { type: "TODO_CREATED", project_id: project, current: { id: "t" } });
  const listed = await ok(user.GET("/v1/deliveries", { params: { query: { event_id: one.id, webhook_id: made.id } } }));
  assert.equal(listed.data.length, 1);

  const events = Array.from({ length: 501 }, (_, i) => ({
    id: `${project}-ts-${i}`, type: i < 500 ? "TODO_MOVED" : "NO_SUCH_TYPE", project_id: project, current: { id: `${i}` },
  }));
  const results = await publishAll(publisher, events);
  assert.equal(results.length, 501);
  assert.deepEqual(results.slice(0, 500).map((r) => r.id), events.slice(0, 500).map((e) => e.id));
  assert.equal(results[500]?.error?.code, "invalid");
  await ok(user.DELETE("/v1/webhooks/{id}", { params: { path: { id: made.id } } }));
});

test("an answer that says no has the problem", async () => {
  const path = { id: "wh_00000000000000000000000000" };
  await assert.rejects(ok(user.GET("/v1/webhooks/{id}", { params: { path } })), (error) => {
    assert(error instanceof GodwitError);
    assert.equal(error.problem.code, "not_found");
    assert.match(error.message, /request id/);
    return true;
  });
});

for (const signature of /** @type {const} */ (["hmac-sha256", "ed25519"])) {
  test(`a webhook signed by ${signature} is verified`, async () => {
    /** @type {(request: Request) => void} */
    let arrived = () => {};
    const arrival = new Promise((/** @type {(request: Request) => void} */ resolve) => { arrived = resolve; });
    const server = createServer(async (req, res) => {
      const chunks = [];
      for await (const chunk of req) chunks.push(chunk);
      res.end();
      arrived(new Request("http://receiver/", { method: "POST", headers: /** @type {Record<string, string>} */ (req.headers), body: Buffer.concat(chunks) }));
    });
    await new Promise((/** @type {(_: void) => void} */ resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert(address !== null && typeof address === "object");
    const made = await ok(user.POST("/v1/webhooks", {
      body: { name: signature, url: `http://127.0.0.1:${address.port}/`, signature, rules: [{ events: ["TODO_*"], projects: [project] }] },
    }));
    const secret = (signature === "ed25519" ? made.public_key : made.secret) ?? assert.fail("there is no secret");
    const published = await publish(publisher, { type: "TODO_CREATED", project_id: project, current: { id: "ü" } });
    const request = await arrival;
    const body = await request.clone().text();
    const event = await receive(request.clone(), [signature === "ed25519" ? secret : "whsec_AAAA", secret]);
    assert.equal(event.data.id, published.id);

    const refused = (/** @type {string} */ code) => (/** @type {unknown} */ error) => error instanceof VerifyError && error.code === code;
    await assert.rejects(verify(request.headers, `${body} `, secret), refused("mismatch"));
    await assert.rejects(verify(request.headers, body, "whsec_AAAA"), refused("mismatch"));
    await assert.rejects(verify(request.headers, body, "v1,AAAA"), refused("secret_form"));
    await assert.rejects(verify({ ...Object.fromEntries(request.headers), "webhook-id": undefined }, body, secret), refused("header_missing"));
    await assert.rejects(verify({ ...Object.fromEntries(request.headers), "webhook-signature": "whatever" }, body, secret), refused("signature_form"));
    await ok(user.DELETE("/v1/webhooks/{id}", { params: { path: { id: made.id } } }));
    server.close();
    server.closeAllConnections();
  });
}

test("a signature grows old", async () => {
  const secret = "whsec_" + btoa("a secret of the test's own, long enough");
  const signed = async (/** @type {number} */ at) => {
    const raw = new TextEncoder().encode("a secret of the test's own, long enough");
    const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`e1.${at}.{}`));
    return { "webhook-id": "e1", "webhook-timestamp": `${at}`, "webhook-signature": `v1,${Buffer.from(mac).toString("base64")}` };
  };
  const now = Math.floor(Date.now() / 1000);
  await verify(await signed(now), "{}", secret);
  const refused = (/** @type {string} */ code) => (/** @type {unknown} */ error) => error instanceof VerifyError && error.code === code;
  await assert.rejects(verify(await signed(now - 400), "{}", secret), refused("timestamp_old"));
  await assert.rejects(verify(await signed(now + 400), "{}", secret), refused("timestamp_in_the_future"));
});
