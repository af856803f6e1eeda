"""The HTTP paths of a gateway: what names a model is answered where that model is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.fleet.carrying import Order
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.errors import DeviceLostError
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.placing import Placing
from lms_jupyter.engine.instances.selection import Query, named
from lms_jupyter.engine.routes import anthropic, openai, rest_v1
from lms_jupyter.engine.routes.http import Style, answering, reply, stream_to

EMBEDDINGS: Final = frozenset({"/v1/embeddings", "/api/v0/embeddings"})
LOAD: Final = "/api/v1/models/load"
UNLOAD: Final = "/api/v1/models/unload"
NAMED_BY: Final[Mapping[str, str]] = {
    "/v1/chat/completions": "model",
    "/v1/completions": "model",
    "/v1/responses": "model",
    "/v1/messages": "model",
    "/v1/messages/count_tokens": "model",
    "/v1/embeddings": "model",
    "/api/v0/chat/completions": "model",
    "/api/v0/completions": "model",
    "/api/v0/embeddings": "model",
    "/api/v1/chat": "model",
    LOAD: "model",
    UNLOAD: "instance_id",
}
"""Where the body of a request names its model."""
LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "/v1/models": ("data", "id"),
    "/api/v0/models": ("data", "id"),
    "/api/v1/models": ("models", "key"),
}
"""Where an answer lists models, and what tells them apart."""
_KEPT: Final = (hdrs.CONTENT_TYPE, hdrs.CACHE_CONTROL)


def middleware(gateway: Gateway, placings: Mapping[str, Placing]) -> Middleware:
    """Return what stands before the engine's own paths."""
    rest = _Rest(gateway, placings)

    @web.middleware
    async def pass_on(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == hdrs.METH_GET and request.path in LISTS:
            return await rest.listed(request, handler)
        if request.method == hdrs.METH_POST and request.path in NAMED_BY:
            inner = partial(rest.answer, handler)
            return await answering(gateway.services, _style(request.path), inner)(request)
        return await handler(request)

    return pass_on


@dataclass(frozen=True, slots=True)
class _Rest:
    gateway: Gateway
    placings: Mapping[str, Placing]

    async def listed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """List the models of all devices, each once."""
        answer = await handler(request)
        if not isinstance(answer, web.Response) or answer.status != web.HTTPOk.status_code:
            return answer
        where, key = LISTS[request.path]
        content = msgspec.json.decode(answer.body if isinstance(answer.body, bytes) else b"{}")
        entries = {model[key]: model for model in content[where]}
        devices = [device for device in self.gateway.fleet if device.is_connected]
        for more in await asyncio.gather(*(_list(device, request.path) for device in devices)):
            for model in more.get(where, ()):
                known = entries.setdefault(model[key], model)
                if known is not model:
                    _join(known, model)
        return reply({**content, where: list(entries.values())})

    async def answer(self, handler: Handler, request: web.Request) -> web.StreamResponse:
        """Answer here or at the device that has the model, or is to have it."""
        try:
            body = msgspec.json.decode(await request.read(), type=dict[str, Any])
        except (msgspec.DecodeError, web.HTTPException, web.RequestPayloadError):
            return await handler(request)  # which says what is wrong
        name = body.get(NAMED_BY[request.path])
        if not isinstance(name, str | None):
            return await handler(request)
        found = await self._there(request.path, name)
        if found is None:
            if not name or request.path == UNLOAD:
                return await handler(request)
            return await self._load(handler, request, name)
        device = found[0]
        if device is None:
            return await handler(request)
        with device.asked(name or ""):
            answer = await _pass(request, device)
        if request.path == UNLOAD:
            await device.refresh()
        return answer

    async def _there(self, path: str, name: str | None) -> tuple[Device | None] | None:
        """Return the device that has a model in memory, `None` in it for the gateway's own."""
        if path == LOAD:
            return None
        instances = self.gateway.services.registry.instances
        if named(name, instances) if name else instances:
            return (None,)
        found = self.gateway.fleet.holder(Query(identifier=name or None), None)
        if found is not None:
            return (found[0],)
        if not name:
            return None
        asked = {"specifier": _query(name), "throwIfNotFound": False}
        answers = await self.gateway.fleet.ask_all(_domain(path), "getModelInfo", asked)
        return (answers[0][0],) if answers else None

    async def _load(self, handler: Handler, request: web.Request, name: str) -> web.StreamResponse:
        """Have the device answer where there is a place for the model."""
        question: dict[str, Any] = {"modelKey": name, "loadConfigStack": {"layers": []}}
        placing = self.placings[_domain(request.path)]
        async with placing.admitted(question) as pending:
            device = await placing.device(Order(question=question))
            self.gateway.admission.place(pending, device)
            if device is None:
                return await handler(request)
            with device.asked(name):
                answer = await _pass(request, device)
            await device.refresh()
            return answer


async def _pass(request: web.Request, device: Device) -> web.StreamResponse:
    """Pass a request on, and the answer back as it comes."""
    response: web.StreamResponse | None = None
    try:
        async with device.request(request) as answer:
            if answer.content_type != "text/event-stream":
                content = await answer.read()
                headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
                return web.Response(body=content, status=answer.status, headers=headers)
            response = await stream_to(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
    except aiohttp.ClientError as error:
        lost = DeviceLostError(device.name)
        if response is None:
            raise lost from error
        await response.write(_style(request.path).event(lost).encode())
    await response.write_eof()
    return response


async def _list(device: Device, path: str) -> dict[str, Any]:
    try:
        return await device.listed_at(path)
    except (EngineError, aiohttp.ClientError, TimeoutError):
        return {}


def _join(known: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Add to a model what is said of it on another device."""
    if "loaded_instances" in known:
        known["loaded_instances"] = [*known["loaded_instances"], *other["loaded_instances"]]
    elif other.get("state") == "loaded":
        known["state"] = "loaded"


def _domain(path: str) -> str:
    return "embedding" if path in EMBEDDINGS else "llm"


def _query(name: str) -> dict[str, Any]:
    return {"type": "query", "query": {"identifier": name}}


def _style(path: str) -> Style:
    if path.startswith("/v1/messages"):
        return anthropic.STYLE
    return rest_v1.STYLE if path.startswith("/api/v1/") else openai.STYLE
