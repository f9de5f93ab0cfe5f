"""Prints, as JSON, what the published schema of an OCSF version says of some classes: a JSON Schema of each, and which
words of an enumeration stand beside which number. Arguments: the version, then `class[,profile]` for each."""

import json
import sys

from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema


def captions(attributes):
    return {
        name: {"sibling": attribute["sibling"], "captions": {k: v["caption"] for k, v in attribute["enum"].items()}}
        for name, attribute in attributes.items()
        if attribute.get("sibling") and attribute.get("enum")
    }


def described(published, name, profiles):
    return {
        "schema": OcsfJsonSchemaEmbedded(published).get_class_schema(name, profiles),
        "enumerations": captions(published["classes"][name]["attributes"]),
    }


version, *wanted = sys.argv[1:]
published = get_ocsf_schema(version=version)
classes = {}
for one in wanted:
    name, *profiles = one.split(",")
    classes[published["classes"][name]["uid"]] = described(published, name, profiles)
json.dump(classes, sys.stdout)
