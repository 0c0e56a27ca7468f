"""The shipped graph as dbt and SQLMesh build it on DuckDB: one measurement per process.

`python builders.py`, with a task as JSON on stdin, as `peers.py`. Both are given a database file
with a view for each received table, and models of the same text, and leave tables in that file.
"""

import json
import os
import re
import sys
import time

from peers import TRANSLATED, peak_bytes, show


# DuckDB has a catalog of the name.
SYSTEM = re.compile(r"\bsystem\.")
OWN = "own."


def model(task, sql):
    """The text of a transformation in DuckDB's words."""
    sql = SYSTEM.sub(OWN, sql)
    sql = sql.replace("$run_at", f"timestamptz '{task['run_at']}'")
    for pattern, replacement in TRANSLATED:
        sql = pattern.sub(replacement, sql)
    return sql


def prepare(task):
    """The database file, with what the models read and do not make themselves."""
    import duckdb

    database = f"{task['out']}/lake.duckdb"
    made = {step["dataset"] for step in task["steps"]}
    duck = duckdb.connect(database)
    # The types that it names are those that the column has.
    duck.execute("create macro arrow_cast(value, kind) as value")
    read = {name: files for name, files in task["tables"].items() if name not in made}
    show(duck, {SYSTEM.sub(OWN, name): files for name, files in read.items()})
    duck.close()
    return database


def settings(task):
    return {
        "threads": task["threads"],
        "memory_limit": f"{task['memory_bytes'] // 2**20}MiB",
        "temp_directory": f"{task['out']}/spilled",
        "TimeZone": "UTC",
        "preserve_insertion_order": False,
    }


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def counted(task, database):
    """The rows of every table that was built."""
    import duckdb

    duck = duckdb.connect(database, read_only=True)
    steps = []
    for step in task["steps"]:
        rows = duck.execute(f"select count(*) from {step['dataset']}").fetchone()[0]
        steps.append({"dataset": step["dataset"], "rows": rows})
    return steps


def answer(task, database, seconds):
    peak = peak_bytes()
    return {
        "seconds": seconds,
        "bytes": os.path.getsize(database),
        "peak_bytes": peak,
        "steps": counted(task, database),
    }


# The schema of a model is the one that it names, and not one below the target's.
SCHEMA = "{% macro generate_schema_name(name, node) %}{{ name }}{% endmacro %}\n"


def dbt(task):
    """`dbt run`: a table for each model."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    database = prepare(task)
    folder = f"{task['out']}/dbt"
    project = {
        "name": "dtm",
        "version": "1.0.0",
        "profile": "dtm",
        "models": {"+materialized": "table"},
        "flags": {"send_anonymous_usage_stats": False},
    }
    # Threads of dbt build models side by side; DuckDB's share of the machine is in its settings.
    target = {
        "type": "duckdb",
        "path": database,
        "threads": task["threads"],
        "settings": settings(task),
    }
    profiles = {"dtm": {"target": "bench", "outputs": {"bench": target}}}
    write(f"{folder}/dbt_project.yml", json.dumps(project))
    write(f"{folder}/profiles.yml", json.dumps(profiles))
    write(f"{folder}/macros/generate_schema_name.sql", SCHEMA)
    made = "|".join(re.escape(step["dataset"]) for step in task["steps"])
    for step in task["steps"]:
        schema, name = step["dataset"].split(".")
        sql = re.sub(
            rf"\b({made})\b",
            lambda found: "{{ ref('" + found.group(1).replace(".", "__") + "') }}",
            without_comments(model(task, step["sql"])),
        )
        config = f"{{{{ config(schema='{schema}', alias='{name}') }}}}\n"
        write(f"{folder}/models/{schema}/{schema}__{name}.sql", config + sql)
    arguments = ["run", "--project-dir", folder, "--profiles-dir", folder, "--quiet"]
    start = time.perf_counter()
    done = dbtRunner().invoke(arguments)
    seconds = time.perf_counter() - start
    if not done.success:
        raise SystemExit(f"dbt: {done.exception or done.result}")
    DuckDBConnectionManager.close_all_connections()
    return answer(task, database, seconds)


def without_comments(sql):
    return re.sub(r"--[^\n]*", "", sql)


def sqlmesh(task):
    """`sqlmesh plan` of a new environment, applied: a table for each model, and a view of it."""
    from sqlmesh import Context

    database = prepare(task)
    folder = f"{task['out']}/sqlmesh"
    connection = {"type": "duckdb", "database": database, "connector_config": settings(task)}
    config = {
        "gateways": {"bench": {"connection": connection}},
        "default_gateway": "bench",
        "model_defaults": {"dialect": "duckdb", "start": "2026-01-01"},
        "disable_anonymized_analytics": True,
    }
    write(f"{folder}/config.yaml", json.dumps(config))
    for step in task["steps"]:
        head = f"MODEL (name {step['dataset']}, kind FULL);\n\n"
        sql = head + without_comments(model(task, step["sql"]))
        write(f"{folder}/models/{step['dataset']}.sql", sql)
    start = time.perf_counter()
    context = Context(paths=folder)
    context.plan(auto_apply=True, no_prompts=True, skip_tests=True)
    seconds = time.perf_counter() - start
    context.close()
    return answer(task, database, seconds)


def versions(_):
    from importlib.metadata import version

    names = ["dbt-core", "dbt-duckdb", "sqlmesh", "duckdb"]
    return {"versions": [f"{name} {version(name)}" for name in names]}


TASKS = {"dbt": dbt, "sqlmesh": sqlmesh, "versions": versions}

if __name__ == "__main__":
    asked = json.load(sys.stdin)
    # What they tell people goes where it is not taken for the answer.
    told, said = os.dup(1), os.dup(2)
    os.dup2(said, 1)
    done = TASKS[asked["task"]](asked)
    sys.stdout.flush()
    os.dup2(told, 1)
    print(json.dumps(done))
