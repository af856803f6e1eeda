"""Devices whose clocks differ: what they tell is in the gateway's time."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest

from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.node import Node

HOUR_MS = 3_600_000


def told(now_ms: int, used_ms: int) -> dict[str, Any]:
    instance = {
        "type": "llm",
        "identifier": "chat",
        "instanceReference": "ref",
        "lastUsedTime": used_ms,
    }
    load = {"loadId": "1", "identifier": "next", "startedAt": now_ms - 2000}
    return {"now": now_ms, "instances": [instance], "loads": [load], "memory": {}}


@pytest.mark.parametrize("ahead_ms", [-HOUR_MS, 0, HOUR_MS])
def test_what_a_device_says_of_times_is_moved_to_the_gateways_clock(ahead_ms: int) -> None:
    device = Device(
        cast("Any", None), Node(device="a", name="a"), lambda *_, **__: None, lambda *_: None
    )
    here_ms = round(time.time() * 1000)
    there_ms = here_ms + ahead_ms

    device._hear(told(there_ms, there_ms - 5000))

    assert device.instances[0]["lastUsedTime"] == pytest.approx(here_ms - 5000, abs=500)
    assert device.loads[0]["startedAt"] == pytest.approx(here_ms - 2000, abs=500)


def test_an_account_that_is_older_than_the_last_one_is_left_aside() -> None:
    device = Device(
        cast("Any", None), Node(device="a", name="a"), lambda *_, **__: None, lambda *_: None
    )
    device._hear(told(2000, 0))

    device._hear({"now": 1000, "instances": [], "loads": [], "memory": {}})

    assert [one["identifier"] for one in device.instances] == ["chat"]
