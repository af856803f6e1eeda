"""`POST lms/folder`: opens the folder with the models of a host, where it is on this machine."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from lms_jupyter.errors import CommandError, LmsError
from lms_jupyter.hosts.addresses import LOOPBACK, server_of
from lms_jupyter.manager import Manager
from lms_jupyter.model_folders import downloaded_models, is_folder, studio_models
from lms_jupyter.server.handlers import LmsHandler, browser_path


class FolderHandler(LmsHandler):
    """Says where the models are; a page that cannot show it is told the path."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Open the folder on this machine's desktop, or say where the file browser has it."""
        if (manager := await self.connected()) is None:
            return
        try:
            folder = await asyncio.to_thread(models_folder, manager)
        except LmsError as error:
            await self.refuse(error)
            return
        inside = browser_path(str(folder), str(self.settings.get("server_root_dir", "")))
        opened = inside is None and await asyncio.to_thread(open_folder, folder)
        await self.finish_json({"path": str(folder), "inside": inside, "opened": opened})


def models_folder(manager: Manager) -> Path:
    """Return the folder that models are put into.

    Raises:
        CommandError: None can be seen from here.
    """
    host = manager.connected_host.info
    if server_of(host.address)[0] not in LOOPBACK:
        raise CommandError(
            f"{host.title} is on another machine, and so are its models.",
            hint="Its owner can open the folder there.",
        )
    known = [downloaded_models(), studio_models()]
    folders = [folder for folder in known if folder is not None and is_folder(folder)]
    paths = [model.path for model in manager.catalog.models if model.path]
    # Whose they are is seen by what is in them: a host may have been told of another folder.
    found = next((folder for folder in folders if _has_any(folder, paths)), None)
    if found is None:
        raise CommandError(
            f"None of the models of {host.title} lies in a folder that is known here.",
            hint="An engine's is named by its --models; the models that come with this package "
            "lie in the package.",
        )
    return found


def open_folder(folder: Path) -> bool:
    """Open a folder as this machine's desktop does; say whether there is one."""
    if sys.platform == "win32":
        os.startfile(folder)  # noqa: S606 - a folder, by the desktop
        return True
    name = "open" if sys.platform == "darwin" else "xdg-open"
    has_desktop = sys.platform == "darwin" or any(
        os.environ.get(variable) for variable in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    program = shutil.which(name) if has_desktop else None
    if program is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603 - a folder, by the desktop
            [program, str(folder)],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _has_any(folder: Path, paths: Iterable[str]) -> bool:
    return any((folder / path).exists() for path in paths)
