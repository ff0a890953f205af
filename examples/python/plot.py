"""Load into SQLite and plot: draws how many records are on each list.

receiver.py has loaded the events into an SQLite database. This program asks it for the
newest state of each record, and writes a chart:

    INBOX=inbox.sqlite python3 plot.py chart.svg
"""

import os
import sqlite3
import sys
from xml.sax.saxutils import escape

NEWEST = """
SELECT list, count(*) FROM (
    SELECT json_extract(event, '$.data.current.list.title') AS list,
        row_number() OVER (PARTITION BY json_extract(event, '$.data.current.id') ORDER BY json_extract(event, '$.data.sequence') DESC) AS place
    FROM inbox WHERE json_extract(event, '$.type') LIKE 'TODO%' AND json_extract(event, '$.data.current.list.title') IS NOT NULL
) WHERE place = 1 GROUP BY list ORDER BY list
"""


def chart(rows):
    most = max((n for _, n in rows), default=1)
    bars = []
    for i, (name, n) in enumerate(rows):
        y = 10 + 40 * i
        bars.append(f'<text x="110" y="{y + 20}" text-anchor="end">{escape(name)}</text><rect x="120" y="{y}" width="{max(1, round(360 * n / most))}" height="28" fill="#3b5bdb"/>')
        bars.append(f'<text x="490" y="{y + 20}">{n}</text>')
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="540" height="{20 + 40 * len(rows)}" font-family="sans-serif" font-size="14">{"".join(bars)}</svg>\n'


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: plot.py FILE.svg")
    database = sqlite3.connect(os.environ.get("INBOX", "inbox.sqlite"))
    rows = database.execute(NEWEST).fetchall()
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(chart(rows))
    for name, n in rows:
        print(f"{name}\t{n}")
