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

from lms_jupyter.manager.identity import on_behalf_of
from lms_jupyter.manager.inbox import accept
from lms_jupyter.protocol.replies import Refused, Reply
from lms_jupyter.server.kernel_fallback import KernelFallback
from lms_jupyter.server.kernels import identity_of
from lms_jupyter.server.limits import AT_ONCE, MESSAGE_BYTES, Allowance, read_message
from lms_jupyter.server.manager_pool import RHYTHMS_S, ManagedHost, ManagerPool
from lms_jupyter.server.outbox import Outbox

TRY_AGAIN_LATER = 1013
"""The websocket's own code for a client that asks for more than it takes."""
ELSEWHERE = 4004
"""Our own code: do not try again, this server is of no use to that kernel's panel."""


class SlicesHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One page: it receives every change of one host's slices, and asks for changes."""

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
        board: ManagerPool = self.settings["lms_switchboard"]
        self.stand_in = await self._stand_in()
        if self.stand_in is not None:
            line = board.line(self.stand_in.address) or board.line()
        else:
            line = board.line(self.get_query_argument("host", None))
        if line is None:
            raise HTTPError(404, "No such host in this server's configuration.")
        self.line: ManagedHost = line
        self.rhythm_s = rhythm(self.get_query_argument("every", None))
        await super().get(*args, **kwargs)

    async def _stand_in(self) -> KernelFallback | None:
        """Return whose commands come here, if the page asks to stand in for a kernel."""
        kernel_id = self.get_query_argument("kernel", None)
        if kernel_id is None:
            return None
        return KernelFallback(
            kernel=await identity_of(kernel_id, self.kernel_manager, self.session_manager),
            machine=self.get_query_argument("machine", ""),
            address=self.get_query_argument("address", ""),
        )

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Begin to listen."""
        super().open(*args, **kwargs)
        if self.stand_in is not None and not self.stand_in.is_here:
            self.close(ELSEWHERE, "That kernel runs elsewhere.")
            return
        # Without it a burst of small messages waits 40 ms for the other side's receipt.
        self.set_nodelay(True)
        self.outbox = Outbox()
        self.allowance = Allowance()
        self.viewers: set[str] = set()
        self.answering: set[asyncio.Task[None]] = set()
        self.sending = asyncio.get_running_loop().create_task(self._send())
        self.line.join(self.outbox.put_slice, self.rhythm_s)
        if self.stand_in is not None:
            self.line.manager.spawn(self.stand_in.prove(self.line.manager))

    async def on_message(self, message: str | bytes) -> None:
        """Answer a command without making the next one wait for it."""
        rid = None
        try:
            envelope = read_message(message)
        except ValueError as error:
            sentence = f"The page sent something that is no command: {error}."
            self._reply(rid, Refused.because("command_error", sentence))
            return
        rid = envelope.get("rid") if isinstance(envelope, dict) else None
        if not self.allowance.take() or len(self.answering) >= AT_ONCE:
            self._reply(rid, Refused.because("too_many_commands", "Too many commands at once."))
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
                manager.viewers.note(viewer, visible=False)

    async def _answer(self, rid: object, envelope: Any) -> None:
        self.viewers |= viewer_of(envelope)
        manager = self.line.manager
        if self.stand_in is not None:
            if not await self.stand_in.prove(manager):
                sentence = "Jupyter sees another host than the kernel."
                self._reply(rid, Refused.because("elsewhere", sentence))
                return
            # This is the context of a task of its own.
            on_behalf_of.set(self.stand_in.kernel)
        self._reply(rid, await accept(envelope, manager))

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
                    async with asyncio.timeout(self.settings["lms_send_timeout_s"]):
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


def rhythm(asked: str | None) -> float | None:
    """Read how many seconds a page asks for between two polls of a calm host, if it does."""
    if asked is None:
        return None
    shortest, longest = RHYTHMS_S
    try:
        seconds = float(asked)
    except ValueError:
        raise HTTPError(400, "The page asks for a rhythm that is no number.") from None
    if not shortest <= seconds <= longest:
        raise HTTPError(400, f"A rhythm is {shortest:g} to {longest:g} seconds, not {seconds:g}.")
    return seconds
