"""Reads every row of an unpacked archive, by its CSVW metadata alone, and prints them as JSON.

Fails where a row does not fit the metadata: a type, a key that is there twice, a reference to nothing.
"""

import json
import sys

import csvw

archive = csvw.CSVW(sys.argv[1] + "/csv-metadata.json", validate=True)
if not archive.is_valid:
    sys.exit("\n".join(str(warning.message) for warning in archive.warnings))
tables = {}
for table in archive.tables:
    rows = tables.setdefault(table.common_props["dc:title"], [])
    for row in table:
        escaped = row.pop("escapedCells") or []
        values = {}
        for name, value in row.items():
            if name in escaped:
                value = value[1:]
            values[name] = value.isoformat() if hasattr(value, "isoformat") else value
        rows.append(values)
json.dump(tables, sys.stdout, default=str)
