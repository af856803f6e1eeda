import json
from typing import Any

from lms_jupyter.hosts.fake import FakeHost
from lms_jupyter.server.switchboard import Switchboard


async def slice_with(socket: Any, kind: str, wanted: Any) -> dict[str, Any]:
    while True:
        message = json.loads(await socket.read_message())
        if message.get("kind") == kind and wanted(message):
            return message


async def test_slices(jp_ws_fetch: Any, board: Switchboard, host: FakeHost) -> None:
    socket = await jp_ws_fetch("lms", "slices")
    await slice_with(socket, "activity", lambda a: a["host"]["link"] == "connected")
    await socket.write_message(
        json.dumps({"rid": "1", "command": {"kind": "load", "model_key": "qwen/qwen3-4b"}})
    )
    await slice_with(socket, "activity", lambda a: a["instances"])
    socket.close()
