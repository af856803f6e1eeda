"""Real kernels of several ipykernel releases, and a front end that is only its messages."""

import os
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

ANSWER_S = 30.0

PANEL = """
import time, pathlib
from lms_jupyter.hosts.base import Found
from tests.hosts.fake import FEATURES, FakeHost, fake_model
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.widgets import Panel

host = FakeHost(fake_model(), features=FEATURES)

async def find(_named):
    return Found(host=host, why="made for this test")

local = LocalManager(Manager(find))
local.connect()
panel = Panel(local.manager)
"""


class Kernel:
    """A running kernel: cells are run and comm messages are sent as JupyterLab does."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        self.heard: list[dict[str, Any]] = []
        """What came over iopub, first to last."""
        self.subshell: str | None = None
        if self._supports_subshells():
            self.subshell = self._control("create_subshell_request")["subshell_id"]

    def start(self, code: str) -> str:
        """Begin a cell; its number is returned."""
        return str(self._client.execute(code))

    def run(self, code: str) -> list[dict[str, Any]]:
        """Run a cell to its end and return what it said."""
        cell = self.start(code)
        self.wait_until_idle(cell)
        self._wait_for_reply(cell)
        return self.said_by(cell)

    def click(self, comm_id: str, command: dict[str, Any], rid: str) -> None:
        """Send a command of the panel's page, on a subshell where there are any."""
        self.custom(comm_id, {"rid": rid, "expires_at": None, "command": command})

    def custom(self, comm_id: str, content: dict[str, Any]) -> None:
        """Send a message of the panel's page, on a subshell where there are any."""
        message = self._client.session.msg(
            "comm_msg",
            {"comm_id": comm_id, "data": {"method": "custom", "content": content}},
        )
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        self._client.shell_channel.send(message)

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first message over iopub that is wanted, be it heard already."""
        for message in self.heard:
            if wanted(message):
                return message
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            try:
                message = self._client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            self.heard.append(message)
            if wanted(message):
                return message
        last = [f"{m['msg_type']}: {str(m['content'])[:200]}" for m in self.heard[-5:]]
        raise TimeoutError("The kernel did not say it. Its last words:\n" + "\n".join(last))

    def wait_until_idle(self, cell: str) -> None:
        self.wait_for(lambda m: _is_of(m, cell) and m["content"].get("execution_state") == "idle")

    def wait_for_answer(self, rid: str) -> dict[str, Any]:
        """Return the panel's answer to a click."""
        message = self.wait_for(lambda m: answered(m) == rid)
        reply: dict[str, Any] = message["content"]["data"]["content"]["reply"]
        return reply

    def wait_for_instance(self) -> None:
        """Wait until the panel shows something in memory."""
        self.wait_for(shows_an_instance)

    def has_ended(self, cell: str) -> bool:
        """Whether the end of a cell was heard by now."""
        states = [m["content"].get("execution_state") for m in self.said_by(cell)]
        return "idle" in states

    def said_by(self, cell: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if _is_of(message, cell)]

    @property
    def comm_id(self) -> str:
        """Which comm is the panel's."""
        opened = (m["content"] for m in self.heard if m["msg_type"] == "comm_open")
        return next(
            str(content["comm_id"])
            for content in opened
            if "activity" in content["data"].get("state", {})
        )

    def _wait_for_reply(self, cell: str) -> None:
        """Wait for the reply to a cell, as every front end does before it sends the next.

        ipykernel 7.0 to 7.3 may not notice a request that comes while it sends a reply
        (github.com/ipython/ipykernel/pull/1529).
        """
        while self._client.get_shell_msg(timeout=ANSWER_S)["parent_header"]["msg_id"] != cell:
            pass

    def _supports_subshells(self) -> bool:
        self._client.kernel_info()
        reply = self._client.get_shell_msg(timeout=ANSWER_S)
        return "kernel subshells" in reply["content"].get("supported_features", ())

    def _control(self, kind: str) -> dict[str, Any]:
        self._client.control_channel.send(self._client.session.msg(kind, {}))
        content: dict[str, Any] = self._client.get_control_msg(timeout=ANSWER_S)["content"]
        return content


@contextmanager
def kernel(*folders: Path) -> Iterator[Kernel]:
    """Run a kernel with these folders in front of this environment."""
    manager = KernelManager(kernel_name="python3")
    path = os.pathsep.join(map(str, (*folders, Path(__file__).parents[2])))
    manager.start_kernel(env={**os.environ, "PYTHONPATH": path})
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def text_of(messages: list[dict[str, Any]]) -> str:
    """Return what was printed."""
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


def _is_of(message: dict[str, Any], cell: str) -> bool:
    return message["parent_header"].get("msg_id") == cell


def answered(message: dict[str, Any]) -> str | None:
    if message["msg_type"] != "comm_msg":
        return None
    data = message["content"]["data"]
    return data["content"].get("rid") if data.get("method") == "custom" else None


def shows_an_instance(message: dict[str, Any]) -> bool:
    """Whether a message moves the panel's activity to one with an instance.

    The panel's script is in the messages too, so looking for a word in them would find it there.
    """
    state = message["content"].get("data", {}).get("state", {})
    return bool(state.get("activity", {}).get("instances"))
