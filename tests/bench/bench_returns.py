"""How soon a host that came back is used and seen. Run: `python -m tests.bench returns`.

That nothing waits for a moment to come is tested in `tests/manager/test_restarts.py`; here are the
seconds that it takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from statistics import median

from lms_jupyter.api import views
from lms_jupyter.api.session import Session
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.manager.watch import watch
from lms_jupyter.protocol.commands import Attend
from tests.bench.figure import Figure
from tests.hosts.restarts import restart, stop
from tests.hosts.studio import Studio
from tests.manager.test_restarts import KEY, is_true
from tests.manager.test_watch import until

TURNS = 10
GONE_S = 3.0
VERB_S, PANEL_S = 1.0, 1.5


def figures() -> Iterator[Figure]:
    """Measure the first verb after a return, and a panel that is looked at meanwhile."""
    yield from _figures("first `%lms ps` after a return", _verbs(), VERB_S)
    for gone_s in (0.0, GONE_S):
        times = asyncio.run(_panel(gone_s))
        yield from _figures(f"the panel, after {gone_s:g} s without a host", times, PANEL_S)


def _figures(what: str, times: list[float], limit_s: float) -> Iterator[Figure]:
    yield Figure(f"{what}, median", median(times), "s")
    yield Figure("  the worst", max(times), "s", at_most=limit_s)


def _verbs() -> list[float]:
    taken = []
    with Studio() as studio:
        local = LocalManager(Manager(host=studio.address))
        session = Session(local)
        session.run(views.instances(local.manager))
        for _ in range(TURNS):
            restart(studio)
            began = time.perf_counter()
            session.run(views.instances(local.manager))
            taken.append(time.perf_counter() - began)
        local.close()
    return taken


async def _panel(gone_s: float) -> list[float]:
    taken = []
    with Studio() as studio:
        manager = Manager(host=studio.address)
        manager.spawn(watch(manager))
        await until(manager, lambda a: a.host.link == "connected")
        await run(Attend(viewer="tab", visible=True), manager)
        for number in range(TURNS):
            await asyncio.to_thread(stop, studio)
            await asyncio.sleep(gone_s)
            name = f"after-{number}"
            studio.memory[name] = studio._instance(KEY, name, 4096, None)
            await asyncio.to_thread(studio.__enter__)
            began = time.perf_counter()
            await until(manager, lambda a, name=name: is_true(a, name))  # type: ignore[misc]
            taken.append(time.perf_counter() - began)
        await manager.close()
    return taken
