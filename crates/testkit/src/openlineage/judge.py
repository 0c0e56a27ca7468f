"""Judges events of OpenLineage, one JSON object a line on stdin, by the classes that the project
generates from its schemas; writes a line for each breach, and how many events it read.

Strictly: a field that the class does not know is refused, also where a schema lets others add some;
what is required must be there; types, UUIDs, times and enumerations must be right; each schema that is
named must be that of the class; and what the class writes must be what it read.
"""

import enum
import importlib
import importlib.util
import json
import pkgutil
import sys
import types
import typing
from urllib.parse import urlparse

# The package itself imports its transports, and what those need; the classes need none of it.
client = types.ModuleType("openlineage.client")
folder = importlib.util.find_spec("openlineage").submodule_search_locations
client.__path__ = [f"{place}/client" for place in folder]
sys.modules["openlineage.client"] = client

import attr  # noqa: E402
from dateutil import parser  # noqa: E402
from openlineage.client.generated import base  # noqa: E402
from openlineage.client.serde import Serde  # noqa: E402

# Facets whose name in an event does not follow from that of their class.
NAMES = {"DatasetVersionDatasetFacet": "version", "SQLJobFacet": "sql"}
EVENTS = {"RunEvent": base.RunEvent, "JobEvent": base.JobEvent, "DatasetEvent": base.DatasetEvent}


def facet_classes():
    """Every class of a facet, by the schema that it names."""
    import openlineage.client.generated as generated

    found = {}
    for module in pkgutil.iter_modules(generated.__path__):
        module = importlib.import_module(f"openlineage.client.generated.{module.name}")
        for name, one in vars(module).items():
            if isinstance(one, type) and issubclass(one, base.BaseFacet) and name.endswith("Facet"):
                found[one._get_schema()] = one
    return found


FACETS = facet_classes()


class Breach(Exception):
    pass


def key_of(one):
    """The name under which a facet of that class stands in an event."""
    name = one.__name__
    for ending in ("OutputDatasetFacet", "InputDatasetFacet", "DatasetFacet", "RunFacet", "JobFacet"):
        if name.endswith(ending):
            short = name[: -len(ending)]
            return NAMES.get(name, short[:1].lower() + short[1:])
    return name


def facet(key, value, kind, place):
    if not isinstance(value, dict):
        raise Breach(f"{place} is no object")
    found = FACETS.get(value.get("_schemaURL"))
    if found is None:
        raise Breach(f"{place} names a schema that is none: {value.get('_schemaURL')}")
    if not issubclass(found, kind):
        raise Breach(f"{place}: a {found.__name__} is no {kind.__name__}")
    if key_of(found) != key:
        raise Breach(f"{place}: a {found.__name__} stands under `{key_of(found)}`")
    return made(found, value, place)


def valued(hint, value, place):
    """The value as the type has it."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            raise Breach(f"{place} is null")
        inner = [one for one in typing.get_args(hint) if one is not type(None)]
        return valued(inner[0], value, place)
    if origin is list:
        if not isinstance(value, list):
            raise Breach(f"{place} is no list")
        of = typing.get_args(hint)[0]
        return [valued(of, one, f"{place}[{at}]") for at, one in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise Breach(f"{place} is no object")
        of = typing.get_args(hint)[1]
        if isinstance(of, type) and issubclass(of, base.BaseFacet):
            return {key: facet(key, one, of, f"{place}.{key}") for key, one in value.items()}
        return {key: valued(of, one, f"{place}.{key}") for key, one in value.items()}
    if hint is typing.Any:
        return value
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        try:
            return hint(value)
        except ValueError as error:
            raise Breach(f"{place}: {error}") from error
    if attr.has(hint):
        return made(hint, value, place)
    if type(value) is not hint:
        raise Breach(f"{place} is a {type(value).__name__} and no {hint.__name__}")
    return value


def made(kind, value, place):
    """An object of that class, of every field that stands there."""
    if not isinstance(value, dict):
        raise Breach(f"{place} is no object")
    fields = {field.name: field for field in attr.fields(kind)}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise Breach(f"{place}: a {kind.__name__} has no `{'`, `'.join(unknown)}`")
    must = [name for name, of in fields.items() if of.init and of.default is attr.NOTHING]
    if issubclass(kind, base.BaseFacet):
        must += ["_producer", "_schemaURL"]
    if issubclass(kind, base.BaseEvent):
        must += ["producer", "schemaURL"]
    lacking = sorted(set(must) - set(value))
    if lacking:
        raise Breach(f"{place}: a {kind.__name__} needs `{'`, `'.join(lacking)}`")
    hints = typing.get_type_hints(kind)
    words = {}
    for name, one in value.items():
        one = valued(hints[name], one, f"{place}.{name}")
        if name in ("producer", "_producer", "schemaURL", "_schemaURL") and not urlparse(one).scheme:
            raise Breach(f"{place}.{name} is no URI: {one}")
        if fields[name].init:
            words[fields[name].alias] = one
    try:
        return kind(**words)
    except Exception as error:
        raise Breach(f"{place}: {error}") from error


def whole(value):
    """Without what is empty, which a class writes for what was not said."""
    if isinstance(value, dict):
        kept = {key: whole(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one is not None and one != {} and one != []}
    if isinstance(value, list):
        return [whole(one) for one in value]
    return value


def judge(event):
    kind = EVENTS.get(str(event.get("schemaURL")).rsplit("/", 1)[-1])
    if kind is None:
        raise Breach(f"the event names a schema that is none: {event.get('schemaURL')}")
    built = made(kind, event, kind.__name__)
    if parser.isoparse(event["eventTime"]).tzinfo is None:
        raise Breach(f"the time has no zone: {event['eventTime']}")
    again = whole(Serde.to_dict(built))
    if again != whole(event):
        raise Breach(f"it comes back otherwise: {json.dumps(again, sort_keys=True)}")


count = 0
for line in sys.stdin:
    count += 1
    try:
        judge(json.loads(line))
    except Breach as breach:
        print(f"{count}: {breach}")
print(f"judged {count}")
