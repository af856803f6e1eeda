"""Homes as they are: without locks, not to be written, full, or not there at all."""

import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from lms_jupyter.errors import FolderError
from lms_jupyter.hosts import state_folder
from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import Lease, LeaseBook

WITHOUT = Path(__file__).with_name("without.py")
HOMES = ("XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME")
SESSION = """
import asyncio, os, sys
from pathlib import Path
from lms_jupyter.hosts import embedded

greeting = asyncio.run(embedded.start_engine())
assert asyncio.run(embedded.start_engine()).address == greeting.address, "a second engine"
os.environ["LMS_JUPYTER_HOST"] = greeting.address
import lms_jupyter
from lms_jupyter.api.profiles import ProfileFile
from lms_jupyter.protocol.models import Profile

try:
    llm = lms_jupyter.load("tutor-1m", ttl=60)
    print(llm.respond("Hello").stats.stop_reason, [i.identifier for i in lms_jupyter.ps()])
    ProfileFile(Path(sys.argv[1])).save(Profile(name="fast"))
    lms_jupyter.unload("tutor-1m")
finally:
    assert asyncio.run(embedded.stop_engine())
"""


def session(
    folder: Path, environment: dict[str, str], before: Sequence[str] = ()
) -> tuple[str, list[str]]:
    """Use the engine, a model and a profile; return what was printed, and every warning."""
    own = {name: value for name, value in os.environ.items() if name not in HOMES}
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "notebooks").mkdir(exist_ok=True)
    told = subprocess.run(
        [*before, sys.executable, "-P", "-W", "always", "-c", SESSION, str(folder / "notebooks")],
        env={**own, "TMPDIR": str(folder / "tmp"), **environment},
        cwd=folder / "notebooks",
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert (folder / "notebooks" / "lms_profiles.toml").is_file()
    return told.stdout.strip(), re.findall(r"UserWarning: (.*)", told.stderr)


USED = "eosFound ['tutor-1m']"


@pytest.mark.parametrize("error", ["ENOLCK", "ENOSYS", "EOPNOTSUPP", "EINVAL", "EIO"])
def test_without_locks_all_works_and_one_warning_says_what_is_lost(
    error: str, tmp_path: Path
) -> None:
    before = (sys.executable, str(WITHOUT), "flock", error)

    used, warnings = session(tmp_path, {"HOME": str(tmp_path / "home")}, before)

    assert used == USED
    (warning,) = [w for w in warnings if "lock" in w.lower()]
    assert str(tmp_path / "home") in warning
    assert "may" in warning
    assert "XDG_STATE_HOME" in warning


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int flock(int descriptor, int how) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    if (strncmp(path, getenv("NO_LOCKS_IN"), strlen(getenv("NO_LOCKS_IN"))) == 0) {
        errno = ENOLCK;
        return -1;
    }
    return ((int (*)(int, int))dlsym(RTLD_NEXT, "flock"))(descriptor, how);
}
"""


def test_where_only_the_home_has_no_locks_those_among_the_temporary_files_are_used(
    tmp_path: Path,
) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler, to put another flock before that of the system")
    (tmp_path / "shim.c").write_text(SHIM)
    shim = str(tmp_path / "shim.so")
    command = [compiler, "-shared", "-fPIC", "-o", shim, str(tmp_path / "shim.c"), "-ldl"]
    subprocess.run(command, check=True)
    home = str(tmp_path / "home")

    used, warnings = session(tmp_path, {"HOME": home, "LD_PRELOAD": shim, "NO_LOCKS_IN": home})

    assert used == USED
    assert len([w for w in warnings if "lock" in w.lower()]) == 1
    locks = {path.name for path in (tmp_path / "tmp").rglob("*.lock")}
    assert any(name.startswith("engine-") for name in locks)
    assert any(name.startswith("profiles-") for name in locks)


ODD = {
    "file": {"HOME": "{folder}/file"},
    "state_is_a_file": {"HOME": "{folder}/home", "XDG_STATE_HOME": "{folder}/file"},
    "below_a_file": {"HOME": "{folder}/home", "XDG_STATE_HOME": "{folder}/file/state"},
    "not_there": {"HOME": "/proc/nonexistent"},
    "null": {"HOME": "/dev/null"},
    "state_not_there": {"HOME": "{folder}/home", "XDG_STATE_HOME": "/proc/nonexistent/state"},
}


@pytest.mark.parametrize("name", ODD)
def test_where_the_home_cannot_be_written_all_works_and_one_warning_says_so(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    odd = {key: value.format(folder=tmp_path) for key, value in ODD[name].items()}

    used, warnings = session(tmp_path, odd)

    assert used == USED
    (warning,) = [w for w in warnings if "cannot be written" in w]
    place = odd.get("XDG_STATE_HOME", odd["HOME"])
    assert warning.startswith(place)
    assert str(tmp_path / "tmp") in warning
    assert "XDG_STATE_HOME" in warning
    (spare,) = (tmp_path / "tmp").glob("lms-jupyter-*")
    assert stat.S_IMODE(spare.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "environment",
    [{}, {"HOME": ""}, {"HOME": "relative"}, {"HOME": "", "XDG_STATE_HOME": "relative"}],
)
def test_nothing_is_written_where_a_program_happens_to_run(
    environment: dict[str, str], tmp_path: Path
) -> None:
    told = (
        {"HOME": str(tmp_path / "home"), **environment}
        if "HOME" not in environment
        else environment
    )

    used, _ = session(tmp_path, told)

    assert used == USED
    assert {path.name for path in (tmp_path / "notebooks").iterdir()} == {"lms_profiles.toml"}


MOUNTED = """
set -e
mount -t tmpfs -o size=16k,mode=700 none "$HOME" || exit 77
{then}
exec "$@"
"""


@pytest.mark.parametrize(
    "then",
    [
        'mount -o remount,ro "$HOME"',
        'cat /dev/zero > "$HOME/full" || true',
        'head -c 12288 /dev/zero > "$HOME/almost"',
        'head -c 8192 /dev/zero > "$HOME/almost"',
    ],
    ids=["read_only", "full", "one_page_left", "two_pages_left"],
)
def test_on_a_disk_that_is_full_or_read_only_all_works(then: str, tmp_path: Path) -> None:
    home = tmp_path / "disk"
    home.mkdir()
    script = MOUNTED.format(then=then)
    root = () if os.geteuid() == 0 else ("-r",)
    before = ("unshare", *root, "-m", "sh", "-c", script, "mounted")
    can = subprocess.run(
        [*before, "true"], env={**os.environ, "HOME": str(home)}, capture_output=True, check=False
    )
    if can.returncode:
        pytest.skip(f"needs the right to mount: {can.stderr.decode().strip()}")

    used, warnings = session(tmp_path, {"HOME": str(home)}, before)

    assert used == USED
    (warning,) = [w for w in warnings if "cannot be written" in w]
    assert warning.startswith(str(home))


def test_the_names_of_home_and_notebook_may_be_any_bytes(tmp_path: Path) -> None:
    home = os.fsdecode(bytes(tmp_path / "home") + b"\xff\xfe")
    notebook = os.fsdecode(bytes(tmp_path / "notebooks") + b"/caf\xe9.ipynb")

    used, warnings = session(tmp_path, {"HOME": home, "JPY_SESSION_NAME": notebook})

    assert used == USED
    assert not warnings


def test_modules_beside_a_notebook_are_not_taken_for_the_engines(tmp_path: Path) -> None:
    """A program that Python starts as a module looks for all others where it runs first."""
    (tmp_path / "notebooks").mkdir()
    for name in ("types", "random", "json", "logging", "jinja2", "aiohttp", "xllamacpp"):
        own = "raise SystemExit('a module of the notebook')"
        (tmp_path / "notebooks" / f"{name}.py").write_text(own)

    used, warnings = session(tmp_path, {"HOME": str(tmp_path / "home")})

    assert used == USED
    assert not warnings


def test_where_nothing_can_be_written_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))

    with pytest.raises(FolderError, match=r"Neither .* can be written") as caught:
        state_folder.state_folder()
    assert "XDG_STATE_HOME" in caught.value.hint

    book = LeaseBook()
    holder = Identity(kernel_id="k", notebook=None, pid=os.getpid(), machine="m")
    lease = Lease(
        address="h:1", instance_reference="r", identifier="i", model_key="m", holder=holder
    )
    with pytest.warns(UserWarning, match="until its TTL ends"):
        book.write(lease)
    book.remove(lease)
    book.watching(1)
    book.unwatch(1)
    assert (book.all(), book.is_watched, book.folder) == ((), False, None)


@pytest.mark.parametrize("put", ["link", "open", "file"])
def test_what_somebody_else_has_put_among_the_temporary_files_is_not_used(
    put: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spare = tmp_path / f"lms-jupyter-{os.getuid()}"
    if put == "link":
        spare.symlink_to(tmp_path / "elsewhere")
    elif put == "open":
        spare.mkdir()
        spare.chmod(0o777)
    else:
        spare.write_text("")

    with pytest.raises(FolderError):
        state_folder.state_folder()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_that_is_removed_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = state_folder.state_folder()
    folder.rmdir()

    assert state_folder.state_folder() == folder
    assert folder.is_dir()
