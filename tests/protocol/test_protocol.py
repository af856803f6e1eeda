import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from lms_jupyter.protocol.commands import Command, Envelope, UnloadInstance
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import HostInfo, LoadConfig
from lms_jupyter.protocol.replies import Reply
from lms_jupyter.protocol.schema import schema
from lms_jupyter.protocol.slices import Activity, Catalog, Slice
from tests.hosts.fake import fake_model

SAMPLES = sorted((Path(__file__).parents[1] / "wire_samples").glob("*.json"))


def test_there_are_samples() -> None:
    assert SAMPLES


KINDS: dict[str, Any] = {
    "activity": Slice,
    "catalog": Slice,
    "command": Command,
    "envelope": Envelope,
    "reply": Reply,
}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_that_the_front_end_tests_use_is_what_python_writes(path: Path) -> None:
    told = json.loads(path.read_text())

    read = msgspec.convert(told, KINDS[path.stem.partition("_")[0]], strict=True)

    assert json.loads(msgspec.json.encode(read)) == told


@pytest.mark.parametrize("command", get_args(Command))
def test_every_command_is_in_the_schema_with_its_kind(command: Any) -> None:
    definition = schema()["definitions"][command.__name__]

    assert definition["properties"]["kind"]["enum"] == [command.__struct_config__.tag]
    assert "kind" in definition["required"]


def test_fields_with_defaults_are_required_because_they_are_always_written() -> None:
    definitions = schema()["definitions"]

    assert "revision" in definitions["Activity"]["required"]
    assert definitions["LoadConfig"].get("required", []) == []


def test_a_command_travels_as_its_kind_and_its_fields() -> None:
    wire = msgspec.to_builtins(UnloadInstance(identifier="chat"))

    assert wire == {"kind": "unload", "identifier": "chat"}
    assert msgspec.convert(wire, Command) == UnloadInstance(identifier="chat")


def test_a_load_config_leaves_out_what_the_host_decides() -> None:
    command = LoadRequest(model_key="m", mode="new", config=LoadConfig(context_length=4096))

    assert msgspec.to_builtins(command)["config"] == {"context_length": 4096}


def test_slices_are_told_apart_by_their_kind() -> None:
    catalog = Catalog(epoch="e", models=(fake_model(),))
    activity = Activity(epoch="e", now=1.0, host=HostInfo(name="Fake", address="fake:0"))

    for slice_ in (catalog, activity):
        assert msgspec.json.decode(msgspec.json.encode(slice_), type=Slice) == slice_
