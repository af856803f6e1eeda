"""`%%lms --tools`: a scripted model calls functions of the notebook."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.tool_calls import ToolCall, ToolCallFailed

from .scripted import Ask, Scripted, ask, call, host

__all__ = ["ask", "host"]
"""Fixtures."""


def test_a_tool_is_called_and_its_result_goes_back(
    ask: Ask, host: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask()

    assert answer == "It is 42."
    assert host.told == ["42"]
    (tool,) = host.prompts[0][1].tools
    assert (tool.name, tool.description) == ("add", "Add two numbers.")
    assert tool.parameters["properties"]["a"] == {"type": "integer"}
    assert tool.parameters["required"] == ["a"]
    [assistant, result] = host.prompts[1][0][-2:]
    assert (assistant.role, result.role) == ("assistant", "tool")
    assert result.results[0].call_id == assistant.calls[0].call_id == "1"
    assert [(c.call.name, c.outcome, c.text) for c in answer.calls] == [("add", "answered", "42")]
    said = capsys.readouterr().out
    assert "add(a=12, b=30) → 42" in said
    assert "1 tool call" in said


def test_each_call_is_allowed_by_the_user(
    ask: Ask, host: Scripted, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("--tools add", "y")

    assert host.told == ["42"]
    assert "Call add(a=12, b=30)? [y]es, [n]o, [a]lways add, [s]top: " in capsys.readouterr().out
    assert shell.user_ns["asked"] == [12]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("n", "Error: the user does not allow this call"),
        ("", "Error: the user does not allow this call"),
        ("use 13", "Error: the user does not allow this call: use 13"),
    ],
)
def test_whatever_is_no_yes_is_a_no_that_the_model_learns(
    ask: Ask, host: Scripted, shell: InteractiveShell, said: str, told: str
) -> None:
    answer = ask("--tools add", said)

    assert host.told == [told]
    assert shell.user_ns["asked"] == []
    assert answer.calls[0].outcome == "refused"


def test_always_is_of_one_tool_and_one_cell(
    ask: Ask, host: Scripted, shell: InteractiveShell
) -> None:
    host.rounds = [[call(a=1)], [call(a=2)], [call("other")], ["Done."]]

    answer = ask("--tools add,other", "a", "n", other=lambda: "never")

    assert shell.user_ns["asked"] == [1, 2]
    assert [c.outcome for c in answer.calls] == ["answered", "answered", "refused"]


def test_stop_ends_the_answer_and_keeps_what_there_is(
    ask: Ask, host: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    host.rounds = [["Let me see.", call(a=12)], ["No."]]

    answer = ask("--tools add", "s")

    assert answer == "Let me see."
    assert answer.stats is None
    assert len(host.prompts) == 1
    assert "stopped" in capsys.readouterr().out


def test_where_nobody_can_be_asked_nothing_is_called(ask: Ask, shell: InteractiveShell) -> None:
    with pytest.raises(CommandError, match="Nobody can be asked") as error:
        ask("--tools add")

    assert "--yes" in error.value.hint
    assert shell.user_ns["asked"] == []


def test_the_reader_who_allows_a_call_sees_all_of_it(
    ask: Ask, host: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    host.rounds = [[call("run", code="x" * 1000 + "\x1b[2Jevil\u202e")], ["Done."]]

    ask("--tools run", "n", run=lambda code: code)

    said = capsys.readouterr().out
    assert "x" * 1000 in said
    assert "evil" in said
    assert "\x1b" not in said
    assert "\u202e" not in said


def leaves(a: int) -> None:
    sys.exit(a)


def forever(a: int) -> int:
    """Loop until Python has had enough."""
    return forever(a + 1)


def reads(file: Path) -> str:
    return file.read_text()


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda a: 1 // a, "Error: ZeroDivisionError: integer division or modulo by zero"),
        (leaves, "Error: SystemExit: 0"),
        (lambda a: a.x, "Error: AttributeError"),
        (forever, "Error: RecursionError"),
        (lambda a: open(f"/no/such/{a}"), "Error: FileNotFoundError: [Errno 2]"),  # noqa: PTH123, SIM115
        (lambda a: input(f"{a}?"), "Error: EOFError"),
        (lambda a: iter([a]), "<list_iterator object"),
        (lambda a: [a, {"n": a}], '[0, {"n": 0}]'),
        (lambda a: None if a == 0 else a, "null"),
        (
            lambda a: f"{a}"[:0] + "z" * 30_000,
            "z" * 20_000 + "\n… cut off: 30,000 characters in all",
        ),
    ],
)
def test_whatever_a_tool_does_the_model_is_told(
    ask: Ask, host: Scripted, function: Callable[[int], object], told: str
) -> None:
    host.rounds = [[call("tool", a=0)], ["Done."]]

    assert ask("--tools tool --yes", tool=function) == "Done."
    assert host.told[0].startswith(told)


def test_where_a_tool_raised_is_shown_to_the_user_alone(
    ask: Ask, host: Scripted, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("def broken(a):\n    return 1 // 0\n")
    host.rounds = [[call("broken", a=0)], ["Done."]]

    ask("--tools broken --yes")

    assert "line 2, in broken: return 1 // 0" in capsys.readouterr().out
    assert "line 2" not in host.told[0]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (call("rm", path="/"), "Error: there is no tool 'rm'; there are: add"),
        (call(), "Error: the arguments do not fit: Object missing required field `a`"),
        (call(a="x"), "Error: the arguments do not fit: Expected `int`, got `str`"),
        (call(a=1, c=2), "Error: the arguments do not fit: Object contains unknown field `c`"),
    ],
)
def test_a_call_that_makes_no_sense_goes_back_unasked(
    ask: Ask, host: Scripted, shell: InteractiveShell, wanted: ToolCall, told: str
) -> None:
    host.rounds = [[wanted], ["I see."]]

    assert ask("--tools add") == "I see."
    assert host.told[0].startswith(told)
    assert shell.user_ns["asked"] == []


def test_a_model_that_never_stops_calling_has_to_answer(
    ask: Ask, host: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    host.rounds = [["Again.", call(a=1)]]

    answer = ask("--tools add --yes --rounds 3")

    assert answer == "Again."
    assert [bool(sampling.tools) for _, sampling in host.prompts] == [True, True, True, False]
    assert len(answer.calls) == 3
    assert "--rounds N allows more" in capsys.readouterr().out


def test_too_many_calls_at_once_are_not_all_carried_out(
    ask: Ask, host: Scripted, shell: InteractiveShell
) -> None:
    host.rounds = [[call(a=number) for number in range(40)], ["Done."]]

    ask()

    assert len(shell.user_ns["asked"]) == 32
    assert host.told[-1] == "Error: not called, there are more than 32 calls at once"
    assert len(host.told) == 40


def test_a_call_that_cannot_be_read_is_told_to_the_model(ask: Ask, host: Scripted) -> None:
    host.rounds = [[ToolCallFailed(reason="no JSON")], ["Sorry."]]

    assert ask() == "Sorry."
    assert "cannot be read: no JSON" in host.prompts[1][0][-1].text


def test_an_interrupt_while_a_tool_runs_ends_the_answer(
    ask: Ask, host: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    def forever(_a: int) -> None:
        raise KeyboardInterrupt

    host.rounds = [[call("forever", _a=1)], ["No."]]

    answer = ask("--tools forever --yes", forever=forever)

    assert answer == ""
    assert len(host.prompts) == 1
    assert "forever(_a=1) → stopped" in capsys.readouterr().out


def test_a_chat_remembers_calls_that_have_their_results_and_no_others(
    ask: Ask, host: Scripted
) -> None:
    ask("--tools add --yes --chat sums")
    host.rounds = [["Yes."]]
    ask("--chat sums")

    roles = [message.role for message in host.prompts[-1][0]]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


@pytest.mark.parametrize(
    ("line", "names", "sentence"),
    [
        ("--tools nobody", {}, "'nobody' is no function of this notebook."),
        ("--tools add,town", {"town": "Delft"}, "town is no function but of the type str"),
        ("--tools add --json add", {"add": dict}, "do not go together"),
        ("--mcp nowhere.json", {}, "nowhere.json does not exist"),
        ("--mcp mcp.json --json add", {"add": dict}, "--mcp and --json do not go together"),
        ("--tools add --allowed-tools add", {}, "no --mcp FILE names any"),
        ("--tools a-b", {}, "'a-b' is no name that Python allows"),
        ("--tools add --rounds 0", {}, "must be from 1 to 1000"),
        ("--tools reads", {"reads": reads}, "'file' of the type Path, which a model cannot write"),
        ("--tools gone", {"gone": [len]}, "len takes 'obj' by position alone"),
    ],
)
def test_what_cannot_be_a_tool_is_said_before_anything_is_loaded(
    ask: Ask, host: Scripted, line: str, names: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(CommandError) as error:
        ask(line, **names)

    assert sentence in str(error.value)
    assert host.memory == []


def test_a_list_of_functions_is_a_tool_box(ask: Ask, host: Scripted) -> None:
    def add(a: int, b: int) -> int:
        return a * b

    def other() -> None: ...

    ask("--tools kit --yes", kit=[add, other])

    assert [tool.name for tool in host.prompts[0][1].tools] == ["add", "other"]
    assert host.told == ["360"]
