"""Prints the JSON Schema of the protocol; the TypeScript types are generated from it.

python -m lms_jupyter.protocol.schema
"""

import inspect
import sys
from typing import Any

import msgspec

from lms_jupyter.protocol.commands import (
    Command,
    DownloadModel,
    Envelope,
    EstimateLoad,
    PinInstance,
    ReloadInstance,
    SetTtl,
    UnloadInstance,
)
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import LoadConfig
from lms_jupyter.protocol.replies import Reply
from lms_jupyter.protocol.slices import Slice

LEAN = {
    struct.__name__
    for struct in (
        DownloadModel,
        EstimateLoad,
        LoadConfig,
        LoadRequest,
        UnloadInstance,
        SetTtl,
        ReloadInstance,
        PinInstance,
    )
}
"""The structs that leave defaults out of what they write."""

ROOTS = {"Slice": Slice, "Command": Command, "Reply": Reply, "Envelope": Envelope}


def schema() -> dict[str, Any]:
    """Return one JSON Schema whose definitions are every struct of the protocol.

    msgspec calls a field with a default optional although it always writes it: such a field is
    required here, unless its struct leaves defaults out.
    """
    outlines, definitions = msgspec.json.schema_components(
        tuple(ROOTS.values()), ref_template="#/definitions/{name}"
    )
    for definition in definitions.values():
        properties = definition.get("properties", {})
        if definition.get("title") not in LEAN:
            definition["required"] = list(properties)
        definition["additionalProperties"] = False
        definition["description"] = inspect.cleandoc(definition["description"])
        for name, field in properties.items():
            field.pop("default", None)
            if name == "kind" and len(field.get("enum", ())) == 1:
                field["description"] = "Tells the members of a union apart."
    roots = dict(zip(ROOTS, outlines, strict=True))
    named = {name: outline for name, outline in roots.items() if name not in definitions}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Protocol",
        "type": "object",
        "properties": {name: {"$ref": f"#/definitions/{name}"} for name in roots},
        "required": list(roots),
        "additionalProperties": False,
        "definitions": {**definitions, **named},
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(schema()), indent=2) + b"\n")
