"""Runs `load`, `model` and `estimate`."""

from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from lms_jupyter.api.cards import draw_estimate
from lms_jupyter.api.draw import say_size
from lms_jupyter.api.duration import say_duration
from lms_jupyter.api.estimating import reckon
from lms_jupyter.api.session import Got, Wish
from lms_jupyter.errors import CommandError
from lms_jupyter.magics.desk import Desk
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.loading import LoadLine
from lms_jupyter.manager.fit import say
from lms_jupyter.manager.resolve import Meant
from lms_jupyter.protocol.models import Estimate, LoadConfig

HOW = {"loaded": "is loaded", "used": "was in memory already", "reloaded": "is reloaded"}


@perform.register
def load(line: LoadLine, desk: Desk) -> Any:
    """Get an instance, keep its handle under a name, and say what came of it."""
    wish = line.complete(desk.session.folder)
    if line.estimate_only:
        return estimate(wish, desk)
    got = desk.get(wish)
    handle = desk.session.handle(got)
    desk.bind(line.name, handle)
    for sentence in told(got, line):
        desk.say(sentence)
    return handle


def estimate(wish: Wish, desk: Desk) -> "ShownEstimate":
    """Say what a load would take; nothing is loaded."""
    desk.connect()
    meant, answer = desk.session.run(reckon(wish, desk.manager))
    text = "\n".join(_estimate_lines(meant, wish.config, answer, desk))
    desk.say(text)
    fields = {name: getattr(answer, name) for name in Estimate.__struct_fields__}
    return ShownEstimate(**fields, shown_in=desk.shell.execution_count)


class ShownEstimate(Estimate, frozen=True, kw_only=True):
    """An estimate that its cell has told already."""

    shown_in: int
    """The number of that cell."""

    def _ipython_display_(self) -> None:
        """Keep quiet in that cell, where the lines above say it all."""
        shell = get_ipython()
        if shell is None or shell.execution_count != self.shown_in:
            display(draw_estimate(self).bundle(), raw=True)  # type: ignore[no-untyped-call]


def told(got: Got, line: LoadLine) -> list[str]:
    """Say what a load came to, a sentence for each thing that matters."""
    outcome, instance, meant = got.outcome, got.instance, got.meant
    lines = []
    if meant.how == "first":
        others = ", ".join(meant.passed_over)
        lines.append(
            f"{line.wish.name!r} matches {meant.name} best, so it is that; also: {others}."
        )
    elif meant.how == "fuzzy":
        lines.append(f"{line.wish.name!r} is {meant.name}.")
    if outcome.evicted:
        lines.append(f"To make room, the host unloaded {', '.join(outcome.evicted)}.")
    if instance.ttl_s is None:
        leaves = "no TTL"
    else:
        leaves = f"unloads when idle for {say_duration(instance.ttl_s)}"
        if outcome.how != "used" and not line.says_ttl and got.wish.ttl_s == line.wish.ttl_s:
            leaves += " (the default)"
    sentence = f"{instance.identifier} {HOW[outcome.how]}"
    if outcome.how == "reloaded":
        sentence += f", because {say(outcome.differences)}"
    sentence += f": {instance.context_length:,} tokens, {leaves}."
    if line.name is not None:
        sentence += f" Its handle is {line.name}."
    lines.append(sentence)
    if outcome.differences and outcome.how != "reloaded":
        lines.append(f"Not as asked: {say(outcome.differences)}.")
    return lines


def _estimate_lines(meant: Meant, config: LoadConfig, answer: Estimate, desk: Desk) -> list[str]:
    lines = [f"Model: {meant.name}"]
    if config.context_length is not None:
        lines.append(f"Context Length: {config.context_length:,}")
    if config.gpu is not None:
        lines.append(f"GPU Offload: {config.gpu:.0%}")
    lines.append(f"Estimated GPU Memory:   {say_size(answer.vram_bytes)}")
    lines.append(f"Estimated Total Memory: {say_size(answer.total_bytes)}")
    if answer.confidence == "low":
        lines.append("Confidence: LOW")
    memory = desk.manager.activity.memory
    if memory is not None:
        lines.append(f"Free now: {say_size(memory.available_bytes)}")
    verdict = "should fit" if answer.passes_guardrails else "is more than the host allows"
    lines.append(f"This load {verdict}.")
    return lines


def check_llm(got: Got) -> None:
    """Refuse to talk to what cannot answer.

    Raises:
        CommandError: It is an embedding model.
    """
    if got.instance.kind != "llm":
        raise CommandError(
            f"{got.instance.identifier} is an embedding model: it has no answers.",
            hint="Use its handle: `emb = %lms model KEY`, then emb.embed(text).",
        )
