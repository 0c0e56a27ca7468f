#!/usr/bin/env bash
# Submits a file and keeps the receipt: submit.sh DATASET FILE AGENCY PERIOD KEY
#
# Needs curl, DTM_URL and DTM_TOKEN. Ends with 0 when the receipt is kept, with 1 when the data was
# refused (what is wrong is printed), and with 3 when the server could not be reached in five tries.
set -euo pipefail

dataset=${1:?usage: submit.sh DATASET FILE AGENCY PERIOD KEY}
file=${2:?no file}
agency=${3:?no agency}
period=${4:?no period}
key=${5:?no key}

case $file in
    *.csv) type=text/csv ;;
    *.tsv) type=text/tab-separated-values ;;
    *.ndjson) type=application/x-ndjson ;;
    *.parquet) type=application/vnd.apache.parquet ;;
    *.xlsx) type=application/vnd.openxmlformats-officedocument.spreadsheetml.sheet ;;
    *.ods) type=application/vnd.oasis.opendocument.spreadsheet ;;
    *) echo "error: $file: the name does not say the format" >&2 && exit 2 ;;
esac

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
asked=0
for wait in 0 1 2 4 8; do
    # A server that is busy says when it expects to have room.
    sleep "$((asked > wait ? asked : wait))"
    told=$(curl --silent --show-error --output "$answer" \
        --write-out '%{http_code} %header{retry-after}' \
        --header "Authorization: Bearer ${DTM_TOKEN:?}" --header "Content-Type: $type" \
        --header "Idempotency-Key: $key" --upload-file "$file" --request POST \
        "${DTM_URL:?}/api/v1/datasets/$dataset/submissions?agency=$agency&period=$period") ||
        told=000
    read -r status asked _ <<<"$told 0"
    [[ $asked =~ ^[0-9]{1,2}$ ]] || asked=0
    case $status in
        200 | 201)
            cp "$answer" "receipt-$key.json"
            echo "receipt-$key.json"
            exit 0
            ;;
        # Not reached, asked to wait, or in trouble: the same key makes trying again safe.
        000 | 429 | 5*) echo "status $status, trying again" >&2 ;;
        *)
            cat "$answer" >&2
            exit 1
            ;;
    esac
done
exit 3
