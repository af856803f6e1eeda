"""Runs `runtime`."""

import json
from typing import Any

import msgspec

from lms_jupyter.api.draw import compact
from lms_jupyter.api.sizes import format_size
from lms_jupyter.api.tables import RichOutput
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.runtime import RuntimeLine


@perform.register
def runtime(request: RuntimeLine, context: MagicContext) -> Any:
    """List the runtimes, select one, or say what the selected ones see of the machine."""
    from lms_jupyter.hosts import runtimes  # noqa: PLC0415 - brings the SDK

    context.connect()
    host, run = context.manager.connected_host, context.session.run
    match request.what:
        case "ls":
            known = run(runtimes.runtimes(host))
            if request.as_json:
                return context.say(compact(msgspec.to_builtins(known)))
            rows = [
                (entry.full_name, "✓" if entry.selected_for else "", ", ".join(entry.formats))
                for entry in known
            ]
            heading = ("LLM ENGINE", "SELECTED", "MODEL FORMAT")
            context.show(RichOutput("", [(heading, rows)]).bundle())
        case "select":
            chosen = run(runtimes.select(host, request.name, latest=request.latest))
            if request.as_json:
                return context.say(compact(msgspec.to_builtins(chosen)))
            context.say(
                f"{chosen.full_name} is selected for {', '.join(chosen.formats)}: what is loaded "
                "from now on runs on it; what is in memory stays where it is."
            )
        case _:
            answer, surveys = run(runtimes.survey(host))
            if request.as_json:
                return context.say(json.dumps(answer, indent=2))
            for survey in surveys:
                context.show(_drawn(survey).bundle())
    return None


def _drawn(survey: Any) -> RichOutput:
    """Draw a survey as the CLI does."""
    rows = [(gpu.name, format_size(gpu.total_bytes)) for gpu in survey.gpus]
    extensions = f" ({', '.join(survey.cpu_extensions)})" if survey.cpu_extensions else ""
    return RichOutput(
        f"Survey by {survey.name} ({survey.version})",
        [(("GPU/ACCELERATORS", "VRAM"), rows or [("No GPU", "")])],
        after=f"CPU: {survey.cpu}{extensions}\nRAM: {format_size(survey.ram_bytes)}",
    )
