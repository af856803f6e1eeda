"""Tables for `ls`, `ps` and `status`: text and HTML from one description, in the CLI's columns."""

import html
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from IPython.display import display

from lms_jupyter.protocol.models import Instance, Model
from lms_jupyter.protocol.slices import Activity

Row = TypeVar("Row")
GAP = "    "
"""Between two columns, as in the CLI."""


class Table(list[Row], Generic[Row]):
    """A list of our nouns that shows itself as a table.

    The magic that made it has shown it already, so as the last value of a cell it keeps quiet
    once; shown again, it draws itself.
    """

    def __init__(self, rows: Iterable[Row], describe: Callable[["Table[Row]"], "Drawing"]) -> None:
        super().__init__(rows)
        self._describe = describe
        self._quiet_once = True

    def __repr__(self) -> str:
        return self._describe(self).text()

    def _repr_html_(self) -> str:
        return self._describe(self).html()

    def _ipython_display_(self) -> None:
        if not self._quiet_once:
            self.show()
        self._quiet_once = False

    def show(self) -> None:
        """Draw the table into the cell's output."""
        display(self.bundle(), raw=True)  # type: ignore[no-untyped-call]

    def bundle(self) -> dict[str, str]:
        """Return the table in the forms that a front end may choose from."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


class Drawing:
    """A line that introduces, and tables with headings."""

    def __init__(
        self, lead: str, tables: Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]] = ()
    ) -> None:
        self._lead = lead
        self._tables = [table for table in tables if table[1]]

    def text(self) -> str:
        """Draw with spaces, in a fixed font."""
        return "\n\n".join([self._lead, *(_columns(*table) for table in self._tables)])

    def html(self) -> str:
        """Draw as HTML, with everything that came from outside escaped."""
        tables = "".join(
            f"<table><thead>{_html_row(heading, 'th')}</thead>"
            f"<tbody>{''.join(_html_row(row, 'td') for row in rows)}</tbody></table>"
            for heading, rows in self._tables
        )
        return f"<p>{html.escape(self._lead)}</p>{tables}"


def draw_models(models: Sequence[Model], instances: Sequence[Instance]) -> Drawing:
    """Draw `%lms ls`: one table for each kind of model, sorted by key."""
    if not models:
        return Drawing("There is no model on the disk of this host.")
    lead = f"{_count(len(models), 'model')}, {say_size(sum(m.size_bytes for m in models))} on disk."
    return Drawing(
        lead,
        [
            (
                (heading, "PARAMS", "ARCH", "SIZE", "DEVICE", ""),
                [_model_row(m, instances) for m in _by_key(models) if m.kind == kind],
            )
            for kind, heading in (("llm", "LLM"), ("embedding", "EMBEDDING"))
        ],
    )


def draw_instances(instances: Sequence[Instance], now: float) -> Drawing:
    """Draw `%lms ps`: one row for each instance, sorted by identifier."""
    if not instances:
        return Drawing("Nothing is in memory. To load a model: %lms load KEY")
    heading = ("IDENTIFIER", "MODEL", "STATUS", "SIZE", "CONTEXT", "DEVICE", "TTL")
    rows = [
        (
            i.identifier,
            i.model_key,
            i.status.replace("_", "").upper(),
            say_size(i.size_bytes),
            str(i.context_length),
            i.device or "Local",
            say_ttl(i, now),
        )
        for i in sorted(instances, key=lambda i: i.identifier)
    ]
    return Drawing(f"{_count(len(instances), 'model')} in memory.", [(heading, rows)])


def draw_status(activity: Activity, why: str) -> Drawing:
    """Draw `%lms status`: which host, why this one, and what it has in memory."""
    host = activity.host
    named = f"{host.name} {host.version}" if host.version else host.name
    reason = f" ({why})" if why else ""
    rows = [(i.identifier, say_size(i.size_bytes)) for i in activity.instances]
    loaded = _count(len(rows), "model") if rows else "nothing"
    lead = f"{named} at {host.address}{reason}: {loaded} in memory."
    return Drawing(lead, [(("IDENTIFIER", "SIZE"), rows)])


def models_json(models: Sequence[Model]) -> str:
    """Return `%lms ls --json`, with the fields of the CLI."""
    return json.dumps([_model_fields(model) for model in _by_key(models)], separators=(",", ":"))


def instances_json(instances: Sequence[Instance]) -> str:
    """Return `%lms ps --json`, with the fields of the CLI: everything but the reference."""
    told = [
        _model_fields(i)
        | {
            "identifier": i.identifier,
            "ttlMs": None if i.ttl_s is None else round(i.ttl_s * 1000),
            "lastUsedTime": None if i.idle_since is None else round(i.idle_since * 1000),
            "contextLength": i.context_length,
            "status": _camel(i.status),
            "queued": i.queued,
        }
        for i in instances
    ]
    return json.dumps(told, separators=(",", ":"))


def say_size(size_bytes: float) -> str:
    """Say a size as the CLI does: base 1000, two decimals.

    >>> say_size(4_920_000_000)
    '4.92 GB'
    """
    for unit in ("B", "KB", "MB", "GB"):
        if size_bytes < 1000:  # noqa: PLR2004 - the base that the unit names stand for
            return f"{size_bytes:.2f} {unit}" if unit != "B" else f"{size_bytes:.0f} B"
        size_bytes /= 1000
    return f"{size_bytes:.2f} TB"


def say_ttl(instance: Instance, now: float) -> str:
    """Say what is left of a TTL, and the whole of it, as the CLI does: `59m / 1h`."""
    if instance.ttl_s is None:
        return ""
    idle_s = 0.0 if instance.idle_since is None else now - instance.idle_since
    return f"{_lean(instance.ttl_s - idle_s)} / {_lean(instance.ttl_s)}"


def _lean(seconds: float) -> str:
    """Round to one unit, in the CLI's own way."""
    if abs(seconds) < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{round(seconds)}s"
    if abs(seconds) < 3600:  # noqa: PLR2004 - seconds in an hour
        return f"{round(seconds / 60)}m"
    return f"{round(seconds / 3600)}h"


def _model_row(model: Model, instances: Sequence[Instance]) -> tuple[str, ...]:
    loaded = sum(i.model_key in (model.model_key, *model.variants) for i in instances)
    mark = "" if not loaded else "✓ LOADED" if loaded == 1 else f"✓ LOADED ({loaded})"
    variants = f" ({_count(len(model.variants), 'variant')})" if model.variants else ""
    return (
        model.model_key + variants,
        model.params or "",
        model.architecture or "",
        say_size(model.size_bytes),
        model.device or "Local",
        mark,
    )


def _model_fields(thing: Model | Instance) -> dict[str, Any]:
    return {
        "type": thing.kind,
        "modelKey": thing.model_key,
        "displayName": thing.display_name,
        "path": thing.path,
        "sizeBytes": thing.size_bytes,
        "deviceIdentifier": thing.device,
        **({"paramsString": thing.params} if thing.params else {}),
        **({"architecture": thing.architecture} if thing.architecture else {}),
        "maxContextLength": thing.max_context_length,
    }


def _by_key(models: Sequence[Model]) -> list[Model]:
    return sorted(models, key=lambda model: model.model_key)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _camel(status: str) -> str:
    first, *rest = status.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _columns(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    table = [heading, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(heading))]
    lines = (
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in table
    )
    return "\n".join(line.rstrip() for line in lines)


def _html_row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
