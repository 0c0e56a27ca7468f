"""Compares what LibreOffice read from workbooks with the CSV of the server."""

import csv
import datetime
import decimal
import pathlib
import re
import sys
import zipfile

work = pathlib.Path(sys.argv[1])


def office(book, sheet):
    """The cells of a sheet as (text, whether it is a text cell); texts alone are quoted."""
    path = work / "out" / f"{book}-{sheet}.csv"
    text = path.read_text(encoding="utf-8")
    rows, row, at = [], [], 0
    while at < len(text):
        if text[at] == '"':
            value, at = [], at + 1
            while text[at] != '"' or text[at : at + 2] == '""':
                value.append(text[at])
                at += 2 if text[at] == '"' else 1
            row.append(("".join(value), True))
            at += 1
        else:
            end = min(e for e in (text.find(",", at), text.find("\n", at), len(text)) if e >= 0)
            row.append((text[at:end], False))
            at = end
        if text[at : at + 1] != ",":
            rows.append(row)
            row = []
        at += 1
    return rows


def server(name):
    with open(work / name, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def civil(instant):
    """An instant of the CSV as the workbook shows it: civil time, whole seconds."""
    at = datetime.datetime.fromisoformat(instant.replace("Z", "+00:00"))
    at += datetime.timedelta(hours=7, microseconds=500_000)
    return at.strftime("%Y-%m-%d %H:%M:%S")


def check(condition, message):
    if not condition:
        sys.exit(f"error: {message}")


def same(place, found, expected, text, convert=str):
    shown, is_text = found
    if expected == "":
        check(shown == "", f"{place}: `{shown}` where there is nothing")
        return
    check(is_text == text, f"{place}: `{shown}` is {'a' if is_text else 'no'} text cell")
    check(shown == convert(expected), f"{place}: `{shown}` instead of `{convert(expected)}`")


def number_same(place, found, expected):
    shown, is_text = found
    check(not is_text, f"{place}: `{shown}` is a text cell")
    if shown == "" or expected == "":
        check(shown == expected, f"{place}: `{shown}` instead of `{expected}`")
        return
    number = decimal.Decimal(shown.replace(",", ""))
    check(number == decimal.Decimal(expected), f"{place}: `{shown}` instead of `{expected}`")


def frozen(book, head):
    """Every sheet stands still above its rows: the manifest under its labels, others under `head`."""
    with zipfile.ZipFile(work / f"{book}.xlsx") as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        sheets.sort(key=lambda name: int("".join(filter(str.isdigit, name))))
        panes = [re.findall("<pane [^>]*>", archive.read(name).decode("utf-8")) for name in sheets]
    check(len(panes) > 1, f"{book}: the archive has the sheets {sheets}")
    wanted = [head] * (len(panes) - 1) + [1]
    for name, pane, height in zip(sheets, panes, wanted):
        place = f"{book}, {name}: the panes are {pane}"
        check(len(pane) == 1 and 'state="frozen"' in pane[0], f"{place}, not one that is frozen")
        check(f' ySplit="{height}"' in pane[0], f"{place}, not {height} rows high")


def result():
    rows, expected = office("result", "rows"), server("result.csv")
    labels = expected[0]
    check([cell for cell, _ in rows[0]] == labels, f"labels {rows[0]} instead of {labels}")
    check(len(rows) == len(expected) and len(rows) > 100, f"{len(rows)} of {len(expected)} rows")
    texts = {"dossier_id", "procedure_code", "agency_code", "period", "padded", "formula",
             "minus", "at_sign", "big", "old_day"}
    for number, (row, wanted) in enumerate(zip(rows[1:], expected[1:]), start=2):
        for label, found, value in zip(labels, row, wanted):
            place = f"result, row {number}, column {label}"
            if label == "received_at":
                same(place, found, value, False, civil)
            elif label == "fee_paid_online":
                same(place, found, value, False, str.upper)
            elif label in texts or label == "new_day":
                same(place, found, value, label in texts)
            else:
                number_same(place, found, value)
    manifest = {row[0][0]: row[2][0] for row in office("result", "manifest")}
    check(manifest["rows"] == str(len(expected) - 1), f"the manifest says {manifest}")
    check(len(manifest["sql_sha256"]) == 64, f"the manifest says {manifest}")
    check(manifest["numbers_as_text"] == manifest["rows"], f"the manifest says {manifest}")


def report():
    expected = server("report.csv")
    rows = office("report", "Tiếp nhận và giải quyết")
    check(rows[0][0] == ("Tiếp nhận và giải quyết", True), f"the title is {rows[0]}")
    check([cell for cell, _ in rows[1]] == expected[0], f"labels {rows[1]}")
    check(len(rows) == len(expected) + 1 and len(expected) > 10, f"{len(rows)} rows")
    for number, (row, wanted) in enumerate(zip(rows[2:], expected[1:]), start=3):
        same(f"report, row {number}", row[0], wanted[0], True)
        for found, value in zip(row[1:], wanted[1:]):
            number_same(f"report, row {number}", found, value)
    sheets = sorted(path.name for path in (work / "out").glob("report-*.csv"))
    check(len(sheets) == 8, f"the report has the sheets {sheets}")
    manifest = office("report", "manifest")
    check(any(row[1][0] == "served.national_summary" for row in manifest), f"{manifest}")


result()
report()
frozen("result", 1)
frozen("report", 2)
print("LibreOffice reads the workbooks as the server wrote them")
