"""The plain HTTP requests: which hosts there are, who uses what, one command, the engine."""

from pathlib import Path
from typing import Any, TypeVar, assert_never

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from lms_jupyter.errors import CommandError, LmsError
from lms_jupyter.manager import Manager
from lms_jupyter.manager.inbox import accept
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.replies import (
    Accepted,
    Diary,
    Estimated,
    Found,
    Hosts,
    Profiles,
    Refused,
    Reply,
)
from lms_jupyter.server.imports import import_beside
from lms_jupyter.server.limits import MESSAGE_BYTES, Allowance, read_message
from lms_jupyter.server.manager_pool import ManagedHost, ManagerPool

Shape = TypeVar("Shape")

EMBEDDED = "lms_jupyter.hosts.embedded"


def status_of(reply: Reply) -> int:
    """Return the HTTP status that a reply is sent with."""
    match reply:
        case Accepted():
            return 202
        case Refused():
            return 400
        case Diary() | Estimated() | Found() | Hosts() | Profiles():
            return 200
        case _:
            assert_never(reply)


def browser_path(path: str | None, root: str) -> str | None:
    """Return a path as the file browser names it, if it is below the server's root."""
    top = Path(root).expanduser()
    if not path or not root or not Path(path).is_relative_to(top):
        return None
    parts = Path(path).relative_to(top).parts
    # It shows nothing that is hidden, and nothing by a way out.
    return None if any(part.startswith(".") for part in parts) else "/".join(parts)


class LmsHandler(APIHandler):
    """What the requests share."""

    auth_resource = "lms"

    @property
    def board(self) -> ManagerPool:
        """The hosts of this server."""
        board: ManagerPool = self.settings["lms_switchboard"]
        return board

    def line(self) -> ManagedHost:
        """Return the host that the request names; it has to be one of the configuration."""
        line = self.board.line(self.get_query_argument("host", None))
        if line is None:
            raise HTTPError(404, "No such host in this server's configuration.")
        return line

    async def connected(self) -> Manager | None:
        """Return the manager of the host that the request names; `None`: refused, with 503."""
        manager = self.line().manager
        try:
            await connect(manager)
        except LmsError as error:
            await self.refuse(error, 503)
            return None
        return manager

    async def refuse(self, error: LmsError, status: int = 400) -> None:
        """Say why something was not done."""
        await self.finish_json(Refused.because(error.code, error.title, error.hint), status)

    def body(self, shape: type[Shape]) -> Shape:
        """Return what was sent, as it should be.

        Raises:
            CommandError: It is not.
        """
        if len(self.request.body) > MESSAGE_BYTES:
            raise HTTPError(413, "A request is never this long.")
        try:
            return msgspec.json.decode(self.request.body, type=shape)
        except msgspec.MsgspecError:
            # The error may repeat what was sent, and a token may be in it.
            raise CommandError("The body of the request is not what is asked for.") from None

    async def finish_json(self, value: Any, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        await self.finish(msgspec.json.encode(value))


class LeasesHandler(LmsHandler):
    """`GET lms/leases`: which kernel uses which instance of a host."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """List the claims of this machine's kernels, oldest first."""
        root = str(self.settings.get("server_root_dir", ""))
        leases = [
            {
                "instance_reference": lease.instance_reference,
                "kernel_id": lease.holder.kernel_id,
                "notebook": lease.holder.notebook,
                "path": browser_path(lease.holder.notebook, root),
                "loaded": lease.loaded,
            }
            for lease in self.line().leases
        ]
        await self.finish_json({"leases": leases})


class CommandHandler(LmsHandler):
    """`POST lms/command`: start one command, for scripts."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Reply 202 if the command was taken, 400 with a problem if not."""
        if len(self.request.body) > MESSAGE_BYTES:
            raise HTTPError(413, "A command is never this long.")
        allowance: Allowance = self.settings["lms_allowance"]
        if not allowance.take():
            await self.finish_json(
                Refused.because("too_many_commands", "Too many commands at once."), 429
            )
            return
        self.line()  # An unknown host is 404 whatever the body is.
        try:
            message = read_message(self.request.body)
        except ValueError as error:
            await self.refuse(CommandError(f"The body is no command: {error}."))
            return
        if (manager := await self.connected()) is not None:
            reply = await accept(message, manager)
            await self.finish_json(reply, status_of(reply))


class EngineHandler(LmsHandler):
    """`POST lms/engine`: start a host, because somebody asked for it.

    That is the LM Studio which is installed here, if it is; else the embedded engine.
    """

    @authenticated
    @authorized
    async def post(self) -> None:
        """Reply once it runs; its managers find it by themselves."""
        if not self.board.discovers:
            sentence = "Where the host is, is set in this server's configuration or environment."
            await self.refuse(CommandError(sentence), 409)
            return
        embedded = await import_beside(EMBEDDED)
        try:
            greeting = await embedded.start_engine()
        except LmsError as error:
            await self.refuse(error, 503)
            return
        for line in self.board.lines:
            if line.running is not None:
                line.running.wake.set()
        await self.finish_json({"address": greeting.address, "version": greeting.version})
