"""Where the sidebar keeps named load settings: beside this server's notebooks."""

from pathlib import Path
from typing import Any

from jupyter_server.services.contents.filemanager import FileContentsManager

from lms_jupyter.api.profiles import ProfileFile
from lms_jupyter.manager.profiles import ProfileShelf


def shelf_beside(contents: Any) -> ProfileShelf | None:
    """Return the file of profiles in the root folder, the one that notebooks there use.

    Args:
        contents: The server's contents manager. Where it keeps notebooks elsewhere than in files
            of this machine, no notebook could read what was written here, and there is no shelf.
    """
    if isinstance(contents, FileContentsManager):
        return ProfileFile(Path(contents.root_dir))
    return None
