"""A receiver of webhooks with nothing but Python's standard library.

    WEBHOOK_SECRET=whsec_… python3 receiver.py

It verifies each request, keeps the event in an SQLite database, answers at once, and
works on it in another thread. The id of an event is the key of its row, so an event
that comes again is dropped.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 5 * 60  # seconds that the timestamp may be off this machine's clock
MAX_BODY = 2 << 20
DATABASE = os.environ.get("INBOX", "inbox.sqlite")


def keys(secrets):
    """Reads secrets, one or several with spaces between them: during a rotation the old
    one and the new one count."""
    found = secrets.split()
    if not found or not all(s.startswith("whsec_") and len(s) > len("whsec_") for s in found):
        raise SystemExit("WEBHOOK_SECRET must hold the secret of the webhook, which begins with whsec_")
    return [base64.b64decode(s.removeprefix("whsec_")) for s in found]


def verify(keys, headers, body, now):
    """Says what is wrong with a request; None = nothing. The body is the bytes that
    arrived: JSON that was parsed and written again has another signature."""
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit()):
        return "webhook-timestamp is missing or no number"
    if abs(now - int(timestamp)) > TOLERANCE:
        return "webhook-timestamp is more than 5 minutes off this machine's clock"
    content = f"{event_id}.{timestamp}.".encode() + body
    sent = [s.removeprefix("v1,") for s in headers.get("webhook-signature", "").split() if s.startswith("v1,")]
    for key in keys:
        want = base64.b64encode(hmac.digest(key, content, hashlib.sha256))
        if any(hmac.compare_digest(want, got.encode()) for got in sent):
            return None
    return "no signature fits the body and the secret"


def connect():
    database = sqlite3.connect(DATABASE, isolation_level=None, timeout=10)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, event TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0)")
    return database


arrived = threading.Event()


def take(event_id, body):
    """Keeps an event; one that is there already is dropped."""
    database = connect()
    try:
        new = database.execute("INSERT OR IGNORE INTO inbox (id, event) VALUES (?, ?)", (event_id, body.decode())).rowcount == 1
    finally:
        database.close()
    if not new:
        print(f"duplicate {event_id}", flush=True)
    arrived.set()


def work(event, event_id):
    """What your program does about an event. It may take as long as it likes."""
    print(f"worked {event['type']} {event_id}", flush=True)


def work_forever(work):
    """Works on what is not done, in the order of arrival. What fails is tried again, and
    what came after it waits."""
    database = connect()
    while True:
        arrived.clear()
        try:
            for event_id, event in database.execute("SELECT id, event FROM inbox WHERE NOT done ORDER BY rowid").fetchall():
                work(json.loads(event), event_id)
                database.execute("UPDATE inbox SET done = 1 WHERE id = ?", (event_id,))
            arrived.wait()
        except Exception as error:
            print(f"tried again in a second: {error}", flush=True)
            time.sleep(1)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        announced = self.headers.get("Content-Length", "")
        if not (announced.isascii() and announced.isdigit()) or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return self.answer(411, "the header Content-Length is missing or no number")
        length = int(announced)
        if length > MAX_BODY:
            self.close_connection = True
            return self.answer(413, "the body is too large")
        body = self.rfile.read(length)
        wrong = verify(self.server.keys, self.headers, body, time.time())
        if wrong:
            return self.answer(401, wrong)
        take(self.headers["webhook-id"], body)
        return self.answer(204)  # at once: the work is done later

    def answer(self, status, text=""):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass  # the lines of work and take are enough


def receive(work):
    """Receives events until the program is ended, and has work called with each."""
    address = ("127.0.0.1", int(os.environ.get("PORT", "9000")))
    secrets = keys(os.environ.get("WEBHOOK_SECRET", ""))
    connect().close()
    threading.Thread(target=work_forever, args=(work,), daemon=True).start()
    server = ThreadingHTTPServer(address, Receiver)
    server.keys = secrets
    print(f"listening on http://{address[0]}:{address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    receive(work)
