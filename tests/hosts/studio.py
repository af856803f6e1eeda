"""A small LM Studio: speaks its protocol over real sockets, with the habits that a test asks for.

It serves from a thread of its own, so that kernels in other processes can talk to it.
"""

import asyncio
import itertools
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.hosts import load_schema
from tests.hosts.answers import (
    ALWAYS,
    NEW_CALLS,
    NEW_CHANNELS,
    NEW_FIELDS,
    first_of,
    fragment,
    link_change,
    link_status,
    model,
    place,
    pointed_at,
    prediction_end,
    refusal,
    result,
)
from tests.loop_thread import loop_thread
from tests.ports import free_port


@dataclass
class Studio:
    """How it behaves; started with `with`."""

    token: tuple[str, str] | None = None
    """The two halves of the only token that is let in; `None`: everybody is."""
    port: int = 0
    """Where it listens; 0: anywhere."""
    package: str = "lm-studio"
    """What it says that it is."""
    old: bool = False
    """Whether it lacks what newer ones have."""
    vanishes_at: float | None = None
    """How far a load gets before all connections break and nobody listens any more."""
    stalls: set[str] = field(default_factory=set)
    """Channels that, the next time, go on halfway only when they are cancelled."""
    holds: bool = False
    """Whether loads stay halfway until `go_on`."""
    loading: set[str] = field(default_factory=set)
    """What the loads that are under way will be called."""
    spares: int = 0
    """How many such channels go on to their end before one stalls."""
    stalled: threading.Event = field(default_factory=threading.Event)
    """Set while one of them waits."""
    cancelled: list[str] = field(default_factory=list)
    was_cancelled: threading.Event = field(default_factory=threading.Event)
    models: tuple[str, ...] = ("qwen/qwen3-4b",)
    silent: set[str] = field(default_factory=set)
    """Calls and channels that are heard and never answered."""
    heard: Callable[[str], None] = lambda _endpoint: None
    """Called with each call and channel that comes."""
    late: set[str] = field(default_factory=set)
    """Calls whose answers wait until `answer`."""
    unanswered: list[str] = field(default_factory=list)
    """What it has left without an answer because it is old."""
    twist: Callable[[str, Any], Any] = lambda _endpoint, told: told
    """What becomes of each answer, and of each packet, before it is sent."""
    memory: dict[str, dict[str, Any]] = field(default_factory=dict)
    introductions: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    parameters: list[dict[str, Any]] = field(default_factory=list)
    """Of the loads."""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """All but the channels, with their parameters."""
    predictions: list[dict[str, Any]] = field(default_factory=list)
    """What was asked of models."""
    devices: dict[str, str] = field(default_factory=dict)
    """What the other machines on its LM Link are called, by their identifiers."""
    link: dict[str, Any] = field(default_factory=dict)
    """What is different about its LM Link from the usual answer."""
    busy: set[str] = field(default_factory=set)
    """Where what generates now stands in memory."""
    address: str = ""

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = loop_thread(self._loop, self._serve())
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def go_on(self) -> None:
        """Hold loads no more."""
        self._loop.call_soon_threadsafe(self._going_on.set)

    def answer(self) -> None:
        """Give the answers that are late by now."""
        self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        answering, self._answering = self._answering, asyncio.Event()
        answering.set()

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        self._answering = asyncio.Event()
        self._going_on = asyncio.Event()
        if not self.holds:
            self._going_on.set()
        self._sockets: set[web.WebSocketResponse] = set()
        application = web.Application()
        application.router.add_get("/lmstudio-greeting", self._greet)
        application.router.add_get("/lms-status", self._status)
        application.router.add_get("/{namespace}", self._talk)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port or free_port()).start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"{host}:{port}"
        self._ready.set()
        await self._over.wait()
        await self._vanish()

    async def _vanish(self) -> None:
        for site in tuple(self._runner.sites):
            await site.stop()
        for _turn in range(4):
            # What was accepted before is only set up, and so can be closed, in the next turns.
            await asyncio.sleep(0)
        for socket in tuple(self._sockets):
            if (transport := socket._req.transport) is not None:
                transport.abort()
        await self._runner.cleanup()

    async def _greet(self, _request: web.Request) -> web.Response:
        return web.json_response({"lmstudio": True})

    async def _status(self, _request: web.Request) -> web.Response:
        version = "0.3.5" if self.old else "0.4.9"
        return web.json_response({"package": self.package, "version": version})

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        tasks: set[asyncio.Task[None]] = set()
        calls_off: dict[int, asyncio.Event] = {}
        try:
            if not await self._introduced(socket):
                return socket
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    namespace = request.match_info["namespace"]
                    frame = json.loads(message.data)
                    if frame["type"] == "channelSend":
                        calls_off[frame["channelId"]].set()
                        continue
                    off = calls_off.setdefault(frame.get("channelId", -1), asyncio.Event())
                    handling = asyncio.create_task(self._handle(socket, namespace, frame, off))
                    tasks.add(handling)
                    handling.add_done_callback(tasks.discard)
        finally:
            for task in tasks:
                task.cancel()
            self._sockets.discard(socket)
        return socket

    async def _introduced(self, socket: web.WebSocketResponse) -> bool:
        said = await socket.receive_json()
        self.heard("introduction")
        if "introduction" in self.silent:
            await self._over.wait()
        self.introductions.append(said)
        if self.token in (None, (said["clientIdentifier"], said["clientPasskey"])):
            await socket.send_json({"success": True})
            return True
        reason = "A valid API token is required."
        await socket.send_json({"success": False, "error": reason})
        await socket.close()
        return False

    async def _handle(
        self,
        socket: web.WebSocketResponse,
        namespace: str,
        frame: dict[str, Any],
        off: asyncio.Event,
    ) -> None:
        endpoint = frame.get("endpoint", "")
        self.asked.append(endpoint)
        self.heard(endpoint)
        if self.old and endpoint in NEW_CALLS | NEW_CHANNELS:
            self.unanswered.append(endpoint)
            warning = f"Received rpcCall for unknown endpoint, endpoint = {endpoint}"
            await socket.send_json({"type": "communicationWarning", "warning": warning})
            return
        if endpoint in self.silent:
            return
        match frame:
            case {"type": "rpcCall", "callId": number}:
                if endpoint in self.late:
                    await self._answering.wait()
                answer = self._call(namespace, endpoint, frame.get("parameter") or {})
                await socket.send_json({**self.twist(endpoint, answer), "callId": number})
            case {"type": "channelCreate", "channelId": number}:
                off.clear()
                parameter = frame.get("creationParameter") or {}
                async for packet in self._channel(endpoint, parameter, off):
                    if "title" in packet:
                        told = {"type": "channelError", "error": packet}
                        await socket.send_json({**told, "channelId": number})
                        return
                    told = {"type": "channelSend", "message": self.twist(endpoint, packet)}
                    await socket.send_json({**told, "channelId": number})
                await socket.send_json({"type": "channelClose", "channelId": number})
            case _:
                pass

    def _call(  # noqa: C901, PLR0911 - one return a call
        self, namespace: str, endpoint: str, parameter: dict[str, Any]
    ) -> dict[str, Any]:
        identifier = pointed_at(parameter, self.memory)
        known = self.memory.get(identifier)
        self.calls.append((endpoint, parameter))
        self.link |= (change := link_change(endpoint, parameter))
        match endpoint:
            case _ if change:
                return {"type": "rpcResult"}
            case "listDownloadedModels":
                devices = (None, *self.devices)
                return result([self._model(key, at) for at in devices for key in self.models])
            case "lmLinkStatus" if self.devices:
                return result(link_status(self.devices) | self.link)
            case "listLoaded":
                return result(list(self.memory.values()) if namespace == "llm" else [])
            case "unloadModel" if known is not None:
                del self.memory[identifier]
                return {"type": "rpcResult"}
            case "getModelInfo" if known is not None:
                return result(known)
            case "getLoadConfig" if known is not None:
                context = {"key": "llm.load.contextLength", "value": known["contextLength"]}
                return result({"fields": [context]})
            case "getInstanceProcessingState" if known is not None:
                status = "generating" if identifier in self.busy else "idle"
                return result({"status": status, "queued": 0})
            case _ if identifier and known is None:
                display = {"code": "generic.noModelMatchingQuery", "loadedModelsSample": []}
                return refusal(f"No loaded model is called {identifier}.", displayData=display)
            case _ if endpoint in ALWAYS:
                told = ALWAYS[endpoint]
                return {"type": "rpcResult"} if told is None else result(told)
            case "startHttpServer" | "stopHttpServer":
                return {"type": "rpcResult"}
            case _:
                return refusal(f"There is no {endpoint}.")

    async def _stall(self, endpoint: str, off: asyncio.Event) -> bool:
        """Wait until the channel is called off, if it is to stall; tell whether it was."""
        if endpoint not in self.stalls or self.spares:
            return False
        self.stalls.discard(endpoint)
        self.stalled.set()
        try:
            await off.wait()
        finally:
            # A client may also close the socket: then this task ends with it.
            self.cancelled.append(endpoint)
            self.was_cancelled.set()
        return True

    def _channel(
        self, endpoint: str, parameter: dict[str, Any], off: asyncio.Event
    ) -> AsyncIterator[dict[str, Any]]:
        channels = {
            "streamLogs": self._log,
            "downloadModel": self._download,
            "predict": self._predict,
        }
        if endpoint in channels:
            return channels[endpoint](parameter, off)
        return load_schema.refused(parameter) or self._load(endpoint, parameter, off)

    async def _log(
        self, _parameter: dict[str, Any], off: asyncio.Event
    ) -> AsyncIterator[dict[str, Any]]:
        entry = {"type": "server.log", "level": "info", "content": "It listens."}
        yield {"type": "log", "log": {"timestamp": 0, "data": entry}}
        await self._stall("streamLogs", off) or await off.wait()

    async def _download(
        self, _parameter: dict[str, Any], off: asyncio.Event
    ) -> AsyncIterator[dict[str, Any]]:
        update = {"downloadedBytes": 5, "totalBytes": 10, "speedBytesPerSecond": 1.0}
        yield {"type": "downloadProgress", "update": update}
        if await self._stall("downloadModel", off):
            yield {"title": "The download was cancelled."}
        else:
            yield {"type": "success", "defaultIdentifier": self.models[0]}

    async def _predict(
        self, parameter: dict[str, Any], off: asyncio.Event
    ) -> AsyncIterator[dict[str, Any]]:
        self.predictions.append(parameter)
        text = parameter["history"]["messages"][-1]["content"][0]["text"]
        end, reason = prediction_end(self.memory[pointed_at(parameter, self.memory)]), "eosFound"
        for word in ("So", *text.split()):
            yield {"type": "fragment", "fragment": fragment(f"{word} ")}
            if await self._stall("predict", off):
                reason = "userStopped"
                break
        yield end | {"stats": {"stopReason": reason}}

    async def _load(
        self, endpoint: str, parameter: dict[str, Any], off: asyncio.Event
    ) -> AsyncIterator[dict[str, Any]]:
        self.parameters.append(parameter)
        spared = endpoint in self.stalls and self.spares > 0
        progress, success = (
            ("progress", "success") if endpoint == "loadModel" else ("loadProgress", "loadSuccess")
        )
        named = parameter.get("identifier") or self._free(parameter["modelKey"])
        device = parameter.get("deviceIdentifier")
        there = [
            i
            for i in self.memory.values()
            if named in (i["identifier"], i["modelKey"])
            and ("deviceIdentifier" not in parameter or i.get("deviceIdentifier") == device)
        ]
        if endpoint == "getOrLoad" and there:
            yield {"type": "alreadyLoaded", "info": there[0]}
            return
        self.loading.add(named)
        try:
            for fraction in (0.0, 0.5, 1.0):
                yield {"type": progress, "progress": fraction}
                if fraction and await self._stall(endpoint, off):
                    yield {"title": "The load was cancelled."}
                    return
                if fraction and await self._is_cancelled(off):
                    self.cancelled.append(endpoint)
                    yield {"title": "The load was cancelled."}
                    return
                if fraction == self.vanishes_at:
                    await self._vanish()
                    return
        finally:
            self.loading.discard(named)
        key = parameter.get("modelKey") or named
        fields = parameter["loadConfigStack"]["layers"][0]["config"]["fields"]
        told = {entry["key"]: entry["value"] for entry in fields}
        ttl_ms = parameter.get("ttlMs", parameter.get("loadTtlMs"))
        context_length = told.get("llm.load.contextLength", 4096)
        instance = self._instance(key, named, context_length, ttl_ms, device)
        self.memory[place(named, device)] = instance
        self.spares -= spared
        yield {"type": success, "info": instance}

    async def _is_cancelled(self, off: asyncio.Event) -> bool:
        """Wait while loads are held; tell whether this one was cancelled meanwhile."""
        return await first_of(off, self._going_on) == [off]

    def _free(self, key: str) -> str:
        names = itertools.chain([key], (f"{key}:{number}" for number in itertools.count(2)))
        return next(name for name in names if name not in self.memory | dict.fromkeys(self.loading))

    def _model(self, key: str, device: str | None = None) -> dict[str, Any]:
        return self._as_old(model(key, device))

    def _instance(
        self,
        key: str,
        identifier: str,
        context_length: int,
        ttl_ms: int | None,
        device: str | None = None,
    ) -> dict[str, Any]:
        raw = self._model(key, device) | {
            "identifier": identifier,
            "instanceReference": f"reference-of-{identifier}-{len(self.asked)}",
            "ttlMs": ttl_ms,
            "lastUsedTime": None,
            "contextLength": context_length,
        }
        return self._as_old(raw)

    def _as_old(self, raw: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in raw.items() if not (self.old and k in NEW_FIELDS)}
