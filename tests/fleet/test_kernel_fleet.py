"""A notebook on a fleet: what `%lms` and the functions do with the replicas of a load."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.magics.kernels import Kernel, Ran

from .conftest import CHAT, Started, all_connected, asking, until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def kernel(gateway: Started, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    own = {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "XDG_STATE_HOME")}
    environment = {**os.environ, **own, "LMS_JUPYTER_HOST": gateway.address}
    asyncio.run(until(gateway, all_connected))
    with Kernel(environment, str(folder)) as kernel:
        assert run(kernel, "import lms_jupyter\n%load_ext lms_jupyter").error == ""
        yield kernel


@pytest.fixture
def pool(kernel: Kernel) -> Iterator[None]:
    run(kernel, f"%lms load {CHAT} -c 256 --identifier pool --replicas 2")
    yield
    run(kernel, "%lms unload --all")


def run(kernel: Kernel, cell: str) -> Ran:
    ran = kernel.run(cell)
    assert ran.error == "", ran.error_text
    return ran


def in_memory(gateway: Started) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]]:
        async with asking(gateway, "system") as raw:
            found: list[dict[str, Any]] = (await raw.call("getActivity"))["instances"]
            return found

    return sorted(asyncio.run(look()), key=lambda one: str(one["deviceIdentifier"]))


@pytest.mark.usefixtures("pool")
def test_the_name_of_replicas_means_all_of_them(kernel: Kernel, gateway: Started) -> None:
    assert [one["deviceIdentifier"] for one in in_memory(gateway)] == ["alpha", "beta"]

    assert "pool with its 2 replicas unloads when idle" in run(kernel, "%lms extend pool 9m").text
    assert "pool with its 2 replicas is pinned" in run(kernel, "%lms pin pool").text
    assert [(one["pinned"], one["ttlMs"]) for one in in_memory(gateway)] == [(True, 540_000)] * 2
    run(kernel, "%lms pin pool --off")
    assert [one["pinned"] for one in in_memory(gateway)] == [False] * 2

    assert run(kernel, "%lms unload pool").text.count("pool is unloaded.") == 2
    assert in_memory(gateway) == []


@pytest.mark.usefixtures("pool")
def test_one_replica_is_named_by_its_device(kernel: Kernel, gateway: Started) -> None:
    ran = kernel.run("%lms extend pool 9m --reload")
    assert ran.error == "CommandError"
    assert "There are 2 instances called 'pool': on " in ran.error_text

    run(kernel, "%lms unload pool --device beta")
    assert [one["deviceIdentifier"] for one in in_memory(gateway)] == ["alpha"]
    run(kernel, "lms_jupyter.unload('pool')")
    assert in_memory(gateway) == []


@pytest.mark.usefixtures("pool")
def test_a_function_ends_all_replicas_too(kernel: Kernel, gateway: Started) -> None:
    run(kernel, "lms_jupyter.extend('pool', 600)")
    assert [one["ttlMs"] for one in in_memory(gateway)] == [600_000] * 2
    run(kernel, "lms_jupyter.unload('pool')")
    assert in_memory(gateway) == []
