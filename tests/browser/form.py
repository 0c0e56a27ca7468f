"""Fills in a form as a clerk does, in LibreOffice: opens it, types, saves.

    form.py PIPE FORM FOLDER

talks to the LibreOffice that listens on the pipe, and writes `good.xlsx`, `good.ods` and `bad.xlsx`.
"""

import pathlib
import sys

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.sheet.ValidationType import LIST

pipe, form, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
EXCEL, OPEN_DOCUMENT = "Calc MS Excel 2007 XML", "calc8"
ROWS = [
    ["H26", "accounts_total", "total", "1250", "số liệu của tháng 9"],
    ["H26", "accounts_vneid", "total", "640.5", ""],
]


def check(condition, message):
    if not condition:
        sys.exit(f"error: {message}")


def desktop():
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    remote = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
    return remote.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", remote)


def option(name, value):
    return PropertyValue(Name=name, Value=value)


office = desktop()
book = office.loadComponentFromURL(form.as_uri(), "_blank", 0, (option("Hidden", True),))
check(book is not None, f"LibreOffice does not open `{form}`")
sheet = book.Sheets.getByIndex(0)


def cell(column, row):
    return sheet.getCellByPosition(column, row)


labels = [cell(column, 0).String for column in range(len(ROWS[0]))]
check(labels[0] == "Mã cơ quan báo cáo", f"the labels are {labels}")
check(cell(0, 1).Validation.Type == LIST, "the agency has no drop-down")
check(cell(0, 0).Annotation.String != "", "the agency's label has no note")
hidden = [s.Name for s in map(book.Sheets.getByIndex, range(book.Sheets.Count)) if not s.IsVisible]
check("_dtm" in hidden, f"the hidden sheets are {hidden}")

for row, values in enumerate(ROWS, start=1):
    for column, value in enumerate(values):
        # As typed: by the country of the form, numbers become numbers and texts stay texts.
        cell(column, row).FormulaLocal = value


def save(name, kind):
    book.storeToURL((folder / name).as_uri(), (option("FilterName", kind),))


save("good.xlsx", EXCEL)
save("good.ods", OPEN_DOCUMENT)
cell(3, 2).String = "chưa có"
save("bad.xlsx", EXCEL)
book.close(True)
try:
    office.terminate()
except Exception as error:  # It may be gone before it has answered.
    print(f"LibreOffice ended: {error}", file=sys.stderr)
