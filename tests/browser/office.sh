#!/usr/bin/env bash
# Workbooks as LibreOffice reads and writes them: a query result and a report of a running server
# are downloaded as XLSX, converted by `soffice --headless`, and compared with the server's CSV; the
# form of a dataset is filled in and checked by the server, which is told to land nothing of it.
#
#     tests/browser/office.sh http://127.0.0.1:8080 dtm-home/operator.token
#
# Needs LibreOffice Calc (Debian: libreoffice-calc-nogui, python3-uno), curl and Python 3.
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

# fill FORM FOLDER: typed into by `form.py`, which knows LibreOffice through a pipe
fill() {
    local pipe="dtm-form-$$" waited=600
    soffice -env:UserInstallation="file://$work/profile" --headless --norestore --nologo \
        --accept="pipe,name=$pipe;urp" >"$work/soffice.log" 2>&1 &
    until ls "${TMPDIR:-/tmp}"/OSL_PIPE_*"_$pipe" >/dev/null 2>&1; do
        [ $((waited--)) -gt 0 ] || fail "soffice does not listen: $(cat "$work/soffice.log")"
        sleep 0.1
    done
    # Debian's own Python has the module that LibreOffice comes with.
    /usr/bin/python3 "$here/form.py" "$pipe" "$1" "$2"
    wait
}

# dry_run FILE TYPE: rows that were received and would land, and the message of the first error
dry_run() {
    ask application/json "$work/checked.json" \
        "$url/api/v1/datasets/raw.indicators/submissions?period=$period&agency=H26&dry_run=true" \
        -H "Content-Type: $2" --data-binary "@$1"
    python3 -c 'import json, sys
found = json.load(open(sys.argv[1]))
first = found["errors"][:1]
print(found["rows"]["received"], found["rows"]["landed"], *(e["message"] for e in first))' \
        "$work/checked.json"
}

# expect FOUND WANTED
expect() {
    [[ "$1" == $2 ]] || fail "the filled form was answered \`$1\`, not \`$2\`"
}

ods='application/vnd.oasis.opendocument.spreadsheet'
ask '*/*' "$work/form.xlsx" "$url/api/v1/datasets/raw.indicators/template.xlsx"
fill "$work/form.xlsx" "$work"
expect "$(dry_run "$work/good.xlsx" "$xlsx")" "2 2"
expect "$(dry_run "$work/good.ods" "$ods")" "2 2"
expect "$(dry_run "$work/bad.xlsx" "$xlsx")" "2 1 cell D3:*"
printf 'workbooks and the form: as they should be\n'
