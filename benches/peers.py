"""What others make of the same data: one measurement per process.

`python peers.py`, with a task as JSON on stdin. Answers one line of JSON on stdout:
`{"seconds": …, "rows": …, "bytes": …, "peak_bytes": …, "check": …}`. What is checked afterwards is
outside of the time and of the peak memory.
"""

import glob
import hashlib
import json
import os
import re
import sys
import time

# As our own writer has them.
LEVEL = 3
ROW_GROUP_ROWS = 256 * 1024


def peak_bytes():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def written_bytes(folder):
    files = glob.glob(f"{folder}/**/*.parquet", recursive=True)
    return sum(os.path.getsize(file) for file in files)


def check_of(table):
    """The sums of the numbers, and a hash of everything else, whatever the order of the rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sums, texts = [], []
    for column in table.columns:
        kind = column.type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            sums.append(pc.sum(column.cast(pa.float64())).as_py() or 0.0)
        else:
            shown = column.cast(pa.string()).to_pylist()
            texts.append(["∅" if text is None else text for text in shown])
    hashed = hashlib.sha256()
    if texts:
        for row in sorted("|".join(row) for row in zip(*texts)):
            hashed.update(row.encode() + b"\n")
    return {"texts": hashed.hexdigest(), "sums": sums}


def connect(task):
    import duckdb

    duck = duckdb.connect()
    duck.execute(f"set threads = {task['threads']}")
    duck.execute(f"set memory_limit = '{task['memory_bytes'] // 2**20}MiB'")
    duck.execute(f"set temp_directory = '{task['out']}/spilled'")
    duck.execute("set timezone = 'UTC'")
    # It would be drawn on stdout.
    duck.execute("set enable_progress_bar = false")
    return duck


def literals(files):
    return "[" + ", ".join("'" + file.replace("'", "''") + "'" for file in files) + "]"


def show(duck, tables):
    """A view for each table over exactly its files."""
    for name, files in tables.items():
        duck.execute(f"create schema if not exists {name.split('.')[0]}")
        if files:
            # Our partitions are folders, `_period=2026-09/`.
            hive = str("=" in os.path.basename(os.path.dirname(files[0]))).lower()
            duck.execute(
                f"create view {name} as select * from read_parquet({literals(files)}, "
                f"hive_partitioning = {hive}, hive_types_autocast = false)"
            )


def verdict(task):
    """What the files that were written hold, asked in the same words everywhere."""
    duck = connect(task)
    show(duck, {task["table"]: glob.glob(f"{task['out']}/**/*.parquet", recursive=True)})
    return check_of(duck.sql(task["check"]).to_arrow_table())


def landed(task, seconds, rows):
    peak = peak_bytes()
    return {
        "seconds": seconds,
        "rows": rows,
        "bytes": written_bytes(task["out"]),
        "peak_bytes": peak,
        "check": verdict(task),
    }


def text(task):
    """DuckDB reads text in the types of the contract and writes Parquet."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in task["columns"])
    if task["format"] == "csv":
        read = f"read_csv({literals(task['files'])}, header = true, columns = {{{columns}}})"
    else:
        read = (
            f"read_json({literals(task['files'])}, format = 'newline_delimited', "
            f"columns = {{{columns}}})"
        )
    duck = connect(task)
    duck.execute("set preserve_insertion_order = false")
    start = time.perf_counter()
    copied = duck.execute(
        f"copy (select * from {read}) to '{task['out']}/rows.parquet' "
        f"(format parquet, compression zstd, compression_level {LEVEL})"
    )
    rows = copied.fetchone()[0]
    seconds = time.perf_counter() - start
    duck.close()
    return landed(task, seconds, rows)


def in_memory(task):
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pa.concat_tables(pq.read_table(file, partitioning=None) for file in task["files"])


def deltalake(task):
    """Arrow in memory → a Delta table by the Delta library for Python."""
    from deltalake import WriterProperties, write_deltalake

    table = in_memory(task)
    properties = WriterProperties(
        compression="ZSTD", compression_level=LEVEL, max_row_group_size=ROW_GROUP_ROWS
    )
    start = time.perf_counter()
    write_deltalake(f"{task['out']}/table", table, writer_properties=properties)
    return landed(task, time.perf_counter() - start, table.num_rows)


def pyarrow(task):
    """Arrow in memory → one Parquet file by one thread, without a log."""
    import pyarrow.parquet as pq

    table = in_memory(task)
    start = time.perf_counter()
    pq.write_table(
        table,
        f"{task['out']}/rows.parquet",
        compression="zstd",
        compression_level=LEVEL,
        row_group_size=ROW_GROUP_ROWS,
    )
    return landed(task, time.perf_counter() - start, table.num_rows)


def query(task):
    """A query of DuckDB: once to warm up, once measured, as ours."""
    import pyarrow  # noqa: F401 - so that no import is measured

    duck = connect(task)
    show(duck, task["tables"])
    duck.sql(task["sql"]).to_arrow_table()
    start = time.perf_counter()
    answer = duck.sql(task["sql"]).to_arrow_table()
    seconds = time.perf_counter() - start
    peak = peak_bytes()
    return {
        "seconds": seconds,
        "rows": answer.num_rows,
        "bytes": answer.nbytes,
        "peak_bytes": peak,
        "check": check_of(answer),
    }


# The words of our SQL for which DuckDB has others.
TRANSLATED = [(re.compile(r"cast\(([a-z_.]+_at) as bigint\)"), r"epoch_us(\1)")]


def transform(task):
    """The SQL files over the same inputs, each select → one Parquet file."""
    duck = connect(task)
    duck.execute("set preserve_insertion_order = false")
    # The types that it names are those that the column has.
    duck.execute("create macro arrow_cast(value, kind) as value")
    show(duck, task["tables"])
    steps = []
    for step in task["steps"]:
        sql = step["sql"].replace("$run_at", f"timestamptz '{task['run_at']}'")
        for pattern, replacement in TRANSLATED:
            sql = pattern.sub(replacement, sql)
        file = f"{task['out']}/{step['dataset']}.parquet"
        start = time.perf_counter()
        try:
            copied = duck.execute(
                f"copy (\n{sql}\n) to '{file}' (format parquet, compression zstd, "
                f"compression_level {LEVEL})"
            )
            rows = copied.fetchone()[0]
        except Exception as error:
            reason = str(error).strip().splitlines()[0]
            steps.append({"dataset": step["dataset"], "refused": reason})
            continue
        seconds = time.perf_counter() - start
        steps.append({"dataset": step["dataset"], "seconds": seconds, "rows": rows})
    return {
        "seconds": sum(step.get("seconds", 0.0) for step in steps),
        "bytes": written_bytes(task["out"]),
        "peak_bytes": peak_bytes(),
        "steps": steps,
    }


def versions(_):
    from importlib.metadata import version

    names = ["duckdb", "deltalake", "pyarrow", "tpchgen-cli"]
    found = [f"{name} {version(name)}" for name in names]
    return {"versions": [f"Python {sys.version.split()[0]}", *found]}


TASKS = {
    "text": text,
    "deltalake": deltalake,
    "pyarrow": pyarrow,
    "query": query,
    "transform": transform,
    "versions": versions,
}

if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps(TASKS[asked["task"]](asked)))
