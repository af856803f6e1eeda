"""`lms/hosts`: which hosts the sidebar can show; those of the user's own list are changed here."""

import asyncio
from collections.abc import Callable

from jupyter_server.auth.decorator import authorized
from msgspec import Struct
from tornado.web import authenticated

from lms_jupyter.errors import CommandError, LmsError
from lms_jupyter.hosts import host_names
from lms_jupyter.server.handlers import EMBEDDED, LmsHandler
from lms_jupyter.server.imports import import_beside


class NewHost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host that is to be in the list."""

    name: str
    address: str
    token: str = ""

    def __repr__(self) -> str:
        """Say which it is, and no token."""
        return f"NewHost({self.name!r})"


class NewName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host of the list is to be called something else."""

    name: str
    to: str


class HostsHandler(LmsHandler):
    """`lms/hosts`: GET lists them, POST adds one, PATCH renames one, DELETE takes one out."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """List the hosts, and say whether an engine may be started and the list be changed."""
        await self._finish_list()

    @authenticated
    @authorized
    async def post(self) -> None:
        """Add a host under a name that none has."""

        def add() -> None:
            new = self.body(NewHost)
            host_names.add(new.name, new.address, token=new.token or None, replaces=False)

        await self._change(add)

    @authenticated
    @authorized
    async def patch(self) -> None:
        """Rename a host; its token stays."""

        def rename() -> None:
            new = self.body(NewName)
            host_names.rename(new.name, new.to)

        await self._change(rename)

    @authenticated
    @authorized
    async def delete(self) -> None:
        """Take a host out of the list, and forget its token."""
        name = self.get_query_argument("name", "")
        await self._change(lambda: host_names.remove(name))

    async def _change(self, change: Callable[[], object]) -> None:
        """Change the list in a thread: the disk and the keyring may take their time."""
        if not self.board.may_name:
            sentence = "Which hosts there are is set in this server's configuration."
            await self.refuse(CommandError(sentence, hint="See c.LmsExtension.hosts."), 409)
            return
        try:
            await asyncio.to_thread(change)
        except LmsError as error:
            await self.refuse(error)
        else:
            await self._finish_list()

    async def _finish_list(self) -> None:
        embedded = await import_beside(EMBEDDED)
        await self.finish_json(
            {
                "hosts": self.board.addresses,
                "named": self.board.names if self.board.may_name else (),
                "may_name": self.board.may_name,
                "discovers": self.board.discovers,
                "engine_missing": embedded.missing(),
            }
        )
