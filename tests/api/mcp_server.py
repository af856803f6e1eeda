"""A small MCP server for tests: a program, or an address on this machine; each has its moods.

    python mcp_server.py [MOOD]

speaks MCP on its standard input and output.
"""

import json
import os
import sys
import time
from typing import Any

TOOLS = [
    {
        "name": "add",
        "description": "Add two numbers.",
        "inputSchema": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
    {"name": "files/read", "description": "Read a file.", "inputSchema": {"type": "object"}},
    {"name": "fail", "inputSchema": {"type": "object"}},
    {"name": "forever", "inputSchema": {"type": "object"}},
    {"name": "picture", "inputSchema": {"type": "object"}},
    {"name": "ends", "inputSchema": {"type": "object"}},
    {"name": "environment", "inputSchema": {"type": "object"}},
]
RESULTS: dict[str, Any] = {
    "files/read": {"content": [{"type": "resource", "resource": {"uri": "f", "text": "inside"}}]},
    "fail": {"content": [{"type": "text", "text": "no such town"}], "isError": True},
    "picture": {"content": [{"type": "image", "data": "QUJD", "mimeType": "image/png"}]},
}


def result(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a request is answered with; nothing if it never is."""
    if method == "initialize":
        info = {"name": "test", "version": "1"}
        return {"protocolVersion": "2025-03-26", "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        # Two pages.
        return (
            {"tools": TOOLS[2:]}
            if params.get("cursor")
            else {"tools": TOOLS[:2], "nextCursor": "2"}
        )
    name, arguments = params["name"], params["arguments"]
    if name == "add":
        total = arguments["a"] + arguments["b"]
        return {"content": [{"type": "text", "text": str(total)}], "structuredContent": {}}
    if name == "environment":
        return {"content": [], "structuredContent": dict(os.environ)}
    return RESULTS.get(name)


def write(message: object) -> None:
    """Send a line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def ask(method: str) -> dict[str, Any]:
    """Ask the client something, and return its reply."""
    write({"jsonrpc": "2.0", "id": method, "method": method})
    reply: dict[str, Any] = json.loads(sys.stdin.readline())
    return reply


def answer(mood: str, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is said to a request, beside its number."""
    if mood == "hangs" and method == "tools/call":
        return None
    if params.get("name") == "ends":
        sys.exit(1)
    if mood == "asks":
        assert ask("ping")["result"] == {}
        assert ask("roots/list")["error"]["code"] == -32601
    if method == "tools/list" and mood == "odd":
        return {"result": {"tools": 3}}
    if method == "tools/list" and mood == "refuses":
        return {"error": {"code": -32601, "message": "no tools here"}}
    found = result(method, params)
    return None if found is None else {"result": found}


def serve(mood: str) -> None:
    """Answer what comes, until nothing does."""
    if mood == "dies":
        sys.stderr.write("no key is set\n")
        sys.exit(3)
    if mood == "chatty":
        sys.stdout.write("Welcome to the server!\n")
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked and "method" in asked:
            said = answer(mood, asked["method"], asked.get("params", {}))
            if said is not None:
                write({"jsonrpc": "2.0", "id": asked["id"], **said})
    while mood == "stays":
        time.sleep(1)


if __name__ == "__main__":
    serve(sys.argv[1] if len(sys.argv) > 1 else "")
