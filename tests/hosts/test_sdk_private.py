"""The private names of the SDK that are needed are there, in the oldest and the newest SDK."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import lmstudio
import pytest

from lms_jupyter.hosts import sdk_private
from tests.installed import INSTALL_S

HOSTS = Path(sdk_private.__file__).parent
LOOK = """
import asyncio, json, sys
import lmstudio
from lms_jupyter.hosts import sdk_private
async def look():
    with lmstudio.Client(sys.argv[1]) as client:
        client.llm.connect()
        handle = lmstudio.LLM("any", client.llm)
        async with lmstudio.AsyncClient(sys.argv[1]) as other:
            print(json.dumps(sdk_private.lost(client, handle, other.llm)))
asyncio.run(look())
"""


def lost_of(address: str, folder: Path | None = None) -> list[str]:
    """Ask in a process of its own, with the SDK of a folder if one is given."""
    path = {"PYTHONPATH": str(folder)} if folder else {}
    found = subprocess.run(
        [sys.executable, "-c", LOOK, address],
        env=os.environ | path,
        cwd=HOSTS.parents[1],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    names: list[str] = json.loads(found.stdout)
    return names


def test_the_installed_sdk_has_all_of_them(address: str) -> None:
    assert lost_of(address) == []


@pytest.mark.timeout(INSTALL_S + 60)
def test_the_newest_sdk_has_all_of_them(address: str, newest_sdk: Path) -> None:
    assert lost_of(address, newest_sdk) == []


@pytest.mark.asyncio
async def test_what_a_later_sdk_has_lost_is_named(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sdk_private.NEEDED, "lmstudio.sync_api", ("_default_client", "_gone"))
    monkeypatch.setitem(sdk_private.NEEDED, "lmstudio.nowhere", ("all",))
    async with lmstudio.AsyncClient(address) as other:
        with lmstudio.Client(address) as client:
            client.llm.connect()
            handle = lmstudio.LLM("any", client.llm)
            of_modules = ["lmstudio.sync_api._gone", "lmstudio.nowhere.all"]

            assert sdk_private.lost(client, handle, other.llm) == of_modules
            del handle._session

            assert sdk_private.lost(client, handle, other.llm) == [*of_modules, "handle._session"]


def test_no_other_module_reaches_for_private_names_of_the_sdk() -> None:
    private = {name for names in sdk_private.NEEDED.values() for name in names}
    private |= {
        *sdk_private.NEEDED_OF_CLIENTS,
        *sdk_private.NEEDED_OF_SESSIONS,
        *sdk_private.NEEDED_OF_WEBSOCKETS,
    }
    private = {name for name in private if name.startswith("_")} - {"_session", "_client"}
    found = [
        f"{file.name}:{node.lineno} {node.attr}"
        for file in sorted(HOSTS.glob("*.py"))
        if file.name != "sdk_private.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in private
        # Our own classes have such names too; what they override stands in their own bodies.
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ]

    imported = [
        f"{file.name}:{node.lineno} {alias.name}"
        for file in sorted(HOSTS.glob("*.py"))
        if file.name != "sdk_private.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lmstudio")
        for alias in node.names
        if alias.name.startswith("_")
    ]

    assert found == []
    assert imported == []
