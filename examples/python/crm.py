"""Tasks into a CRM: keeps a task of the CRM for each record of the application.

    WEBHOOK_SECRET=whsec_… CRM_URL=https://crm.example.com/api python3 crm.py

The webhook sends TODO_*. A task has the id of its record, so that writing it twice
makes one. Events may come in another order than they happened: an older one than what
was written last is left out, by data.sequence, which rises.
"""

import json
import os
import urllib.parse
import urllib.request

from receiver import connect, receive

CRM_URL = os.environ.get("CRM_URL", "").rstrip("/")


def call(method, path, body=None):
    request = urllib.request.Request(CRM_URL + path, method=method, data=None if body is None else json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


def sync(event, event_id):
    data = event["data"]
    record = data["current"] or data["previous"]
    if not event["type"].startswith("TODO_") or "list" not in record:
        return
    database = connect()
    try:
        database.execute("CREATE TABLE IF NOT EXISTS written (record TEXT PRIMARY KEY, sequence INTEGER NOT NULL)")
        known = database.execute("SELECT sequence FROM written WHERE record = ?", (record["id"],)).fetchone()
        if known and known[0] >= data["sequence"]:
            print(f"older {event_id}", flush=True)
            return
        path = "/tasks/" + urllib.parse.quote(record["id"], safe="")
        if data["current"] is None:
            call("DELETE", path)
        else:
            owners = [person["name"] for person in record["assignees"]]
            call("PUT", path, {"title": record["title"], "stage": record["list"]["title"], "owners": owners, "due": record["due_at"], "done": record["done"], "project": data["project"]["name"]})
        database.execute("INSERT INTO written VALUES (?, ?) ON CONFLICT (record) DO UPDATE SET sequence = excluded.sequence", (record["id"], data["sequence"]))
        print(f"wrote {record['id']}", flush=True)
    finally:
        database.close()


if __name__ == "__main__":
    if not CRM_URL:
        raise SystemExit("CRM_URL must say where the CRM is")
    receive(sync)
