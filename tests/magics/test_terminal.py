"""IPython in a real terminal: a pseudo-terminal with its prompt, as a user types into it."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

IPYTHON = [sys.executable, "-m", "IPython"]
QUIET = ["--no-banner", "--no-confirm-exit", "--colors=NoColor", "--HistoryManager.enabled=False"]
TIMEOUT_S = 60


@pytest.fixture
def terminal(environ: dict[str, str], folder: Path) -> Iterator[Any]:
    child = pexpect.spawn(
        IPYTHON[0],
        [*IPYTHON[1:], *QUIET],
        env={**environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
        cwd=str(folder),
        dimensions=(40, 120),
        encoding="utf-8",
        timeout=TIMEOUT_S,
    )
    child.expect_exact("In [1]:")
    yield child
    child.close(force=True)


def run(child: Any, line: str, number: int) -> str:
    """Type a line and return everything up to the next prompt."""
    child.send(f"{line}\r")
    child.expect_exact(f"In [{number}]:")
    return str(child.before)


def test_verbs_work_and_tab_completes_them_in_a_terminal(terminal: Any) -> None:
    run(terminal, "%load_ext lms_jupyter", 2)
    loaded = run(terminal, "llm = %lms load tutor-1m --identifier chat", 3)
    assert "chat is loaded" in loaded
    assert "IDENTIFIER" in run(terminal, "%lms ps", 4)

    terminal.send("%lms unl\t")
    terminal.expect_exact("unload")
    terminal.send(" ch\t")
    terminal.expect_exact("chat")
    unloaded = run(terminal, "", 5)
    assert "chat is unloaded." in unloaded


def test_tab_offers_flags_keys_and_variants_in_a_terminal(terminal: Any) -> None:
    run(terminal, "%load_ext lms_jupyter", 2)
    run(terminal, "%lms ls", 3)

    terminal.send("%lms load tutor-1m@q\t")
    terminal.expect_exact("tutor-1m@q4_0")
    terminal.expect_exact("tutor-1m@q8_0")
    terminal.send("\x15%lms load tutor-1m --con\t")
    terminal.expect_exact("--context-length")
    terminal.send("\x15%lms laod\r")
    terminal.expect_exact("Did you mean %lms load?")


def test_what_needs_a_browser_is_text_in_a_terminal_and_nothing_waits_for_a_choice(
    terminal: Any,
) -> None:
    run(terminal, "%load_ext lms_jupyter", 2)
    unclear = run(terminal, "%lms load tutor", 3)
    no_widgets = run(terminal, "import sys; 'anywidget' in sys.modules", 4)
    assert "False" in no_widgets
    panel = run(terminal, "%lms panel", 5)
    table = run(terminal, "import lms_jupyter; lms_jupyter.ls()", 6)

    assert "Name one of them in full: tutor-1m" in unclear.replace("\r\n", " ")
    later = run(terminal, "llm = %lms load tutor-1m@q4_0", 7)

    assert "Models in memory of Embedded engine" in panel
    assert "LLM" in table
    assert "is loaded" in later
    assert "Models in memory" not in later, "what is shown cannot be changed, only shown again"


def test_an_answer_is_written_into_the_terminal_as_it_comes(terminal: Any) -> None:
    run(terminal, "%load_ext lms_jupyter", 2)
    said = run(terminal, "%lms chat tutor-1m -p 'What is a token?'", 3)

    assert "token" in said
    assert "tokens/s" in said


def test_control_c_stops_an_answer_and_leaves_the_prompt(terminal: Any) -> None:
    run(terminal, "%load_ext lms_jupyter", 2)
    run(terminal, "%lms load slow-llm", 3)
    run(terminal, "n = {'type': 'array', 'items': {'type': 'integer'}, 'minItems': 5000}", 4)

    terminal.send("%lms chat slow-llm -p Count --json n --as said\r")
    # The prompt gives the terminal back before a line is run; the answer begins below it.
    terminal.expect_exact("\x1b[?2004l")
    terminal.expect(r"\[\s*\d")
    terminal.sendintr()
    terminal.expect_exact("slow-llm · stopped")
    terminal.expect_exact("In [5]:")
    after = run(terminal, "len(said) > 0", 6)
    assert "True" in after
    assert "unhandled message" not in after, "what the SDK thinks of it is not for the user"


def test_leaving_the_terminal_at_once_says_nothing(terminal: Any) -> None:
    terminal.send("%load_ext lms_jupyter\r")
    terminal.expect_exact("In [2]:")
    began = time.monotonic()
    terminal.send("exit\r")
    terminal.expect(pexpect.EOF)

    assert "Error" not in terminal.before
    assert time.monotonic() - began < 10


def test_pipes_get_plain_text(environ: dict[str, str], folder: Path) -> None:
    told = pexpect.run(
        f"{sys.executable} -m IPython --simple-prompt --colors=NoColor -c "
        "\"get_ipython().run_line_magic('load_ext', 'lms_jupyter'); "
        "get_ipython().run_line_magic('lms', 'ls --json')\"",
        env={**os.environ, **environ, "TERM": "dumb"},
        cwd=str(folder),
        timeout=TIMEOUT_S,
    )

    assert b'"modelKey":"tutor-1m"' in told
