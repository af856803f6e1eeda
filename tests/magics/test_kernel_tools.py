"""`%%lms --tools` in a kernel, with a model that really calls them."""

import json
import sys
from pathlib import Path

import pytest

from tests.api import mcp_server

from .kernels import TIMEOUT_S, Kernel, Ran

ADD = '''
called = []
def add(a: int, b: int) -> int:
    """Add two numbers."""
    called.append((a, b))
    print("adding")
    return a + b
'''
ASK = "%%lms tutor-1m --temperature 0 --as answer --tools add {}\nWhat is 12 plus 30?"


@pytest.fixture(autouse=True)
def _a_tool(kernel: Kernel) -> None:
    assert kernel.run(ADD).error == ""


def test_a_model_calls_a_function_of_the_notebook_and_answers(kernel: Kernel) -> None:
    ran = kernel.run(ASK.format("--yes"))

    assert ran.error == "", ran.error_text
    assert kernel.value("called") == "[(12, 30)]"
    assert kernel.value("answer.calls[0].text") == "42"
    assert "42" in kernel.value("answer")
    assert "adding" in ran.text
    shown = [data for _, data in ran.updates if "add(a=12, b=30)" in data.get("text/plain", "")]
    assert shown[-1]["text/plain"] == "add(a=12, b=30) → 42"
    assert "<code>add(a=12, b=30)</code>" in shown[-1]["text/html"]
    assert "1 tool call" in ran.bundles[-1]["text/plain"]


def test_the_front_end_is_asked_for_each_call(kernel: Kernel) -> None:
    asked = kernel.begin(ASK.format(""))
    assert kernel.client is not None
    question = kernel.client.get_stdin_msg(timeout=TIMEOUT_S)["content"]["prompt"]
    kernel.client.input("n")
    ran = kernel.end(asked)

    assert ran.error == "", ran.error_text
    assert question.startswith("Call add(a=12, b=30)?")
    assert kernel.value("called") == "[]"
    assert "refused" in ran.plain


def test_a_tool_that_never_returns_is_stopped_by_the_user(kernel: Kernel) -> None:
    kernel.run(
        "import time\n"
        'def add(a: int, b: int) -> int:\n    """Add two numbers."""\n'
        "    while True: time.sleep(0.01)\n"
    )
    stopped = []

    def stop(ran: Ran) -> None:
        running = any(data.get("text/plain", "").endswith(") …") for data in ran.bundles)
        if running and not stopped:
            stopped.append(True)
            kernel.manager.interrupt_kernel()

    ran = kernel.run(ASK.format("--yes"), stop)

    assert ran.error == "", ran.error_text
    assert "add(a=12, b=30) → stopped" in ran.plain
    assert "stopped" in ran.bundles[-1]["text/plain"]
    assert kernel.run(ASK.replace("--tools add {}", "")).error == ""


def test_names_of_functions_are_completed(kernel: Kernel) -> None:
    assert kernel.complete("%%lms --tools ad") == ["add"]


@pytest.mark.parametrize("mood", ["", "hangs"])
def test_a_model_calls_a_tool_of_an_mcp_server_which_ends_with_the_cell(
    kernel: Kernel, tmp_path: Path, mood: str
) -> None:
    program = {"command": sys.executable, "args": [mcp_server.__file__, mood]}
    file = tmp_path / "mcp.json"
    file.write_text(json.dumps({"mcpServers": {"test": program}}))
    stopped = []

    def stop(ran: Ran) -> None:
        running = any(data.get("text/plain", "").endswith(") …") for data in ran.bundles)
        if mood == "hangs" and running and not stopped:
            stopped.append(True)
            kernel.manager.interrupt_kernel()

    line = ASK.format("--yes").replace("--tools add", f"--mcp {file} --allowed-tools add")
    ran = kernel.run(line, stop)

    assert ran.error == "", ran.error_text
    outcome = "stopped" if mood else "42"
    assert f"add(a=12, b=30) → {outcome}" in ran.plain
    found = "[thread.name for thread in __import__('threading').enumerate()]"
    assert "mcp-test" not in kernel.value(found)
