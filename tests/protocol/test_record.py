import copy
import dataclasses
import pickle
import pprint

import msgspec
import pandas as pd
import pytest

from lms_jupyter.api.tables import RichOutput, Table
from lms_jupyter.protocol.models import Difference, Instance, Model

QWEN = Model(
    model_key="qwen3-4b",
    kind="llm",
    display_name="Qwen",
    path="a/b/c.gguf",
    size_bytes=3,
    max_context_length=512,
)
CHAT = Instance(
    identifier="chat", instance_reference="r", model_key="qwen3-4b", kind="llm",
    display_name="Qwen", path="a/b/c.gguf", size_bytes=3, context_length=512,
    max_context_length=512, users=("a", "b"),
    differences=(Difference(setting="parallel", asked=4, effective=1),),
)  # fmt: skip


@pytest.mark.parametrize("row", [QWEN, CHAT], ids=["model", "instance"])
def test_a_data_frame_of_rows_has_one_column_for_each_field(row: Model | Instance) -> None:
    table = Table([row, row], lambda _: RichOutput(""))

    for frame in (
        pd.DataFrame(table),
        pd.DataFrame(list(table)),
        pd.DataFrame.from_records([dataclasses.asdict(one) for one in table]),
    ):
        assert tuple(frame.columns) == row.__struct_fields__
        assert list(frame["model_key"]) == ["qwen3-4b"] * 2
        assert list(frame["size_bytes"]) == [3, 3]
    assert pd.DataFrame(table)["size_bytes"].dtype == "int64"


def test_a_frame_of_nothing_is_empty() -> None:
    assert pd.DataFrame(Table([], lambda _: RichOutput(""))).empty


@pytest.mark.parametrize("row", [QWEN, CHAT], ids=["model", "instance"])
def test_a_record_stays_the_struct_that_it_is(row: Model | Instance) -> None:
    assert msgspec.convert(msgspec.to_builtins(row), type(row)) == row
    assert msgspec.json.decode(msgspec.json.encode(row), type=type(row)) == row
    assert pickle.loads(pickle.dumps(row)) == row  # noqa: S301 - it was written a moment ago
    assert copy.deepcopy(row) == row
    assert dataclasses.replace(row, size_bytes=4) == msgspec.structs.replace(row, size_bytes=4)
    assert pprint.pformat(row).startswith(type(row).__name__)
    assert repr(row).startswith(type(row).__name__)
    assert hash(row) == hash(copy.copy(row))
