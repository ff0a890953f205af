// A receiver with Hono.
//   WEBHOOK_SECRET=whsec_… node hono.mjs
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Inbox, keys, verify, work } from './webhook.mjs';

const secrets = keys();
const inbox = new Inbox(process.env.INBOX ?? 'inbox.jsonl', work);
const app = new Hono();

app.post('/', bodyLimit({ maxSize: 2 << 20 }), async (c) => {
  const body = Buffer.from(await c.req.arrayBuffer());
  const wrong = verify(secrets, (name) => c.req.header(name), body);
  if (wrong) return c.text(wrong, 401);
  inbox.take(c.req.header('webhook-id'), body);
  return c.body(null, 204); // at once: the work is done later
});

const port = Number(process.env.PORT ?? 9000);
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => console.log(`listening on http://127.0.0.1:${port}`));
