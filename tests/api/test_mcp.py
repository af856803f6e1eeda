"""MCP servers: as programs and at addresses, and whatever they do wrong."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lms_jupyter.api.mcp import stdio
from lms_jupyter.api.mcp.client import McpClient, McpToolError
from lms_jupyter.api.mcp.servers import McpServer, read_servers
from lms_jupyter.api.mcp.tools import tools_of_servers
from lms_jupyter.errors import CommandError, McpError
from tests.api import mcp_server

PROGRAM = str(Path(mcp_server.__file__))


def program(mood: str = "") -> McpServer:
    return McpServer(name="test", command=sys.executable, args=(PROGRAM, mood))


@pytest.fixture(params=["", "chatty", "asks"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[McpClient]:
    """Return a client of a program that answers, also if it prints, or asks us first."""
    client = McpClient(program(request.param), tmp_path)
    yield client
    client.close()


def test_a_program_lists_its_tools_page_by_page_and_carries_them_out(client: McpClient) -> None:
    tools = client.tools()

    assert [tool.name for tool in tools] == [tool["name"] for tool in mcp_server.TOOLS]
    assert tools[0].parameters["required"] == ["a", "b"]
    assert tools[2].description == "fail"
    assert client.call("add", {"a": 12, "b": 30}) == "42"
    assert client.call("files/read", {}) == "inside"
    assert client.call("picture", {}) == "[image, image/png, 3 bytes: not shown to you]"
    with pytest.raises(McpToolError, match="no such town"):
        client.call("fail", {})


def test_a_program_gets_no_keys_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server = McpServer(name="test", command=sys.executable, args=(PROGRAM,), env={"TOWN": "Delft"})
    client = McpClient(server, tmp_path)

    told = json.loads(client.call("environment", {}))
    client.close()

    assert told["TOWN"] == "Delft"
    assert told["PATH"] == os.environ["PATH"]
    assert "OPENAI_API_KEY" not in told
    assert "Delft" not in repr(server)


def test_a_program_ends_with_its_client_also_if_it_would_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stdio, "END_S", 0.2)
    client = McpClient(program("stays"), tmp_path)
    process = client._channel._process  # type: ignore[attr-defined]

    client.close()

    assert process.returncode is not None
    assert [thread for thread in threading.enumerate() if thread.name == "mcp-test"] == []


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        (McpServer(name="x", command="no-such-program"), "there is no program 'no-such-program'"),
        (program("dies"), "has ended (exit code 3). It said: no key is set"),
        (program("odd"), "lists no tools"),
        (program("refuses"), "refuses tools/list: no tools here"),
        (McpServer(name="x", command=sys.executable, cwd="nowhere"), "cannot be started: No such"),
    ],
)
def test_a_program_that_is_no_good_is_one_sentence(
    tmp_path: Path, server: McpServer, sentence: str
) -> None:
    with pytest.raises(McpError) as error:
        _tools(McpClient(server, tmp_path))

    assert sentence in str(error.value)


def _tools(client: McpClient) -> None:
    try:
        client.tools()
    finally:
        client.close()


def test_a_program_that_never_answers_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lms_jupyter.api.mcp.client.START_S", 0.05)
    silent = McpServer(
        name="test", command=sys.executable, args=("-c", "import sys; sys.stdin.read()")
    )

    with pytest.raises(McpError, match="has not answered in time"):
        McpClient(silent, tmp_path)


def test_a_program_that_ends_during_a_call_fails_that_call(tmp_path: Path) -> None:
    client = McpClient(program(), tmp_path)

    with pytest.raises(McpError, match=r"has ended \(exit code 1\)"):
        client.call("ends", {})
    with pytest.raises(McpError, match="has ended"):
        client.call("add", {"a": 1, "b": 2})
    client.close()


LOGIN = 'Bearer resource_metadata="https://a.example/.well-known/oauth-protected-resource"'


class _Handler(BaseHTTPRequestHandler):
    """Answers as JSON or as a stream of events, by its path; wants a header."""

    asked: ClassVar[list[tuple[str, str | None, str | None]]] = []

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        version = self.headers["MCP-Protocol-Version"]
        self.asked.append((asked["method"], self.headers["Mcp-Session-Id"], version))
        if self.headers["Authorization"] != "Bearer key":
            self._put(401, "text/plain", "no")
        elif self.path == "/login":
            self._put(401, "text/plain", "no", **{"WWW-Authenticate": LOGIN})
        elif "id" not in asked:
            self._put(202, "text/plain", "")
        elif self.path == "/html":
            self._put(200, "text/html", "<p>Hello</p>")
        elif self.path == "/silent":
            self._put(200, "text/event-stream", ": nothing to say\n\n")
        elif self.path in ("/json", "/events"):
            result = mcp_server.result(asked["method"], asked["params"])
            text = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result})
            note = json.dumps({"jsonrpc": "2.0", "method": "notifications/progress"})
            events = f"event: message\ndata: {note}\n\nid: 2\r\ndata: {text}\r\n\r\n"
            is_json = self.path == "/json"
            kind = "application/json" if is_json else "text/event-stream; charset=utf-8"
            self._put(200, kind, text if is_json else events)
        else:
            self._put(404, "text/plain", "no")

    def do_DELETE(self) -> None:
        self.asked.append(("DELETE", self.headers["Mcp-Session-Id"], None))
        self._put(200, "text/plain", "")

    def _put(self, code: int, kind: str, text: str, **headers: str) -> None:
        body = text.encode()
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Mcp-Session-Id", "s1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        served.shutdown()


def at(url: str, key: str = "key") -> McpServer:
    return McpServer(name="far", url=url, headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize("path", ["json", "events"])
def test_a_server_at_an_address_does_the_same(address: str, path: str, tmp_path: Path) -> None:
    _Handler.asked.clear()
    client = McpClient(at(f"{address}/{path}"), tmp_path)

    assert len(client.tools()) == len(mcp_server.TOOLS)
    assert client.call("add", {"a": 12, "b": 30}) == "42"
    client.close()

    assert _Handler.asked[0] == ("initialize", None, None)
    assert _Handler.asked[1] == ("notifications/initialized", "s1", "2025-03-26")
    assert _Handler.asked[-1] == ("DELETE", "s1", None)


@pytest.mark.parametrize(
    ("path", "key", "sentence"),
    [
        ("/json", "wrong", "refuses (401)"),
        ("/login", "key", "wants a login in a browser (OAuth)"),
        ("/", "key", "does not take messages at its address (404)"),
        ("/html", "key", "answers what is no JSON"),
        ("/silent", "key", "has ended its stream unanswered"),
    ],
)
def test_an_address_that_is_no_good_is_one_sentence(
    address: str, path: str, key: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(McpError) as error:
        McpClient(at(address + path, key), tmp_path)

    assert sentence in str(error.value)
    assert "Bearer" not in f"{error.value} {error.value.hint}"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/mcp", "http://[", "http://x:99999/"])
def test_an_address_that_nobody_answers_at_cannot_be_reached(url: str, tmp_path: Path) -> None:
    with pytest.raises(McpError, match="cannot be reached"):
        McpClient(at(url), tmp_path)


def test_headers_that_http_does_not_allow_are_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(McpError) as error:
        McpClient(at("http://127.0.0.1:1", "schlüssel☃"), tmp_path)

    assert "☃" not in str(error.value)


def write(folder: Path, said: Any) -> Path:
    file = folder / "mcp.json"
    file.write_text(said if isinstance(said, str) else json.dumps(said))
    return file


def servers(**named: Any) -> dict[str, Any]:
    return {"mcpServers": named}


def test_a_file_of_lm_studio_names_programs_and_addresses(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        servers(
            files={"command": "npx", "args": ["-y", "it"], "env": {"A": "b"}, "timeout": 5},
            far={"url": "https://mcp.example/mcp", "headers": {"Authorization": "Bearer x"}},
            off={"command": "no", "disabled": True},
        ),
    )

    files, far = read_servers(file)

    assert (files.name, files.command, files.args, files.env) == (
        *("files", "npx", ("-y", "it")),
        {"A": "b"},
    )
    assert (far.name, far.url) == ("far", "https://mcp.example/mcp")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("\ud83d", "is no JSON"),
        ([], "has no object `mcpServers`"),
        ({"mcpServers": []}, "has no object `mcpServers`"),
        (servers(), "names no MCP server"),
        (servers(x=3), "the server 'x' is no object"),
        (servers(x={}), "has neither of `command` and `url`"),
        (servers(x={"command": "a", "url": "http://b"}), "has both of `command` and `url`"),
        (servers(x={"url": "file:///etc/passwd"}), "neither http:// nor https://"),
        (servers(x={"url": "http://b/sse", "type": "sse"}), "speaks the protocol of 2024 (sse)"),
        (servers(x={"command": ["a"]}), "`command` that is no text"),
        (servers(x={"command": "a\0b"}), "`command` that is no text"),
        (servers(x={"command": "a", "args": "b"}), "`args` that are no list of texts"),
        (servers(x={"command": "a", "env": {"B": 3}}), "`env` that is no object of texts"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(tmp_path: Path, said: Any, sentence: str) -> None:
    file = tmp_path / "mcp.json"
    text = said if isinstance(said, str) else json.dumps(said)
    file.write_bytes(text.encode(errors="surrogatepass"))

    with pytest.raises(CommandError) as error:
        read_servers(file)

    assert sentence in str(error.value)


def test_what_is_no_file_or_too_large_is_refused(tmp_path: Path) -> None:
    for file, sentence in ((tmp_path, "is no file"), (tmp_path / "no.json", "does not exist")):
        with pytest.raises(CommandError, match=sentence):
            read_servers(file)
    with pytest.raises(CommandError, match="more than 1,000,000 bytes"):
        read_servers(write(tmp_path, " " * 1_000_001))


TWO = servers(
    one={"command": sys.executable, "args": [PROGRAM]},
    two={"command": sys.executable, "args": [PROGRAM]},
)


def test_each_tool_has_a_name_that_models_can_write(tmp_path: Path) -> None:
    file = write(tmp_path, servers(one=TWO["mcpServers"]["one"]))

    with tools_of_servers(file, taken=["add"]) as tools:
        names = [tool.name for tool in tools]
        assert tools[0].function(a=1, b=2) == "3"

    assert names[:3] == ["one_add", "files_read", "fail"]
    with pytest.raises(McpError):
        tools[0].function(a=1, b=2)


def test_two_servers_with_the_same_tools_are_told_apart(tmp_path: Path) -> None:
    with tools_of_servers(write(tmp_path, TWO), allowed=["add", "files/read"]) as tools:
        names = [tool.name for tool in tools]

    assert names == ["one_add", "one_files_read", "two_add", "two_files_read"]


def test_a_tool_that_no_server_has_is_named_and_the_servers_end(tmp_path: Path) -> None:
    file = write(tmp_path, TWO)

    with (
        pytest.raises(CommandError, match="has a tool 'sub'") as error,
        tools_of_servers(file, allowed=["sub"]),
    ):
        pytest.fail("It was offered.")

    assert "add, ends, environment" in error.value.hint
    assert [thread for thread in threading.enumerate() if thread.name.startswith("mcp-")] == []
