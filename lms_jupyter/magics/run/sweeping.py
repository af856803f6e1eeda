"""Runs `%%lms sweep`: one prompt under several load settings, measured."""

import html
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lms_jupyter.api.answers import Draft
from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.api.settings import merged, read_settings
from lms_jupyter.api.sizes import format_size
from lms_jupyter.api.tables import RichOutput, Table, count
from lms_jupyter.errors import HostError, LmsError
from lms_jupyter.hosts.prediction import Message
from lms_jupyter.magics.context import LiveDisplay, MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.run.loading import check_llm
from lms_jupyter.magics.run.presets import load_config_of, with_preset
from lms_jupyter.magics.run.streaming import follow
from lms_jupyter.magics.run.talking import instance_for, prompt_of, sampling_of, schema_of
from lms_jupyter.magics.verbs.axes import AXES
from lms_jupyter.magics.verbs.talking import Sweep
from lms_jupyter.manager import loading
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Estimate, Instance
from lms_jupyter.protocol.record import Record

STYLE = (
    'role="img" aria-label="Tokens per second of each combination" '
    'font-family="sans-serif" font-size="12"'
)
BAR_WIDTH, BAR_HEIGHT, LABEL_WIDTH = 300, 22, 260


class Measured(Record, Struct, frozen=True, kw_only=True):
    """One combination of settings, and what came of it."""

    model: str
    settings: Mapping[str, Any]
    load_s: float | None = None
    memory_bytes: int | None = None
    first_token_s: float | None = None
    tokens_per_second: float | None = None
    predicted_tokens: int | None = None
    problem: str = ""
    """Why there are no figures."""


@perform.register
def sweep(request: Sweep, context: MagicContext) -> Any:
    """Load each combination in turn, let it answer, measure, and unload it again."""
    prompt = prompt_of(request.talk, context)
    request = replace(request, talk=with_preset(request.talk, context))
    name = request.name or instance_for(request.talk, context).model_key
    rows: list[Measured] = []
    spot = LiveDisplay(context)
    for settings in combinations(request.axes):
        rows.append(_measure(request, name, settings, prompt, context))
        if context.can_update:
            spot.put(Table(rows, draw_sweep).bundle())
    table = (
        context.shown(Table(rows, draw_sweep)) if not context.can_update else _quiet(rows, context)
    )
    context.show({"image/svg+xml": plot(rows), "text/plain": ""})
    context.bind(request.talk.variable, table)
    return table


def combinations(axes: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Yield every combination of the values."""
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def draw_sweep(rows: Sequence[Measured]) -> RichOutput:
    """Draw what was measured: one row for each combination."""
    names = list(rows[0].settings) if rows else []
    heading = (*(n.upper() for n in names), "LOAD", "MEMORY", "FIRST TOKEN", "TOKENS/S", "TOKENS")
    cells = [
        (
            *(str(row.settings[name]) for name in names),
            row.problem or _format(row.load_s, "{:.2f} s"),
            format_size(row.memory_bytes) if row.memory_bytes is not None else "-",
            _format(row.first_token_s, "{:.3f} s"),
            _format(row.tokens_per_second, "{:.1f}"),
            _format(row.predicted_tokens, "{}"),
        )
        for row in rows
    ]
    model = rows[0].model if rows else ""
    return RichOutput(f"{model}: {count(len(rows), 'combination')}.", [(heading, cells)])


def plot(rows: Sequence[Measured]) -> str:
    """Draw the tokens per second of each combination as a bar."""
    most = max((row.tokens_per_second or 0.0 for row in rows), default=0.0) or 1.0
    height = BAR_HEIGHT * len(rows) + 24
    width = LABEL_WIDTH + BAR_WIDTH + 90
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {STYLE}>',
        f'<text x="{LABEL_WIDTH}" y="14" fill="#808080">tokens/s</text>',
    ]
    for place, row in enumerate(rows):
        speed = row.tokens_per_second or 0.0
        y = 24 + place * BAR_HEIGHT
        label = ", ".join(f"{name}={value}" for name, value in row.settings.items())
        length = BAR_WIDTH * speed / most
        parts.append(
            f'<text x="{LABEL_WIDTH - 8}" y="{y + 13}" text-anchor="end" fill="#808080">'
            f"{html.escape(label)}</text>"
            f'<rect x="{LABEL_WIDTH}" y="{y + 2}" width="{length:.1f}" height="14" '
            f'fill="#4c8bf5"/>'
            f'<text x="{LABEL_WIDTH + length + 6:.1f}" y="{y + 13}" fill="#808080">'
            f"{speed:.1f}</text>"
        )
    return "".join([*parts, "</svg>"])


def _measure(
    request: Sweep, name: str, settings: Mapping[str, Any], prompt: str, context: MagicContext
) -> Measured:
    """Try one combination. Whatever happens, its instance is gone afterwards."""
    quant = settings.get("quant")
    key = name if quant is None else f"{name.partition('@')[0]}@{quant}"
    config = {AXES[axis][0]: value for axis, value in settings.items() if axis != "quant"}
    row = Measured(model=name, settings=dict(settings))
    try:
        wanted = LoadRequest(
            model_key=key,
            mode="new",
            config=merged(load_config_of(request.talk), read_settings(config)),
            ttl_s=request.talk.ttl_s,
        )
        began = time.monotonic()
        result = context.load(NotebookRequest(request=wanted))
        load_s = time.monotonic() - began
    except LmsError as error:
        return replace(row, problem=error.title)
    instance = result.instance
    try:
        check_llm(result)
        return _answered(request, prompt, context, instance, replace(row, load_s=load_s))
    except LmsError as error:
        return replace(row, problem=error.title)
    finally:
        context.session.run(loading.end(instance, context.manager))


def _answered(
    request: Sweep, prompt: str, context: MagicContext, instance: Instance, row: Measured
) -> Measured:
    draft = Draft()
    schema = schema_of(request.talk.schema, context)
    system = request.talk.system
    messages = [Message(role="system", text=system)] if system else []
    messages.append(Message(role="user", text=prompt))
    context.session.run(
        follow(context, instance, messages, sampling_of(request.talk, schema), draft)
    )
    memory_bytes = instance.memory_bytes or context.session.run(_reckon(instance, context))
    row = replace(row, memory_bytes=memory_bytes)
    if draft.stats is None:
        return row
    return replace(
        row,
        first_token_s=draft.stats.first_token_s,
        tokens_per_second=draft.stats.tokens_per_second,
        predicted_tokens=draft.stats.predicted_tokens,
    )


async def _reckon(instance: Instance, context: MagicContext) -> int | None:
    """Ask what an instance takes: as the host reports it, else its estimate."""
    host = context.manager.connected_host
    snapshot = await host.poll()
    for known in snapshot.instances:
        is_it = known.instance_reference == instance.instance_reference
        if is_it and known.memory_bytes:
            return known.memory_bytes
    models = [m for m in await host.models() if instance.model_key in (m.model_key, *m.variants)]
    if not models:
        return None
    model = min(models, key=lambda model: model.device != instance.device)
    try:
        estimate: Estimate = await host.estimate(model, await host.load_config(instance))
    except HostError:
        # It cannot say; what was measured is worth showing all the same.
        return None
    return estimate.total_bytes


def _quiet(rows: list[Measured], context: MagicContext) -> Any:
    """Return the table that stands in the cell already."""
    return context.remembered(Table(rows, draw_sweep))


def _format(value: float | None, pattern: str) -> str:
    return "-" if value is None else pattern.format(value)
