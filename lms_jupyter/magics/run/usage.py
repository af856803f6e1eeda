"""Runs `usage`."""

from typing import Any

import msgspec

from lms_jupyter.api import usage as diary
from lms_jupyter.api.draw import compact
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.usage import ShowUsage


@perform.register
def usage(request: ShowUsage, context: MagicContext) -> Any:
    """Say what the memory diary says."""
    context.connect()
    found = context.session.run(diary.usage(context.manager.diary, request.by, request.days))
    if request.as_json:
        return context.say(compact([msgspec.to_builtins(entry) for entry in found]))
    return context.shown(found)
