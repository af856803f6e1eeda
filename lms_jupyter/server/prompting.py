"""The websocket on which a page tries a prompt: one question, and its answer while it comes."""

import asyncio
import contextlib
from contextlib import aclosing
from typing import Any

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from msgspec import Struct
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from lms_jupyter.errors import CommandError, LmsError
from lms_jupyter.hosts.prediction import (
    Message,
    PredictionFragment,
    PredictionStats,
    Sampling,
)
from lms_jupyter.manager import lookup
from lms_jupyter.manager.watch import connect
from lms_jupyter.server.limits import MESSAGE_BYTES
from lms_jupyter.server.manager_pool import ManagedHost, ManagerPool


class Asked(Struct, frozen=True, kw_only=True):
    """What a page wants to have answered."""

    identifier: str
    instance_reference: str | None = None
    prompt: str
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


class PromptHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One page that asks; closing it stops the model."""

    auth_resource = "lms"
    answering: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        """The largest message that is read; a larger one closes the socket."""
        return MESSAGE_BYTES

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Let in who may use the host."""
        allowed = await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, "write", self.auth_resource)
        )
        if not allowed:
            raise HTTPError(403, f"Not allowed to write {self.auth_resource}.")
        board: ManagerPool = self.settings["lms_switchboard"]
        line = board.line(self.get_query_argument("host", None))
        if line is None:
            raise HTTPError(404, "No such host in this server's configuration.")
        self.line: ManagedHost = line
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Begin to listen."""
        super().open(*args, **kwargs)
        self.set_nodelay(True)

    async def on_message(self, message: str | bytes) -> None:
        """Answer the first message; a page opens a socket for each question."""
        if self.answering is None:
            self.answering = asyncio.get_running_loop().create_task(self._answer(message))

    def on_close(self) -> None:
        """Stop the model: nobody reads any more."""
        if self.answering is not None:
            self.answering.cancel()

    async def _answer(self, message: str | bytes) -> None:
        with contextlib.suppress(WebSocketClosedError, StreamClosedError, TimeoutError):
            try:
                await self._stream(message)
            except LmsError as error:
                problem = {"code": error.code, "title": error.title, "hint": error.hint}
                await self._say({"problem": problem})
        self.close()

    async def _stream(self, message: str | bytes) -> None:
        try:
            asked = msgspec.json.decode(message, type=Asked)
        except (msgspec.DecodeError, RecursionError) as error:
            raise CommandError(f"The page sent something that is no prompt: {error}.") from error
        if not asked.prompt.strip():
            raise CommandError("There is nothing to say: the prompt is empty.")
        manager = self.line.manager
        await connect(manager)
        instance = await lookup.instance(asked.identifier, manager, asked.instance_reference)
        if instance.kind != "llm":
            raise CommandError(f"{instance.identifier} is an embedding model: it has no answers.")
        system = [Message(role="system", text=asked.system)] if asked.system else []
        messages = [*system, Message(role="user", text=asked.prompt)]
        sampling = Sampling(temperature=asked.temperature, max_tokens=asked.max_tokens)
        answer = manager.connected_host.respond(instance, messages, sampling)
        async with aclosing(answer) as steps:  # type: ignore[type-var]
            async for step in steps:
                if isinstance(step, PredictionFragment):
                    await self._say({"thought" if step.thought else "text": step.text})
                elif isinstance(step, PredictionStats):
                    await self._say({"stats": step})
        manager.wake.set()

    async def _say(self, part: dict[str, Any]) -> None:
        """Send a part; who does not read it in time is left alone."""
        async with asyncio.timeout(self.settings["lms_send_timeout_s"]):
            await self.write_message(msgspec.json.encode(part).decode())
