"""`%%lms --mcp`: a scripted model calls tools of MCP servers."""

import json
import sys
import threading
from pathlib import Path

import pytest

from tests.api import mcp_server

from .scripted import Ask, Scripted, ask, call, host

__all__ = ["ask", "host"]
"""Fixtures."""


@pytest.fixture
def mcp_file(tmp_path: Path) -> str:
    """Return a file that names a server, as LM Studio's has them."""
    program = {"command": sys.executable, "args": [mcp_server.__file__]}
    file = tmp_path / "mcp.json"
    file.write_text(json.dumps({"mcpServers": {"test": program}}))
    return str(file)


def test_tools_of_mcp_servers_are_called_beside_the_notebooks_own(
    ask: Ask, host: Scripted, mcp_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    host.rounds = [[call("test_add", a=1, b=2), call(a=3, b=4), call("fail")], ["Done."]]

    answer = ask(f"--tools add --mcp {mcp_file} --allowed-tools add,fail --yes")

    assert [tool.name for tool in host.prompts[0][1].tools] == ["add", "test_add", "fail"]
    assert host.told == ["3", "7", "Error: McpToolError: no such town"]
    assert [called.outcome for called in answer.calls] == ["answered", "answered", "failed"]
    assert "test_add(a=1, b=2) → 3" in capsys.readouterr().out
    assert [thread for thread in threading.enumerate() if thread.name.startswith("mcp-")] == []


def test_a_call_of_an_mcp_server_is_asked_for_as_every_call(
    ask: Ask, host: Scripted, mcp_file: str
) -> None:
    host.rounds = [[call("add", a=1, b=2)], ["I see."]]

    ask(f"--mcp {mcp_file}", "n")

    assert host.told == ["Error: the user does not allow this call"]


def test_an_mcp_server_that_ends_fails_its_call_alone(
    ask: Ask, host: Scripted, mcp_file: str
) -> None:
    host.rounds = [[call("ends"), call("add", a=1, b=2)], ["I see."]]

    assert ask(f"--mcp {mcp_file} --yes") == "I see."

    assert all("has ended" in told for told in host.told)
