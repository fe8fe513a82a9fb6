#!/usr/bin/env python3
"""A sink for cardata: `command: [python3, sqlite_sink.py, cars.db]`. What the lines mean: sinks/exec/README.md."""
import json, os, sqlite3, sys

def say(**line):
    print(json.dumps(line), flush=True)

path, hello = os.path.abspath(sys.argv[1]), json.loads(sys.stdin.readline())
if not os.access(os.path.dirname(path), os.W_OK):
    sys.exit(f"cannot write to the folder of {path}")
if hello["mode"] == "check":  # store nothing
    sys.exit(say(ready=1))
db = sqlite3.connect(path)
db.executescript("""PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS readings (vin, descriptor, measured_at, occurrence, name, value, unit, received_at,
        PRIMARY KEY (vin, descriptor, measured_at, occurrence));
    CREATE TABLE IF NOT EXISTS records (vin, record, key, at, revision, told, PRIMARY KEY (vin, record, key))""")
say(ready=1, erase=True)
for text in sys.stdin:
    line = json.loads(text)
    for r in line.get("readings", []):
        value = str(r["value"]).lower() if isinstance(r["value"], bool) else r["value"]
        db.execute("REPLACE INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (r["vin"], r["descriptor"],
            r["measured_at"], r["occurrence"], r["name"], value, r["unit"], r["received_at"]))
    if r := line.get("record"):
        db.execute("""INSERT INTO records VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (vin, record, key) DO UPDATE SET
            revision = excluded.revision, told = excluded.told WHERE excluded.revision >= revision""",
            (r["vin"], r["record"], json.dumps(r["key"]), r["at"], r["revision"], json.dumps(r)))
    if "erase" in line:
        e, held = line["erase"], db.execute("SELECT vin FROM readings UNION SELECT vin FROM records")
        if "selects" in e:
            sys.exit(say(stop="it removes by vehicle and time, not by descriptor or source"))
        for vin in e.get("vins", [vin for vin, in held]):
            within = [vin, e.get("since", ""), e.get("until", "9")]
            db.execute("DELETE FROM records WHERE vin = ? AND at BETWEEN ? AND ?", within)
            db.execute("DELETE FROM readings WHERE vin = ? AND measured_at BETWEEN ? AND ? AND received_at >= ?",
                within + [e.get("received_since", "")])
    if "flush" in line:
        db.commit()
        say(ack=line["flush"])
