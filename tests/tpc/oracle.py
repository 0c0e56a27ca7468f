#!/usr/bin/env python3
"""Makes what the lineage of the TPC queries is compared with, by sqlglot, which is another's.

    python3 -m venv V && V/bin/pip install sqlglot==30.30.0
    V/bin/pip download --no-deps --no-binary :all: sqlglot==30.30.0 && tar xf sqlglot-30.30.0.tar.gz
    V/bin/python tests/tpc/oracle.py sqlglot-30.30.0

Writes tables.txt, queries.sql and oracle.txt beside itself. Without a folder it takes the queries
and tables that lie there, and writes oracle.txt alone.
"""

import importlib.util
import pathlib
import sys

import sqlglot
from sqlglot import exp
from sqlglot.lineage import to_node
from sqlglot.optimizer import build_scope, qualify
from sqlglot.schema import ensure_schema

HERE = pathlib.Path(__file__).parent
VERSION = "30.30.0"
# What the fixtures say otherwise than TPC does, or than DataFusion reads it.
DATES = {"d_date"}
WORDS = {"DEC(": "DECIMAL("}
SETS = (("h", "tpc-h", "TPCH_SCHEMA", 22), ("ds", "tpc-ds", "TPCDS_SCHEMA", 99))


def fetch(folder):
    """Queries and tables out of the fixtures of sqlglot's source distribution."""
    spec = importlib.util.spec_from_file_location("helpers", folder / "tests/helpers.py")
    helpers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helpers)
    tables, queries = [], []
    for name, file, schema, count in SETS:
        for table, columns in getattr(helpers, schema).items():
            for column, kind in columns.items():
                kind = "date" if column in DATES else kind
                tables.append(f"{name} {table} {column} {kind}\n")
        found = list(helpers.load_sql_fixture_pairs(f"optimizer/{file}/{file}.sql"))
        assert len(found) == count, f"{len(found)} queries of {file}, and there are {count}"
        for number, (_, sql, _) in enumerate(found, 1):
            lines = "\n".join(line.rstrip() for line in sql.strip().splitlines())
            for word, other in WORDS.items():
                lines = lines.replace(word, other)
            queries.append(f"-- {name} {number}\n{lines};\n")
    (HERE / "tables.txt").write_text("".join(tables))
    (HERE / "queries.sql").write_text("\n".join(queries))


def schemas():
    found = {name: {} for name, *_ in SETS}
    for line in (HERE / "tables.txt").read_text().splitlines():
        name, table, column, kind = line.split()
        found[name].setdefault(table, {})[column] = kind
    return {name: ensure_schema(tables) for name, tables in found.items()}


def queries():
    for part in (HERE / "queries.sql").read_text().split("-- ")[1:]:
        head, sql = part.split("\n", 1)
        name, number = head.split()
        yield name, int(number), sql.strip().removesuffix(";")


def sources(position, scope, schema):
    """The columns of tables at the end of every path from that column of the answer."""
    found = set()
    for node in to_node(position, scope, None, schema=schema, trim_selects=False).walk():
        if node.downstream:
            continue
        if isinstance(node.expression, exp.Table):
            found.add(f"{node.expression.name}.{node.name.rsplit('.', 1)[1]}")
        else:
            left = node.expression.find(exp.Column)
            assert left is None, f"sqlglot does not say where `{left}` is from"
    return sorted(found)


def main():
    assert sqlglot.__version__ == VERSION, f"sqlglot {sqlglot.__version__}, pinned is {VERSION}"
    if len(sys.argv) > 1:
        fetch(pathlib.Path(sys.argv[1]))
    known, lines = schemas(), []
    for name, number, sql in queries():
        schema = known[name]
        query = qualify.qualify(sqlglot.parse_one(sql), schema=schema, identify=False)
        scope = build_scope(query)
        for position in range(len(query.selects)):
            place = [name, str(number), str(position + 1), "<-"]
            answer = " ".join(place + sources(position, scope, schema))
            lines.append(answer + "\n")
    (HERE / "oracle.txt").write_text("".join(lines))


main()
