"""What a host would fetch, before it does: its plan, as `lms get` shows it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lms_jupyter.hosts.reading import noun, reads, rows, table, text

BY_PLAN = "plan:"
"""What the identifier of a download begins with that a plan carries out; then comes the place."""
FITS = {
    "fullGPUOffload": "fits into GPU memory",
    "partialGPUOffload": "fits with a part in GPU memory",
    "fitWithoutGPU": "fits into main memory",
    "willNotFit": "does not fit into memory",
}


class PlanOption(Struct, frozen=True, kw_only=True):
    """A file that the plan could fetch."""

    name: str
    size_bytes: int
    quantization: str | None = None
    fit: str = ""
    """How it fits into memory, in words."""
    availability: str = "notDownloaded"
    recommended: bool = False


class DownloadPlan(Struct, frozen=True, kw_only=True):
    """What would be fetched, and what there is to choose from."""

    name: str
    options: tuple[PlanOption, ...]
    selected: int | None = None
    """Which of them would be fetched; `None`: what is there already will do."""
    size_bytes: int = 0
    job_id: str = ""
    """Of a download of it that is under way."""
    node: int = 0
    """Which node of the host's plan has the options."""
    version: int = 0
    """Of the host's plan, which changes with each choice."""

    @property
    def reason(self) -> str:
        """Why it is that one."""
        if self.selected is None:
            return "nothing has to be fetched: it is there"
        option = self.options[self.selected]
        if option.availability == "downloading":
            return "it is being fetched already"
        words = ["the host recommends it" if option.recommended else "it was asked for"]
        return " and it ".join([*words, *([option.fit] if option.fit else [])])


@reads("what would be fetched")
def read_plan(name: str, raw: Any) -> DownloadPlan:
    """Read a plan that is ready: its only model, or the first that has options.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    found = table(raw)
    nodes = [table(node) for node in rows(found["nodes"])]
    models = [node for node in nodes if node.get("type") == "model"]
    chosen = next((model for model in models if model.get("downloadOptions")), None)
    fields: dict[str, Any] = {
        "name": name,
        "options": [],
        "size_bytes": found.get("downloadSizeBytes", 0),
        "job_id": found.get("downloadJobIdentifier", ""),
    }
    if chosen is not None:
        fields["options"] = [_option(table(option)) for option in rows(chosen["downloadOptions"])]
        fields["selected"] = chosen.get("selectedDownloadOptionIndex")
        fields["node"] = nodes.index(chosen)
        fields["version"] = found.get("version", 0)
    made = noun(fields, DownloadPlan)
    if made.selected is not None and not 0 <= made.selected < len(made.options):
        raise ValueError(f"there is no option {made.selected}")
    return made


def _option(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": text(raw["displayName"]),
        "size_bytes": raw.get("sizeBytes", 0),
        "quantization": raw.get("quantName"),
        "fit": FITS.get(str(raw.get("fitEstimation")), ""),
        "availability": text(raw.get("availability", "notDownloaded")),
        "recommended": raw.get("recommended", False),
    }
