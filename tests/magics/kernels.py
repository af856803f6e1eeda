"""A real kernel, as a front end drives it."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty
from typing import Any, Self

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

TIMEOUT_S = 60.0


@dataclass
class Ran:
    """What a cell put out."""

    text: str = ""
    bundles: list[dict[str, Any]] = field(default_factory=list)
    """Everything displayed, results included."""
    updates: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """Each with the time at which the kernel sent it."""
    error: str = ""
    error_text: str = ""

    @property
    def latest(self) -> dict[str, Any]:
        """What stands last in the output now."""
        return [*self.bundles, *(bundle for _, bundle in self.updates)][-1]

    @property
    def plain(self) -> str:
        """All text that a reader sees, in whatever form it came."""
        shown = [bundle.get("text/plain", "") for bundle in self.bundles]
        latest = [bundle.get("text/plain", "") for _, bundle in self.updates[-1:]]
        return "\n".join([self.text, *shown, *latest])


class Kernel:
    """A kernel that is started with `with`, and gone afterwards."""

    def __init__(self, environ: dict[str, str], folder: str, kernel_id: str | None = None) -> None:
        extra = {"kernel_id": kernel_id} if kernel_id else {}
        # Over files: a free port may be somebody else's before the kernel takes it.
        self._sockets = tempfile.TemporaryDirectory(prefix="k")
        self.manager = KernelManager(
            kernel_name="python3", transport="ipc", ip=f"{self._sockets.name}/k", **extra
        )
        self._environ = environ
        self._folder = folder
        self.client: BlockingKernelClient | None = None
        self._buttons: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.manager.start_kernel(env=self._environ, cwd=self._folder)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT_S)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.client is not None
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self._sockets.cleanup()

    def run(self, code: str, each: Callable[[Ran], None] = lambda _: None) -> Ran:
        """Run a cell to its end; `each` sees what there is after every message."""
        return self.end(self.begin(code), each)

    def begin(self, code: str) -> str:
        """Begin to run a cell; return what `end` wants."""
        assert self.client is not None
        asked: str = self.client.execute(code)
        return asked

    def end(self, asked: str, each: Callable[[Ran], None] = lambda _: None) -> Ran:
        """Wait for the end of a cell that was begun."""
        assert self.client is not None
        ran = self._followed(asked, each)
        while True:
            try:
                reply = self.client.get_shell_msg(timeout=TIMEOUT_S)
            except Empty:
                return ran
            if reply["parent_header"].get("msg_id") == asked:
                return ran

    def click(self, description: str) -> Ran:
        """Click the newest button that says this, as a front end tells the kernel."""
        assert self.client is not None
        content = {
            "comm_id": self._buttons[description],
            "data": {"method": "custom", "content": {"event": "click"}},
        }
        message = self.client.session.msg("comm_msg", content)
        self.client.shell_channel.send(message)
        return self._followed(message["header"]["msg_id"])

    def _followed(self, asked: str, each: Callable[[Ran], None] = lambda _: None) -> Ran:
        """Collect what a request puts out, until the kernel is idle again."""
        assert self.client is not None
        ran = Ran()
        until = time.monotonic() + TIMEOUT_S
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.1, until - time.monotonic()))
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    ran.text += content["text"]
                case "display_data" | "execute_result":
                    ran.bundles.append(content["data"])
                case "comm_open":
                    state = content["data"].get("state", {})
                    self._buttons[state.get("description", "")] = content["comm_id"]
                case "update_display_data":
                    ran.updates.append((message["header"]["date"].timestamp(), content["data"]))
                case "error":
                    ran.error = content["ename"]
                    ran.error_text = "\n".join([content["evalue"], *content["traceback"]])
                case "status" if content["execution_state"] == "idle":
                    break
            each(ran)
        return ran

    def value(self, expression: str) -> str:
        """Return the text of an expression in the kernel."""
        ran = self.run(f"print(({expression}))")
        assert not ran.error, ran.error_text
        return ran.text.strip()

    def complete(self, code: str) -> list[str]:
        """Return what Tab offers at the end of the code."""
        assert self.client is not None
        asked = self.client.complete(code, len(code))
        while True:
            reply = self.client.get_shell_msg(timeout=TIMEOUT_S)
            if reply["parent_header"].get("msg_id") == asked:
                matches: list[str] = reply["content"]["matches"]
                return matches
