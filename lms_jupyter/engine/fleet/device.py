"""One device of the fleet as the gateway knows it: told by its engine after every change."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, Final, Protocol

import aiohttp
import msgspec
from aiohttp import hdrs, web

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.fleet.errors import DeviceDisconnectedError, DeviceLostError, RelayedError
from lms_jupyter.engine.fleet.lines import CONNECT_S, Line, Lines
from lms_jupyter.engine.fleet.node import Node
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.routes import who
from lms_jupyter.engine.wire.frames import encode

BACK_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
"""How long to wait between attempts to reach a device."""
LIST_S: Final = 3.0
"""How long a list of models waits for a device; then what it said before has to do."""
SKEW_MS: Final = 250
"""By how much clocks may seem to differ from what is known without being read anew."""

_ACTIVITY: Final = frozenset(
    {
        "status",
        "queued",
        "memoryBytes",
        "gpuMemory",
        "pinned",
        "jit",
        "runtime",
        "tokensPerSecond",
        "owner",
        "user",
        "replica",
        "waiting",
    }
)
"""What an account of everything says of an instance beside what LM Studio's list says."""

logger = logging.getLogger(__name__)

Info = dict[str, Any]


class OnChange(Protocol):
    """Is told of a change."""

    def __call__(self, device: Device, *, in_memory: bool) -> None:
        """Take in whether more has changed there than how much memory is free."""


class Device:
    """A device: what it has in memory, and lines to its engine."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        node: Node,
        on_change: OnChange,
        on_lost: Callable[[Device, Iterable[str]], None],
        connect_s: float = CONNECT_S,
    ) -> None:
        self.node = node
        self.is_connected = False
        self.problem = node.problem
        self.instances: tuple[Info, ...] = ()
        """As `getActivity` writes them, with the device and in the gateway's time."""
        self.loads: tuple[Info, ...] = ()
        self.memory: Info = {}
        self.given: tuple[Info, ...] = ()
        """What has left there for other programs of late."""
        self._listed: dict[str, list[msgspec.Raw]] = {}
        self._by_reference: dict[str, Info] = {}
        self._by_identifier: dict[str, list[Info]] = {}
        self._models: tuple[Info, ...] = ()
        self._session = session
        self._lines = Lines(session, node, connect_s)
        self._on_change = on_change
        self._on_lost = on_lost
        self._account_ms = 0
        """When the last account was written, by the clock of the device."""
        self._skew_ms = 0
        self._failures = 0
        self._doubted: set[str] = set()
        self._has_account = False
        """Whether anything is known of its memory since it is connected."""
        self._watching: Line | None = None
        self._asked: Counter[str] = Counter()

    @property
    def device(self) -> str:
        """Its identifier."""
        return self.node.device

    @property
    def name(self) -> str:
        """What it is called."""
        return self.node.name

    def listed(self, domain: str) -> list[msgspec.Raw]:
        """Return its instances of a type as `listLoaded` writes them, written already."""
        if domain not in self._listed:
            self._listed[domain] = [
                msgspec.Raw(
                    encode(
                        {name: value for name, value in instance.items() if name not in _ACTIVITY}
                    )
                )
                for instance in self.instances
                if instance["type"] == domain
            ]
        return self._listed[domain]

    def with_reference(self, reference: str) -> Info | None:
        """Return the instance that has this reference."""
        return self._by_reference.get(reference)

    def called(self, identifier: str) -> list[Info]:
        """Return the instances that are called so."""
        return self._by_identifier.get(identifier, [])

    @contextmanager
    def asked(self, identifier: str) -> Iterator[None]:
        """Count a request that goes there, which its engine has yet to tell."""
        self._asked[identifier] += 1
        try:
            yield
        finally:
            self._asked[identifier] -= 1
            self._asked += Counter()  # forgets who is asked nothing any more

    def busyness(self, info: Info) -> tuple[int, int]:
        """Say how much an instance there has to do: what we have asked it, then what waits."""
        return self._asked[info["identifier"]], int(info.get("queued", 0))

    @asynccontextmanager
    async def line(self, namespace: str) -> AsyncIterator[Line]:
        """Lend a line.

        Raises:
            DeviceDisconnectedError: The device is not there.
        """
        if not self.is_connected:
            raise DeviceDisconnectedError(self.name, self.problem)
        async with self._lines.line(namespace) as line:
            yield line

    async def call(self, namespace: str, endpoint: str, parameter: Any = None) -> Any:
        """Make one call."""
        async with self.line(namespace) as line:
            return await line.call(endpoint, parameter)

    @asynccontextmanager
    async def request(self, request: web.Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Pass a request over HTTP on.

        Raises:
            DeviceDisconnectedError: The device is not there.
            aiohttp.ClientError: It went away.
        """
        if not self.is_connected:
            raise DeviceDisconnectedError(self.name, self.problem)
        headers = self._lines.headers | {hdrs.CONTENT_TYPE: "application/json"}
        user = who.as_entry(using.get())
        if user is not None:
            headers[who.HEADER] = msgspec.json.encode(user).decode()
        url, body = self._lines.url(request.path), await request.read()
        async with self._session.request(
            request.method, url, data=body, headers=headers, timeout=aiohttp.ClientTimeout()
        ) as answer:
            yield answer

    async def listed_at(self, path: str) -> dict[str, Any]:
        """Return the list of models at a path."""
        patience = aiohttp.ClientTimeout(total=LIST_S)
        url, headers = self._lines.url(path), self._lines.headers
        async with self._session.get(url, headers=headers, timeout=patience) as answer:
            listed: dict[str, Any] = await answer.json()
            return listed

    async def models(self) -> tuple[Info, ...]:
        """Return what it has downloaded, as it says now or, if that takes too long, as it said."""
        if self.is_connected:
            try:
                async with asyncio.timeout(LIST_S):
                    models = await self.call("system", "listDownloadedModels")
            except (TimeoutError, EngineError):
                return self._models
            self._models = tuple(self.placed(model) for model in models)
        return self._models

    async def refresh(self) -> None:
        """Hear at once what is in memory, since we have just changed it."""
        try:
            self._hear(await self.call("system", "getActivity"))
        except EngineError:
            return  # the watch says so

    async def doubt(self) -> None:
        """Count on nothing in memory there until it is heard of anew: a line was lost."""
        self._doubted |= self._by_reference.keys()
        self._hold(())
        if self._watching is not None:
            await self._watching.socket.close()

    def placed(self, info: Mapping[str, Any]) -> Info:
        """Return what is said of a model or an instance there, in the gateway's words."""
        used = info.get("lastUsedTime")
        placed = {**info, "deviceIdentifier": self.device}
        if isinstance(used, int):
            placed["lastUsedTime"] = used + self._skew_ms
        return placed

    async def run(self) -> None:
        """Watch the device until cancelled; come back to it when it has gone."""
        while True:
            try:
                await self._watch()
            except RelayedError as error:
                self.problem = error.title
            except DeviceLostError:
                if not self.is_connected:
                    self.problem = f"Nothing answers at {self.node.address}."
            self._failures += 1
            if self.is_connected and self._failures == 1:
                continue  # it may have been the line alone
            self._go()
            await self._lines.close()
            wait_s = BACK_S[min(self._failures, len(BACK_S)) - 1]
            await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 - no secret

    async def close(self) -> None:
        """End all lines."""
        self._go()
        await self._lines.close()

    async def _watch(self) -> None:
        """Hear what happens until the line is lost."""
        self._account_ms = 0
        if not self.is_connected:
            await self._lines.greet()
        async with (
            self._lines.line("system") as line,
            aclosing(line.packets("watchActivity")) as packets,
        ):
            self._watching = line
            async for packet in packets:
                if not self.is_connected:
                    logger.info("the device %s is connected", self.name)
                self.is_connected, self.problem, self._failures = True, "", 0
                self._hear(msgspec.json.decode(packet))

    def _hear(self, activity: Mapping[str, Any]) -> None:
        """Take in an account; one that is older than the last one is left aside."""
        now_ms = int(activity["now"])
        if now_ms < self._account_ms:
            return
        self._account_ms = now_ms
        skew_ms = round(time.time() * 1000) - now_ms
        if abs(skew_ms - self._skew_ms) > SKEW_MS:
            self._skew_ms = skew_ms
        before = self._account()
        self._has_account = True
        self._doubted.clear()
        self._hold(tuple(self.placed(instance) for instance in activity["instances"]))
        self.loads = tuple(
            {
                **load,
                "startedAt": load["startedAt"] + self._skew_ms,
                "deviceIdentifier": self.device,
            }
            for load in activity["loads"]
        )
        self.given = tuple(
            {**departure, "at": departure["at"] + self._skew_ms}
            for departure in activity.get("gaveWay") or ()
        )
        self.memory = dict(activity["memory"])
        self._on_change(self, in_memory=self._account() != before)

    def _account(self) -> tuple[object, ...]:
        return self._has_account, self.instances, self.loads, self.given

    def _hold(self, instances: tuple[Info, ...]) -> None:
        self.instances = instances
        self._listed = {}
        self._by_reference = {instance["instanceReference"]: instance for instance in instances}
        self._by_identifier = {}
        for instance in instances:
            self._by_identifier.setdefault(instance["identifier"], []).append(instance)

    def _go(self) -> None:
        """Have nothing in memory any more, as far as can be known."""
        if not self.is_connected:
            return
        self.is_connected = False
        logger.warning("the device %s is gone, and with it what it had in memory", self.name)
        self._on_lost(self, (*self._by_reference, *self._doubted))
        self._doubted.clear()
        self._hold(())
        self.loads, self.memory = (), {}
        self._has_account = False
        self._on_change(self, in_memory=True)
