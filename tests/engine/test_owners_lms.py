"""LM Studio's own `lms`, which can carry no token, and an engine that wants one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_jupyter.engine.routes import peers

from .conftest import EngineProcess, start_engine


@pytest.fixture(scope="module")
def owned(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("owned")
    engine = start_engine(models, folder / "log", "--announce", str(folder / "engine.json"))
    yield engine
    assert engine.stop() == 0


LMS = r"""
import json, socket, sys
host, port = sys.argv[-1].rsplit(":", 1)
connection = socket.create_connection((host, int(port)))
connection.sendall(
    f"GET /system HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
)
said = json.dumps({"authVersion": 1, "clientIdentifier": sys.argv[-2], "clientPasskey": "x"})
connection.sendall(bytes([0x81, 0x80 | len(said), 0, 0, 0, 0]) + said.encode())
heard = b""
while b"success" not in heard or b"}" not in heard:
    heard += connection.recv(4096)
said = heard[heard.index(b"{"):]
sys.stdout.write(said[:said.index(b"}") + 1].decode())
"""
"""A client of the standard library, which any program may be called like."""

PYTHON = shutil.which("python3", path=os.defpath)
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="no other system tells whose a socket is"
)


@LINUX
@pytest.mark.parametrize(
    ("program", "identifier", "is_let_in"),
    [
        (["/home/me/.lmstudio/bin/lms"], "lms-cli", True),
        (["lms"], "lms-cli-remote-abc", True),
        (["lms"], "guest:abc", False),
        (["sshd: me@notty"], "lms-cli", False),
        (["/home/me/lms/bin/relay"], "lms-cli", False),
    ],
)
def test_lms_is_let_in_where_its_owner_runs_it(
    owned: EngineProcess, program: list[str], identifier: str, *, is_let_in: bool
) -> None:
    told = subprocess.run(
        [*program, "-c", LMS, identifier, owned.address],
        executable=sys.executable,
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )

    assert json.loads(told.stdout)["success"] is is_let_in


@LINUX
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
@pytest.mark.skipif(PYTHON is None, reason="no Python here that another user could run")
def test_lms_of_another_user_is_not_let_in(owned: EngineProcess) -> None:
    nobody = 65534
    told = subprocess.run(
        ["/usr/bin/lms", "-c", LMS, "lms-cli", owned.address],
        executable=PYTHON,
        user=nobody,
        group=nobody,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )

    assert json.loads(told.stdout)["success"] is False


def test_only_lms_itself_is_lms(tmp_path: Path) -> None:
    def is_lms(*words: str) -> bool:
        (tmp_path / "cmdline").write_bytes(b"\0".join(os.fsencode(word) for word in (*words, "")))
        return peers._is_lms(tmp_path)

    assert is_lms("/usr/bin/node", "--no-warnings", "/src/lms/dist/index.js", "ps")
    assert is_lms("/opt/lms.exe")
    assert not is_lms("/usr/bin/node", "/src/relay.js", "/src/lms/dist/index.js")
    assert not is_lms("/usr/bin/python3", "/src/lms/relay.py")
    assert not is_lms("")
