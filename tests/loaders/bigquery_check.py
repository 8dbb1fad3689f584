"""Check Singer messages with target-bigquery's schema translator; requires its environment.

Reads messages from stdin and writes a line of JSON: problems, and the type of each column.
"""

import json
import re
import sys
from collections import Counter
from datetime import date, datetime

from target_bigquery.core import SchemaResolverVersion, SchemaTranslator

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
INT64 = range(-(2**63), 2**63)


def fits(value, field):
    """Whether a load job accepts a value for a column."""
    if field.mode == "REPEATED":  # null becomes an empty array
        return (
            value is None
            or isinstance(value, list)
            and all(item is not None and fits_one(item, field) for item in value)
        )
    return value is None or fits_one(value, field)


def fits_one(value, field):
    kind = field.field_type.upper()
    if kind == "JSON":
        return True
    if kind == "RECORD":
        return isinstance(value, dict) and all(
            fits(value.get(inner.name), inner) for inner in field.fields
        )
    if kind == "STRING":
        return isinstance(value, str) or type(value) is int  # which a load job writes as text
    if kind == "INTEGER":
        return type(value) is int and value in INT64
    if kind == "FLOAT":
        return type(value) in {int, float}
    if kind == "BOOLEAN":
        return type(value) is bool
    try:
        if kind == "TIMESTAMP":
            return datetime.fromisoformat(value).utcoffset() is not None
        if kind == "DATE":
            return bool(date.fromisoformat(value))
    except ValueError:
        return False
    return kind == "TIME"


translators, problems, types, records = {}, [], {}, Counter()
for line in sys.stdin:
    message = json.loads(line)
    stream = message.get("stream")
    if message["type"] == "SCHEMA":
        translator = SchemaTranslator(message["schema"], {}, SchemaResolverVersion.V2)
        fields = {field.name: field for field in translator.translated_schema}
        translators[stream] = translator, fields
        types[stream] = {name: f"{f.mode} {f.field_type}".upper() for name, f in fields.items()}
        alike = Counter(name.lower() for name in fields)
        problems += [f"{stream}.{n}: no name for a column" for n in fields if not NAME.fullmatch(n)]
        problems += [
            f"{stream}.{n}: twice, but for case" for n, times in alike.items() if times > 1
        ]
    elif message["type"] == "RECORD":
        translator, fields = translators[stream]
        records[stream] += 1
        record = translator.translate_record(message["record"])
        problems += [
            f"{stream}.{name}: {type(value).__name__} does not fit {types[stream][name]}"
            for name, value in record.items()
            if not fits(value, fields[name])
        ]
print(json.dumps({"problems": sorted(set(problems)), "types": types, "records": records}))
