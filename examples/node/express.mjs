// A receiver with Express. The body is read as bytes, before any JSON parser.
//   WEBHOOK_SECRET=whsec_… node express.mjs
import express from 'express';
import { Inbox, keys, verify, work } from './webhook.mjs';

const secrets = keys();
const inbox = new Inbox(process.env.INBOX ?? 'inbox.jsonl', work);
const app = express();

app.post('/', express.raw({ type: () => true, limit: '2mb' }), (request, response) => {
  const wrong = verify(secrets, (name) => request.get(name), request.body);
  if (wrong) return response.status(401).type('text').send(wrong);
  inbox.take(request.get('webhook-id'), request.body);
  return response.sendStatus(204); // at once: the work is done later
});

const port = Number(process.env.PORT ?? 9000);
app.listen(port, '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${port}`);
});
