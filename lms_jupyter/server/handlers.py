"""The plain HTTP requests: which hosts there are, who uses what, one command, the engine."""

from typing import Any, assert_never

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from lms_jupyter.errors import LmsError
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


"""Of each reply; the answer to a question is 200."""


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

    async def finish_json(self, value: Any, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        await self.finish(msgspec.json.encode(value))


class HostsHandler(LmsHandler):
    """`GET lms/hosts`: what the sidebar can show."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """List the hosts, and say whether an engine may be started."""
        embedded = await import_beside(EMBEDDED)
        await self.finish_json(
            {
                "hosts": self.board.addresses,
                "discovers": self.board.discovers,
                "engine_missing": embedded.missing(),
            }
        )


class LeasesHandler(LmsHandler):
    """`GET lms/leases`: which kernel uses which instance of a host."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """List the claims of this machine's kernels, oldest first."""
        leases = [
            {
                "instance_reference": lease.instance_reference,
                "kernel_id": lease.holder.kernel_id,
                "notebook": lease.holder.notebook,
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
        manager = self.line().manager
        try:
            message = read_message(self.request.body)
        except ValueError as error:
            sentence = f"The body is no command: {error}."
            await self.finish_json(Refused.because("command_error", sentence), 400)
            return
        try:
            await connect(manager)
        except LmsError as error:
            await self.finish_json(Refused.because(error.code, error.title, error.hint), 503)
        else:
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
            await self.finish_json(Refused.because("command_error", sentence), 409)
            return
        embedded = await import_beside(EMBEDDED)
        try:
            greeting = await embedded.start_engine()
        except LmsError as error:
            await self.finish_json(Refused.because(error.code, error.title, error.hint), 503)
            return
        for line in self.board.lines:
            if line.running is not None:
                line.running.wake.set()
        await self.finish_json({"address": greeting.address, "version": greeting.version})
