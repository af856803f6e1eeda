"""The Jupyter Server in the place of a busy kernel: whose it is, and who may have it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import HTTPClientError

from lms_jupyter.manager.identity import machine_mark
from lms_jupyter.manager.leases import LeaseBook
from lms_jupyter.server.socket import ELSEWHERE
from tests.hosts.fake import FakeHost
from tests.server.conftest import QWEN, Door, Listener

LOAD = {"kind": "load", "model_key": QWEN, "mode": "new", "join": True}
NOTEBOOK = "course/analysis.ipynb"


@pytest.fixture
def book(tmp_path: Path, extension: Any) -> LeaseBook:
    extension.switchboard.leases = LeaseBook(tmp_path / "leases")
    return extension.switchboard.leases


@pytest.fixture
def sessions(extension: Any) -> Any:
    return extension.serverapp.session_manager


@asynccontextmanager
async def running(sessions: Any) -> AsyncIterator[str]:
    """Run a real kernel of a notebook, as JupyterLab starts them; yields its name."""
    session = await sessions.create_session(
        path=NOTEBOOK, name="analysis.ipynb", type="notebook", kernel_name="python3"
    )
    yield session["kernel"]["id"]
    await sessions.delete_session(session["id"])


def station(kernel_id: str, host: FakeHost, **changed: str) -> str:
    """Return what the panel of a kernel says."""
    known = {"kernel": kernel_id, "machine": machine_mark(), "address": host.info.address}
    return "?" + urlencode({**known, **changed})


async def closed_with(page: Listener) -> int | None:
    """Wait until the server hangs up and return its reason."""
    async with asyncio.timeout(10):
        while await page.socket.read_message() is not None:
            pass
    return page.socket.close_code


async def test_what_is_loaded_for_a_kernel_is_that_kernels_own(
    door: Door, host: FakeHost, book: LeaseBook, sessions: Any
) -> None:
    async with running(sessions) as kernel_id:
        page = await door.listen(station(kernel_id, host))
        await page.connected()

        reply = await page.send(**LOAD, ttl_s=300)
        await page.sees(lambda a: a["instances"])

        assert reply["reply"]["kind"] == "accepted"
        assert host.owners == ["analysis.ipynb"]
        (lease,) = book.all()
        assert (lease.holder.kernel_id, lease.holder.notebook) == (kernel_id, NOTEBOOK)
        assert lease.loaded
        assert lease.ttl_s == 300


async def test_the_sidebar_beside_it_loads_in_its_own_name_and_claims_nothing(
    door: Door, host: FakeHost, book: LeaseBook, sessions: Any
) -> None:
    async with running(sessions) as kernel_id:
        panel, sidebar = await door.listen(station(kernel_id, host)), await door.listen()
        await panel.connected()
        await sidebar.connected()
        await panel.send(**LOAD)
        await sidebar.send(**LOAD)
        await sidebar.sees(lambda a: len(a["instances"]) == 2)

        assert host.owners == ["analysis.ipynb", "JupyterLab"]
        assert len(book.all()) == 1


@pytest.mark.parametrize(
    "changed", [{"machine": "another"}, {"kernel": "unknown"}, {"machine": "", "kernel": ""}]
)
async def test_a_kernel_of_another_machine_or_server_gets_no_stand_in(
    door: Door, host: FakeHost, sessions: Any, changed: dict[str, str]
) -> None:
    async with running(sessions) as kernel_id:
        page = await door.listen(station(kernel_id, host, **changed))

        assert await closed_with(page) == ELSEWHERE


async def test_a_command_for_another_host_is_not_begun(
    door: Door, host: FakeHost, book: LeaseBook, sessions: Any
) -> None:
    async with running(sessions) as kernel_id:
        page = await door.listen(station(kernel_id, host, address="127.0.0.1:1"))
        await page.connected()

        reply = await page.send(**LOAD)

        assert reply["reply"]["problem"]["code"] == "elsewhere"
        assert host.requests == []
        assert book.all() == ()


async def test_a_click_that_comes_twice_is_carried_out_once(
    door: Door, host: FakeHost, book: LeaseBook, sessions: Any
) -> None:
    async with running(sessions) as kernel_id:
        assert book.all() == ()
        page = await door.listen(station(kernel_id, host))
        await page.connected()
        message = json.dumps({"rid": "the-click", "command": LOAD})

        for _ in range(2):
            await page.socket.write_message(message)
            await page.until(lambda m: m.get("rid") == "the-click")
        await page.sees(lambda a: a["instances"] and not a["loads"])

        assert len(host.requests) == 1


async def test_who_may_not_come_in_may_not_stand_in(door: Door, host: FakeHost) -> None:
    with pytest.raises(HTTPClientError, match="403"):
        await door.knock(station("any", host), headers={})
