#!/usr/bin/env python3
"""Submits a file and keeps the receipt: submit.py DATASET FILE AGENCY PERIOD KEY

Needs Python 3.9 and no package; DTM_URL and DTM_TOKEN. Ends with 0 when the receipt is kept, with 1
when the data was refused (every error is printed), and with 3 when the server could not be reached.
"""

import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}


def submit(dataset, file, agency, period, key):
    """The receipt; raises HTTPError with the server's answer when the data was refused."""
    query = urllib.parse.urlencode({"agency": agency, "period": period})
    url = f"{os.environ['DTM_URL']}/api/v1/datasets/{dataset}/submissions?{query}"
    headers = {
        "Authorization": f"Bearer {os.environ['DTM_TOKEN']}",
        "Content-Type": TYPES[file.suffix],
        "Content-Length": str(file.stat().st_size),
        "Idempotency-Key": key,
    }
    asked = 0
    for wait in (0, 1, 2, 4, 8):
        # A server that is busy says when it expects to have room.
        time.sleep(max(wait, asked))
        asked = 0
        try:
            with file.open("rb") as body:
                request = urllib.request.Request(url, body, headers, method="POST")
                with urllib.request.urlopen(request) as answer:
                    return json.load(answer)
        except urllib.error.HTTPError as error:
            # The same key makes trying again safe.
            if error.code != 429 and error.code < 500:
                raise
            told = error.headers.get("Retry-After", "")
            asked = min(int(told), 60) if told.isdigit() else 0
            print(f"status {error.code}, trying again", file=sys.stderr)
        except urllib.error.URLError as error:
            print(f"{error.reason}, trying again", file=sys.stderr)
    sys.exit(3)


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    dataset, name, agency, period, key = sys.argv[1:]
    try:
        receipt = submit(dataset, pathlib.Path(name), agency, period, key)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        print(f"{problem['title']}: {problem['detail']}", file=sys.stderr)
        for row in problem.get("errors", []):
            print(f"  row {row['row']}, {row['column']}: {row['message']}", file=sys.stderr)
        sys.exit(1)
    kept = pathlib.Path(f"receipt-{key}.json")
    kept.write_text(json.dumps(receipt, ensure_ascii=False, indent=2), encoding="utf-8")
    for row in receipt["errors"]:
        print(f"row {row['row']}, {row['column']}: {row['message']}", file=sys.stderr)
    print(kept)


if __name__ == "__main__":
    main()
