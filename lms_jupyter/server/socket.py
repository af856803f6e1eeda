"""The websocket `lms/slices`: slices out, commands in."""

import asyncio
import contextlib
from typing import Any

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from lms_jupyter.manager.inbox import accept
from lms_jupyter.protocol.models import Problem
from lms_jupyter.protocol.replies import Refused, Reply
from lms_jupyter.server.limits import AT_ONCE, MESSAGE_BYTES, SEND_TIMEOUT_S, Allowance
from lms_jupyter.server.outbox import Outbox
from lms_jupyter.server.switchboard import Line, Switchboard

TRY_AGAIN_LATER = 1013
"""The websocket's own code for a client that asks for more than it takes."""


class SlicesHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One page: it hears every change of one host's slices, and asks for changes."""

    auth_resource = "lms"

    @property
    def max_message_size(self) -> int:
        """The largest message that is read; a larger one closes the socket."""
        return MESSAGE_BYTES

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Let in who may look at the host and change it."""
        for action in ("read", "write"):
            allowed = await ensure_async(
                self.authorizer.is_authorized(self, self.current_user, action, self.auth_resource)
            )
            if not allowed:
                raise HTTPError(403, f"Not allowed to {action} {self.auth_resource}.")
        board: Switchboard = self.settings["lms_switchboard"]
        line = board.line(self.get_query_argument("host", None))
        if line is None:
            raise HTTPError(404, "No such host in this server's configuration.")
        self.line: Line = line
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Begin to listen."""
        super().open(*args, **kwargs)
        # Without it a burst of small messages waits 40 ms for the other side's receipt.
        self.set_nodelay(True)
        self.outbox = Outbox()
        self.allowance = Allowance()
        self.viewers: set[str] = set()
        self.answering: set[asyncio.Task[None]] = set()
        self.sending = asyncio.get_running_loop().create_task(self._send())
        self.line.join(self.outbox.put_slice)

    async def on_message(self, message: str | bytes) -> None:
        """Answer a command without making the next one wait for it."""
        rid = None
        try:
            envelope = msgspec.json.decode(message)
            rid = envelope.get("rid") if isinstance(envelope, dict) else None
        except msgspec.DecodeError:
            self._reply(rid, refused("command_error", "The page sent something that is no JSON."))
            return
        if not self.allowance.take() or len(self.answering) >= AT_ONCE:
            self._reply(rid, refused("too_many_commands", "Too many commands at once."))
            return
        task = asyncio.get_running_loop().create_task(self._answer(rid, envelope))
        self.answering.add(task)
        task.add_done_callback(self.answering.discard)

    def on_close(self) -> None:
        """Stop listening, and looking."""
        if not hasattr(self, "outbox"):
            return
        self.line.leave(self.outbox.put_slice)
        self.sending.cancel()
        for task in tuple(self.answering):
            task.cancel()
        manager = self.line.running
        for viewer in self.viewers:
            if manager is not None:
                manager.attendance.note(viewer, visible=False)

    async def _answer(self, rid: object, envelope: Any) -> None:
        self.viewers |= viewer_of(envelope)
        self._reply(rid, await accept(envelope, self.line.manager))

    def _reply(self, rid: object, reply: Reply) -> None:
        self.outbox.put_reply(msgspec.json.encode({"rid": rid, "reply": reply}).decode())
        if self.outbox.is_full:
            self.close(TRY_AGAIN_LATER, "Nobody reads the replies.")

    async def _send(self) -> None:
        """Send what waits, until the page is gone or does not read."""
        with contextlib.suppress(WebSocketClosedError, StreamClosedError):
            try:
                while True:
                    text = await self.outbox.take()
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        await self.write_message(text)
            except TimeoutError:
                self.close(TRY_AGAIN_LATER, "Nobody reads.")


def viewer_of(envelope: Any) -> set[str]:
    """Return the name of the viewer that a message speaks of, to forget it with its socket."""
    command = envelope.get("command") if isinstance(envelope, dict) else None
    if not isinstance(command, dict) or command.get("kind") != "attend":
        return set()
    viewer = command.get("viewer")
    return {viewer} if isinstance(viewer, str) else set()


def refused(code: str, title: str, hint: str = "") -> Refused:
    """Refuse a message before any manager sees it."""
    return Refused(problem=Problem(code=code, title=title, hint=hint))
