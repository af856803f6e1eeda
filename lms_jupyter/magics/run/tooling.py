"""Lets a model call functions of the notebook while it answers.

The functions run in the cell's own thread, between the answers of the model: what they print is in
the cell, Ctrl+C stops them, and they may use whatever belongs to that thread. The SDK's `act` runs
them in others, where nothing can stop one that never returns, and tells no host to stop with it.
"""

import contextlib
import html
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from lms_jupyter.api.answers import Called, Draft
from lms_jupyter.api.tool_functions import (
    ArgumentsError,
    ToolFunction,
    as_call,
    as_text,
    shorten_text,
    tool_of,
)
from lms_jupyter.callers import user_calls
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.prediction import Message, Sampling
from lms_jupyter.hosts.tool_calls import ToolCall, ToolResult
from lms_jupyter.magics.context import LiveDisplay, MagicContext
from lms_jupyter.magics.run.streaming import stream
from lms_jupyter.magics.verbs.tool_flags import ToolUse
from lms_jupyter.printable import printable, printable_line
from lms_jupyter.protocol.models import Instance

MOST_CALLS = 32
"""Of one answer: a model that asks for more of them at once has lost its way."""
CONSENT_CHARACTERS = 4_000
"""Of an argument, as somebody reads it who is to allow the call."""
DETAIL_CHARACTERS = 2_000


class ToolBox:
    """The functions that a model may call, and who allows it."""

    def __init__(self, tools: Iterable[ToolFunction], context: MagicContext, *, yes: bool) -> None:
        self._context = context
        self._all_allowed = yes
        self._allowed: set[str] = set()
        self.tools = {tool.name: tool for tool in tools}

    def call(self, call: ToolCall) -> Called:
        """Carry out a call, and show it with what comes of it.

        Raises:
            KeyboardInterrupt: The user stopped it, or does not want the model to go on.
            CommandError: The user has to be asked, and cannot be.
        """
        shown = _ShownCall(self._context, call)
        tool = self.tools.get(call.name)
        if tool is None:
            known = ", ".join(self.tools)
            return shown.end("failed", f"there is no tool {call.name!r}; there are: {known}")
        try:
            arguments = tool.read(call.arguments)
        except ArgumentsError as error:
            return shown.end("failed", f"the arguments do not fit: {error}")
        refusal = self._refusal(call)
        if refusal is not None:
            return shown.end("refused", refusal)
        return _carried_out(tool, arguments, shown)

    def _refusal(self, call: ToolCall) -> str | None:
        """Ask whether a call is allowed; return why not, or `None`."""
        if self._all_allowed or call.name in self._allowed:
            return None
        asked = as_call(call.name, call.arguments, CONSENT_CHARACTERS)
        reply = self._context.ask(
            f"Call {asked}? [y]es, [n]o, [a]lways {call.name}, [s]top: ",
            hint="--yes lets the model call its tools without asking.",
        ).strip()
        match reply.lower():
            case "y" | "yes":
                return None
            case "a" | "always":
                self._allowed.add(call.name)
                return None
            case "s" | "stop":
                raise KeyboardInterrupt
            case "" | "n" | "no":
                return "the user does not allow this call"
            case _:
                return f"the user does not allow this call: {reply}"


@contextlib.contextmanager
def opened_box(use: ToolUse, context: MagicContext) -> Iterator[ToolBox]:
    """Find the tools that a cell offers; MCP servers among them end with it.

    Raises:
        CommandError: Something that is named is no tool, or the file of the servers is none.
        McpError: A server cannot be used.
    """
    own = tuple(_found(use.names, context))
    if use.mcp is None:
        yield ToolBox(own, context, yes=use.yes)
        return
    from lms_jupyter.api.mcp.tools import tools_of_servers  # noqa: PLC0415 - brings HTTP

    file = context.session.folder / Path(use.mcp).expanduser()
    taken = [tool.name for tool in own]
    with tools_of_servers(file, allowed=use.allowed, taken=taken) as theirs:
        yield ToolBox([*own, *theirs], context, yes=use.yes)


class Turns:
    """A conversation in which the model may call tools before it answers.

    Attributes:
        messages: What was said, the calls and their results included.
        draft: The answer, or what there is of it.
        called: The calls, in their order.
    """

    def __init__(
        self,
        context: MagicContext,
        instance: Instance,
        messages: Sequence[Message],
        sampling: Sampling,
    ) -> None:
        self._context, self._instance, self._sampling = context, instance, sampling
        self.messages = list(messages)
        self.draft = Draft()
        self.called: list[Called] = []

    def take(self, box: ToolBox, rounds: int) -> None:
        """Let the model answer, and call tools as long as it asks for them and may."""
        tools = tuple(tool.definition for tool in box.tools.values())
        for _ in range(rounds if tools else 0):
            self._listen(replace(self._sampling, tools=tools))
            if not self.draft.calls and not self.draft.failed_calls:
                return
            self._answer_calls(box)
        if tools:
            self._context.say(
                f"{self._instance.identifier} has called tools {rounds:,} times and answers now "
                "without; --rounds N allows more."
            )
        # As the SDK does it: the last answer is one without tools.
        self._listen(self._sampling)

    def _listen(self, sampling: Sampling) -> None:
        self.draft = Draft()
        stream(self._context, self._instance, self.messages, sampling, self.draft)

    def _answer_calls(self, box: ToolBox) -> None:
        """Carry out what the model has just asked for, and note it once all of it is done."""
        draft, results = self.draft, list[ToolResult]()
        for number, call in enumerate(draft.calls):
            if number < MOST_CALLS:
                called = box.call(call)
                self.called.append(called)
                content = called.content
            else:
                content = f"Error: not called, there are more than {MOST_CALLS} calls at once"
            results.append(ToolResult(content=content, call_id=call.call_id))
        if len(draft.calls) > MOST_CALLS:
            self._context.say(f"{len(draft.calls) - MOST_CALLS:,} more calls were not carried out.")
        self.messages.append(Message(role="assistant", text=draft.text, calls=tuple(draft.calls)))
        if results:
            self.messages.append(Message(role="tool", text="", results=tuple(results)))
        for reason in draft.failed_calls:
            self._context.say(f"A call that the model wrote cannot be read: {reason}.")
            content = f"Your call of a tool cannot be read: {reason}. Try again."
            self.messages.append(Message(role="user", text=content))


class _ShownCall:
    """A call in the output of the cell."""

    def __init__(self, context: MagicContext, call: ToolCall) -> None:
        self._context, self._call = context, call
        self._spot = LiveDisplay(context)

    def begin(self) -> None:
        """Show that it runs; a terminal shows a call when it has ended."""
        if self._context.can_update:
            self._put("…", "")

    def end(
        self, outcome: Literal["answered", "failed", "refused"], text: str, where: str = ""
    ) -> Called:
        """Show what came of it; `where` is for the user alone."""
        marks = {"answered": "→", "failed": "→ failed:", "refused": "→ refused:"}
        self._put(marks[outcome], f"{text}{where}")
        return Called(call=self._call, outcome=outcome, text=text)

    def stop(self) -> None:
        """Show that it was stopped."""
        self._put("→ stopped", "")

    def _put(self, mark: str, text: str) -> None:
        call = as_call(self._call.name, self._call.arguments)
        short = shorten_text(printable(text))
        line = printable_line(f"{call} {mark} {short}".rstrip())
        if not self._context.can_update:
            self._context.say(line)
            return
        page = f"<small><code>{html.escape(call)}</code> {html.escape(f'{mark} {short}')}</small>"
        if short.endswith("…") and text:
            detail = html.escape(printable(text[:DETAIL_CHARACTERS]))
            page = f"<details><summary>{page}</summary><pre>{detail}</pre></details>"
        self._spot.put({"text/plain": line, "text/html": page})


def _carried_out(tool: ToolFunction, arguments: dict[str, object], shown: _ShownCall) -> Called:
    """Run a function of the user's: whatever it raises is told to the model."""
    try:
        shown.begin()
        return shown.end("answered", as_text(tool.function(**arguments)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
        trace = error.__traceback__
        lines = user_calls(trace.tb_next if trace is not None else None)
        return shown.end("failed", _raised(error), "".join(f" ({line})" for line in lines[-1:]))
    except KeyboardInterrupt:
        shown.stop()
        raise


def _raised(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - of a class of the user's own, which may raise anything
        message = ""
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _found(names: Iterable[str], context: MagicContext) -> Iterable[ToolFunction]:
    """Find the functions that names stand for, each once.

    Raises:
        CommandError: The notebook has none under such a name.
    """
    found: dict[str, ToolFunction] = {}
    for name in names:
        if name not in context.names:
            raise CommandError(
                f"{name!r} is no function of this notebook.",
                hint="Run the cell that defines it first.",
            )
        value = context.names[name]
        if isinstance(value, list | tuple):
            for item in value:
                tool = tool_of(str(getattr(item, "__name__", name)), item)
                found[tool.name] = tool
        else:
            found[name] = tool_of(name, value)
    return found.values()
