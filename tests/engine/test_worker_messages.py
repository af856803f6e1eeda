"""The order to a worker: both ends mean the same by it, and neither guesses."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from lms_jupyter.engine.worker.birth import UNREADABLE
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import (
    Order,
    Placement,
    Serving,
    Warm,
    read_order,
    read_report,
    write_order,
    write_report,
)

ORDER = Order(
    identifier="tutor \N{SEEDLING}",
    api_key="secret",
    file=os.fsdecode(b"/models/no utf-8: \xff.gguf"),
    mmproj=None,
    draft_file="/models/draft.gguf",
    size_bytes=2**40,
    embedding=False,
    placement=Placement(gpu_layers=3, devices=("CUDA1", "CUDA0"), tensor_split=(1, 0.5)),
    settings=LoadSettings(context_length=512, seed=2**70, prompt_template="\ud800"),
)


def test_an_order_arrives_as_it_was_sent_with_a_path_that_is_no_utf_8() -> None:
    line = write_order(ORDER)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert read_order(line) == ORDER


@pytest.mark.parametrize("field", ["file", "api_key", "settings", "placement"])
def test_an_order_without_a_field_is_none(field: str) -> None:
    plain = json.loads(write_order(ORDER))
    del plain[field]

    with pytest.raises(ValueError, match=f"lacks field '{field}'"):
        read_order(json.dumps(plain))


@pytest.mark.parametrize("field", ["context_length", "draft_mtp"])
def test_settings_without_a_field_are_none_though_it_has_a_default(field: str) -> None:
    plain = json.loads(write_order(ORDER))
    del plain["settings"][field]

    with pytest.raises(ValueError, match=f"lacks field '{field}'"):
        read_order(json.dumps(plain))


def test_a_field_that_nobody_knows_is_named_with_its_place() -> None:
    plain = json.loads(write_order(ORDER))

    with pytest.raises(ValueError, match="Order has an unknown field 'more'"):
        read_order(json.dumps(plain | {"more": 1}))
    with pytest.raises(ValueError, match="LoadSettings has an unknown field 'more'"):
        read_order(json.dumps(plain | {"settings": plain["settings"] | {"more": 1}}))


@pytest.mark.parametrize(
    "report", [Warm(), Serving(address="http://127.0.0.1:1", gpu=False, refused=("ui",))]
)
def test_a_report_arrives_as_it_was_sent(report: Warm | Serving) -> None:
    assert read_report(write_report(report).encode()) == report


def test_a_worker_says_what_is_wrong_with_its_order_and_ends() -> None:
    program = [sys.executable, "-m", "lms_jupyter.engine.worker.main", str(os.getpid()), "0"]
    line = json.dumps({"identifier": "x"}) + "\n"
    worker = subprocess.run(program, input=line, capture_output=True, text=True, check=False)

    assert worker.returncode == UNREADABLE
    assert worker.stdout == '{"kind": "warm"}\n'
    assert "E the order cannot be read: Order lacks field 'api_key'" in worker.stderr
