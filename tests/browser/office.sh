#!/usr/bin/env bash
# Workbooks as LibreOffice reads them: a query result and a report of a running server are
# downloaded as XLSX, converted by `soffice --headless`, and compared with the server's CSV.
#
#     tests/browser/office.sh http://127.0.0.1:8080 dtm-home/operator.token
#
# Needs LibreOffice Calc (Debian: libreoffice-calc-nogui), curl and Python 3.
set -euo pipefail
url=$1
token=$2
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$(mktemp -d "${TMPDIR:-/tmp}/dtm-office-XXXXXX")"
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# ask ACCEPT FILE CURL-ARGUMENT…: the answer of the server in a file
ask() {
    local accept=$1 file=$2
    shift 2
    curl --noproxy '*' -sS --fail-with-body -o "$file" -H "Accept: $accept" \
        -H "Authorization: Bearer $(cat "$token")" "$@" ||
        fail "the server refused $*: $(cat "$file")"
}

# query SQL-FILE ACCEPT FILE
query() {
    python3 -c 'import json, sys; print(json.dumps({"sql": open(sys.argv[1]).read()}))' "$1" |
        ask "$2" "$3" "$url/api/v1/query" -H 'Content-Type: application/json' --data-binary @-
}

# office FORMAT FILE: converts a workbook; LibreOffice exits with 0 even when it could not
office() {
    soffice -env:UserInstallation="file://$work/profile" --headless --norestore \
        --convert-to "$1" --outdir "$work/out" "$2" >"$work/soffice.log" 2>&1 ||
        fail "soffice failed: $(cat "$work/soffice.log")"
    ! grep -qi error "$work/soffice.log" || fail "soffice: $(cat "$work/soffice.log")"
}

xlsx='application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
# Every sheet, in UTF-8, cells as they are shown, every text in quotes and nothing else.
csv='csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false,false,false,-1'

query "$here/office.sql" "$xlsx" "$work/result.xlsx"
query "$here/office.sql" text/csv "$work/result.csv"

printf 'select max(period) as period from served.national_summary' >"$work/period.sql"
query "$work/period.sql" text/csv "$work/period.csv"
period="$(tail -n 1 "$work/period.csv" | tr -d '\r"')"
ask application/json "$work/rendition.json" "$url/api/v1/reports/monthly-summary/renditions" \
    -H 'Content-Type: application/json' \
    --data-binary "{\"params\": {\"period\": \"$period\"}, \"table\": \"agencies\"}"
for ending in xlsx csv; do
    path="$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["links"][sys.argv[2]])' "$work/rendition.json" "$ending")"
    ask '*/*' "$work/report.$ending" "$url$path"
done

for book in result report; do
    office "$csv" "$work/$book.xlsx"
    office pdf "$work/$book.xlsx"
    [ "$(head -c 5 "$work/out/$book.pdf")" = "%PDF-" ] || fail "$book.pdf is no PDF"
done
python3 "$here/office.py" "$work"
