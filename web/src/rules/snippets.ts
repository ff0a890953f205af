// Programs that check a signature, with the webhook's own secret in them.

export const tongues = ['Node', 'Python', 'Go', 'PHP'] as const;
export type Tongue = (typeof tongues)[number];

export function snippet(tongue: Tongue, secret: string): string {
  switch (tongue) {
    case 'Node':
      return `// npm install standardwebhooks express
import express from 'express';
import { Webhook } from 'standardwebhooks';

const webhook = new Webhook('${secret}');

express()
  .post('/hook', express.raw({ type: '*/*' }), (req, res) => {
    try {
      const event = webhook.verify(req.body, req.headers); // the raw body, not a parsed one
      console.log(event.type);
      res.sendStatus(204);
    } catch {
      res.sendStatus(401);
    }
  })
  .listen(3000);`;
    case 'Python':
      return `# pip install standardwebhooks flask
from flask import Flask, request
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

app = Flask(__name__)
webhook = Webhook("${secret}")

@app.post("/hook")
def hook():
    try:
        event = webhook.verify(request.get_data(), dict(request.headers))
    except WebhookVerificationError:
        return "", 401
    print(event["type"])
    return "", 204`;
    case 'Go':
      return `// go get github.com/standard-webhooks/standard-webhooks/libraries
package main

import (
	"io"
	"log"
	"net/http"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	webhook, err := standardwebhooks.NewWebhook("${secret}")
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /hook", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || webhook.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		log.Print(string(body))
		w.WriteHeader(http.StatusNoContent)
	})
	log.Fatal(http.ListenAndServe(":3000", nil))
}`;
    case 'PHP':
      return `<?php // no package is needed
$secret = base64_decode(substr('${secret}', strlen('whsec_')));
$body = file_get_contents('php://input');
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
$time = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
$expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $secret, true));

$fits = false;
foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $signature) {
    $fits = $fits || hash_equals($expected, $signature);
}
if (!$fits || abs(time() - (int) $time) > 300) {
    http_response_code(401);
    exit;
}
error_log(json_decode($body)->type);
http_response_code(204);`;
  }
}
