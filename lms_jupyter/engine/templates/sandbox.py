"""Renders the templates of strangers in processes of their own, within bounds of time and memory.

A template is a program: it may never end, and a thread of ours could not be stopped. The process is
this very module, run with the conversation on its stdin.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.worker.process import Process

CPU_SECONDS: Final = 3
"""How much of a processor a template may take; a real one takes some milliseconds."""
PATIENCE_S: Final = 60.0
"""How long it may take on a machine that has other things to do."""
MEMORY_BYTES: Final = 1 << 30
AT_ONCE: Final = 8
NICE: Final = 10
MAX_PROMPT_BYTES: Final = 64 * 2**20
SAMPLE: Final = ({"role": "user", "content": "Hello."},)


SIGXCPU: Final = 24
"""What a process is ended by that has taken more of a processor than it may, on all systems."""


class EndlessTemplateError(BadRequestError):
    """A template takes longer than any prompt is worth."""

    code = "endless_template"

    def __init__(self, why: str = "it does not come to an end") -> None:
        super().__init__(
            f"The prompt template cannot be used: {why}.",
            hint="Look for a loop in it that has no end.",
        )


class Templates:
    """Renders templates, a few at once."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)

    async def render(
        self, template: Mapping[str, Any], conversation: Sequence[Mapping[str, Any]]
    ) -> str:
        """Return the prompt.

        Raises:
            EndlessTemplateError: It takes too long.
            BadRequestError: The template is wrong, or takes too much memory.
        """
        texts = [{**message, "content": _text(message.get("content"))} for message in conversation]
        order = json.dumps({"template": template, "conversation": texts})
        async with self._room:
            output, code = await _answer(order.encode())
        if code == -SIGXCPU:
            raise EndlessTemplateError
        return _prompt_of(output)

    async def is_endless(self, source: str) -> bool:
        """Whether a jinja template never comes to an end, with a conversation of one message."""
        template = {"type": "jinja", "jinjaPromptTemplate": {"template": source}}
        try:
            await self.render(template, SAMPLE)
        except EndlessTemplateError:
            return True
        except BadRequestError:
            return False  # wrong for us; whoever uses it may see that otherwise
        return False


def _text(content: Any) -> str:
    """Return the text of a message: templates do not see its images."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or ())


async def _answer(order: bytes) -> tuple[bytes, int]:
    """Let a process render; return what it says, and its exit code."""
    program = [sys.executable, "-P", "-m", __name__]
    starting = asyncio.ensure_future(Process.start(program, os.environ, limit=2**16))
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _end(await starting)
        raise
    try:
        process.stdin.write(order)
        process.stdin.write_eof()
        async with asyncio.timeout(PATIENCE_S):
            output = bytearray()
            while part := await process.stdout.read(2**16):
                output += part
            return bytes(output), await process.wait()
    except TimeoutError:
        raise EndlessTemplateError from None
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    process.kill()
    await process.wait()
    process.stdin.close()


def _prompt_of(output: bytes) -> str:
    try:
        answer = json.loads(output)
    except ValueError:
        why = f"it takes more than {MEMORY_BYTES // 2**20} MiB of memory"
        raise EndlessTemplateError(why) from None
    if "endless" in answer:
        raise EndlessTemplateError(answer["endless"])
    if "error" in answer:
        raise BadRequestError(answer["error"])
    return str(answer["prompt"])


def main() -> None:
    """Read an order on stdin, say on stdout what comes of it."""
    os.nice(NICE)
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - Windows has none

        for limit, most in (
            (resource.RLIMIT_CPU, CPU_SECONDS),
            (resource.RLIMIT_AS, MEMORY_BYTES),
        ):
            resource.setrlimit(limit, (most, resource.RLIM_INFINITY))
    from lms_jupyter.engine.templates.render import write_prompt  # noqa: PLC0415 - here alone

    order = json.load(sys.stdin)
    try:
        answer = {"prompt": write_prompt(order["template"], order["conversation"])}
        if len(answer["prompt"]) > MAX_PROMPT_BYTES:
            answer = {"endless": "it writes more than any context can hold"}
    except BadRequestError as error:
        is_range = isinstance(error.__cause__, OverflowError)
        answer = {"endless": "it counts too far"} if is_range else {"error": error.title}
    except MemoryError:
        return
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
