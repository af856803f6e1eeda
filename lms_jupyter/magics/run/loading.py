"""Runs `load`, `model` and `estimate`."""

from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from lms_jupyter.api.cards import SOURCES, draw_estimate
from lms_jupyter.api.estimating import estimated
from lms_jupyter.api.fits import fit_sentence
from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.api.sizes import format_size
from lms_jupyter.errors import CommandError
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.loading import LoadLine
from lms_jupyter.manager.config_diff import describe
from lms_jupyter.manager.duration import format_duration
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.manager.resolve import Resolution
from lms_jupyter.protocol.models import Estimate, LoadConfig

HOW = {"loaded": "is loaded", "used": "was in memory already", "reloaded": "is reloaded"}


@perform.register
def load(line: LoadLine, context: MagicContext) -> Any:
    """Get an instance, keep its handle under a name, and say what came of it."""
    asked = line.complete(context.session.folder)
    if line.estimate_only:
        return estimate(asked, context)
    result = context.load(asked)
    handle = context.session.handle(result, heal=asked.heal)
    context.bind(line.name, handle)
    for sentence in sentences(result, asked, line.name):
        context.say(sentence)
    return handle


def estimate(asked: NotebookRequest, context: MagicContext) -> "ShownEstimate":
    """Say what a load would take; nothing is loaded."""
    context.connect()
    reckoned = context.session.run(estimated(asked, context.manager))
    answer = reckoned.estimate
    lines = _estimate_lines(reckoned.resolution, reckoned.config, answer, context)
    if reckoned.fitted is not None:
        lines.append(fit_sentence(reckoned.fitted))
    text = "\n".join(lines)
    context.say(text)
    fields = {name: getattr(answer, name) for name in Estimate.__struct_fields__}
    return ShownEstimate(**fields, shown_in=context.shell.execution_count)


class ShownEstimate(Estimate, frozen=True, kw_only=True):
    """An estimate that its cell has shown already."""

    shown_in: int
    """The number of that cell."""

    def _ipython_display_(self) -> None:
        """Keep quiet in that cell, where the lines above say it all."""
        shell = get_ipython()
        if shell is None or shell.execution_count != self.shown_in:
            display(draw_estimate(self).bundle(), raw=True)  # type: ignore[no-untyped-call]


def sentences(result: LoadResult, asked: NotebookRequest, name: str | None) -> list[str]:
    """Say what a load came to, a sentence for each thing that matters.

    Args:
        result: What it came to.
        asked: What was asked for.
        name: What its handle is called in the notebook, if it was given a name.
    """
    instance, resolution, wanted = result.instance, result.resolution, asked.request.model_key
    lines = []
    if resolution.how == "first":
        others = ", ".join(resolution.passed_over)
        lines.append(f"{wanted!r} matches {resolution.name} best, so it is that; also: {others}.")
    elif resolution.how == "fuzzy":
        lines.append(f"{wanted!r} is {resolution.name}.")
    if result.evicted:
        lines.append(f"To make room, the host unloaded {', '.join(result.evicted)}.")
    if instance.ttl_s is None:
        leaves = "no TTL"
    else:
        leaves = f"unloads when idle for {format_duration(instance.ttl_s)}"
        if result.how != "used" and not asked.names_ttl:
            leaves += " (the default)"
    sentence = f"{instance.identifier} {HOW[result.how]}"
    if result.how == "reloaded":
        sentence += f", because {describe(result.differences)}"
    sentence += f": {instance.context_length:,} tokens, {leaves}."
    if name is not None:
        sentence += f" Its handle is {name}."
    lines.append(sentence)
    if result.differences and result.how != "reloaded":
        lines.append(f"Not as asked: {describe(result.differences)}.")
        lines += _about_context(result)
    return lines + _about_fit(result, asked)


def _about_fit(result: LoadResult, asked: NotebookRequest) -> list[str]:
    """Say what was found to fit, or that nothing was looked for."""
    if result.fitted is not None:
        return [fit_sentence(result.fitted)]
    if asked.request.fit is not None:
        return ["Nothing was fitted: unload it first, or load another with --new."]
    return []


def _about_context(result: LoadResult) -> list[str]:
    """Say what to do about a context that is not the one that was named."""
    named = next((d for d in result.differences if d.setting == "context_length"), None)
    if named is None or named.effective is None:
        return []
    if result.how == "used":
        return [f"`%lms load {result.instance.model_key} -c {named.asked} --reload` changes it."]
    return [] if named.why else ["The host does not say why the context is another."]


def _estimate_lines(
    resolution: Resolution, config: LoadConfig, answer: Estimate, context: MagicContext
) -> list[str]:
    lines = [f"Model: {resolution.name}"]
    if config.context_length is not None:
        lines.append(f"Context Length: {config.context_length:,}")
    if config.gpu is not None:
        lines.append(f"GPU Offload: {config.gpu:.0%}")
    lines.append(f"Estimated GPU Memory:   {format_size(answer.vram_bytes)}")
    lines.append(f"Estimated Total Memory: {format_size(answer.total_bytes)}")
    if answer.source is not None:
        lines.append(f"Source: {SOURCES[answer.source]}")
    if answer.confidence == "low":
        lines.append("Confidence: LOW")
    memory = context.manager.activity.memory
    if memory is not None:
        lines.append(f"Free now: {format_size(memory.available_bytes)}")
    if memory is not None and memory.gpus:
        on_gpus = sum(gpu.available_bytes for gpu in memory.gpus)
        lines.append(f"Free now on GPUs: {format_size(on_gpus)}")
    verdict = "should fit" if answer.passes_guardrails else "is more than the host allows"
    lines.append(f"This load {verdict}.")
    return lines


def check_llm(result: LoadResult) -> None:
    """Refuse to talk to what cannot answer.

    Raises:
        CommandError: It is an embedding model.
    """
    if result.instance.kind != "llm":
        raise CommandError(
            f"{result.instance.identifier} is an embedding model: it has no answers.",
            hint="Use its handle: `emb = %lms model KEY`, then emb.embed(text).",
        )
