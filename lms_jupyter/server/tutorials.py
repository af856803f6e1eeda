"""The launcher's card: a copy of the tutorials among the user's own files."""

import asyncio
import json
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from lms_jupyter import tutorials
from lms_jupyter.errors import CommandError, LmsError
from lms_jupyter.server.handlers import LmsHandler

FOLDER = "lms-tutorials"
"""Below the folder that JupyterLab shows as the topmost."""


class TutorialsHandler(LmsHandler):
    """`POST lms/tutorials`: put the tutorials where the user can write into them."""

    auth_resource = "contents"

    @authenticated
    @authorized
    async def post(self) -> None:
        """Copy those that are not there yet; what is there is the user's and stays as it is."""
        try:
            found = await asyncio.to_thread(tutorials.tutorials)
            written = [path.name for path in found if await self._copy(path)]
        except LmsError as error:
            await self.refuse(error, 500)
        except (HTTPError, OSError) as error:
            self.log.warning("The tutorials cannot be written.", exc_info=True)
            reason = getattr(error, "log_message", None) or getattr(error, "strerror", "") or ""
            title = f"The tutorials cannot be written to {FOLDER}: {reason.rstrip('.')}."
            hint = "lms-jupyter tutorials DIR in a terminal copies them anywhere."
            await self.refuse(CommandError(title, hint=hint), 409)
        else:
            reply = {"path": f"{FOLDER}/{tutorials.FIRST}", "written": written}
            await self.finish_json(reply, 201 if written else 200)

    async def _copy(self, tutorial: Path) -> bool:
        files: Any = self.contents_manager
        place = f"{FOLDER}/{tutorial.name}"
        if not await ensure_async(files.dir_exists(FOLDER)):
            await ensure_async(files.save({"type": "directory"}, FOLDER))
        if await ensure_async(files.file_exists(place)):
            return False
        notebook = json.loads(await asyncio.to_thread(tutorial.read_bytes))
        model = {"type": "notebook", "format": "json", "content": notebook}
        await ensure_async(files.save(model, place))
        return True
