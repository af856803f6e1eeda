"""Where the notes of this user's processes lie, and how one of them goes before the others.

The place is the user's state folder. Homes are odd, though: on a network disk without locks, read
by many and written by nobody, full, or not there at all. Then the notes lie in a folder of the
user's own among the temporary files, and a warning says once what is lost by that.
"""

import contextlib
import errno
import os
import stat
import tempfile
import warnings
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_log_path, user_state_path

from lms_jupyter.errors import FolderError
from lms_jupyter.hosts.forks import fork_safe_lock

try:
    import fcntl
except ImportError:  # Windows, where whatever can be written can be locked
    fcntl = None  # type: ignore[assignment]

APP = "lms-jupyter"
TRIAL_BYTES = 65_536
"""More than the notes of an engine and of its kernels take together when it starts."""

_warned: set[str] = set()
_choosing = fork_safe_lock()
_chosen: dict[Path, Path] = {}
"""Which folder is used instead of which."""


def state_folder() -> Path:
    """Return the folder for what processes of this user tell each other; it is there.

    Raises:
        FolderError: Nothing of the kind can be written on this machine.
    """
    return _writable(wanted_state_folder(), _spare())


def wanted_state_folder() -> Path:
    """Return the folder that it would be if that can be written."""
    return _absolute(user_state_path(APP))


def log_folder() -> Path:
    """Return the folder for the logs of what we start; it is there.

    Raises:
        FolderError: Nothing of the kind can be written on this machine.
    """
    return _writable(_absolute(user_log_path(APP)), _spare() / "log")


def warn_once(text: str, about: str = "") -> None:
    """Warn, unless the same, or something about the same, was said in this process already."""
    if (about or text) not in _warned:
        _warned.add(about or text)
        warnings.warn(text, stacklevel=3)


def trial(folder: Path) -> OSError | None:
    """Make a folder and write a file there; return what went wrong, if something did."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".trial-", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(bytes(TRIAL_BYTES))
        finally:
            Path(name).unlink()
    except FileExistsError:
        return NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except OSError as error:
        return error
    return None


class UserLock:
    """A lock by its name among all processes of this user.

    Args:
        name: Of the lock file.
        timeout_s: How long others may take.
    """

    def __init__(self, name: str, timeout_s: float) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._lock: FileLock | None = None

    def acquire(self) -> None:
        """Take it, or wait for it. It may be let go in another thread.

        Where files cannot be locked, those among the temporary files are, so that processes of
        this machine wait for each other; if they cannot either, nobody waits for anybody.

        Raises:
            Timeout: Others took too long; it has the path of the `lock_file`.
        """
        folder, spare = state_folder(), _spare()
        why = self._try(folder)
        if why is not None:
            warn_of_no_locks(folder, why)
            if spare != folder and _is_private(spare):
                self._try(spare)

    def release(self) -> None:
        """Let the next one have it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _try(self, folder: Path) -> OSError | None:
        # Asked beforehand: filelock has ways of its own to do without, and warnings too.
        if (why := lock_trial(folder)) is not None:
            return why
        lock = FileLock(folder / self._name, timeout=self._timeout_s, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise
        except OSError as error:
            return error
        self._lock = lock
        return None


def warn_of_no_locks(folder: Path, why: OSError) -> None:
    """Say once what comes of it that files cannot be locked in a folder."""
    warn_once(
        f"Files in {folder} cannot be locked ({_words(why)}): two kernels that load, start or "
        "save the same thing at the same moment may do it twice. Set XDG_STATE_HOME to a folder on "
        "a disk of this machine.",
        about="locks",
    )


def lock_trial(folder: Path) -> OSError | None:
    """Lock a file in a folder and let it go; return what went wrong, if something did."""
    if fcntl is None:
        return None
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error
    return None


def _words(error: OSError) -> str:
    return error.strerror or str(error)


def _writable(wanted: Path, spare: Path) -> Path:
    """Return the first of two folders that can be written; tried once, for as long as it is there.

    Raises:
        FolderError: Neither can be.
    """
    with _choosing:
        if (found := _chosen.get(wanted)) is None or not found.is_dir():
            found = _chosen[wanted] = _choose(wanted, spare)
        return found


def _choose(wanted: Path, spare: Path) -> Path:
    if (why := trial(wanted)) is None:
        return wanted
    if not _is_private(_spare()) or trial(spare) is not None:
        raise FolderError(
            f"Neither {wanted} nor {spare} can be written: {_words(why)}.",
            hint="Make room, or set XDG_STATE_HOME to a folder that you may write to.",
        )
    warn_once(
        f"{wanted} cannot be written ({_words(why)}): what kernels tell each other lies in {spare} "
        "instead, and is lost when that is cleaned up. Give yourself the right to write there, "
        "make room, or set XDG_STATE_HOME.",
        about="home",
    )
    return spare


def _absolute(folder: Path) -> Path:
    """Return a folder of the user's, unless it would depend on where this process runs."""
    if folder.is_absolute():
        return folder
    with contextlib.suppress(RuntimeError):
        if (home := Path.home()).is_absolute():
            return home / ".local" / "state" / APP
    return _spare()


def _spare() -> Path:
    """Return the folder among the temporary files that is this user's alone."""
    # On Windows the folder for temporary files is the user's own already.
    name = f"{APP}-{os.getuid()}" if hasattr(os, "getuid") else APP
    return Path(tempfile.gettempdir()) / name


def _is_private(folder: Path) -> bool:
    """Make a folder that nobody else may enter; say whether it is one.

    Among the temporary files anybody may have put something in its place.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(found.st_mode)
    shared = found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not shared
