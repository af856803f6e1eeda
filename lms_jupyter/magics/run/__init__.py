"""What each verb does: one function for each kind of request, chosen by its type."""

from functools import singledispatch
from typing import Any

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.context import MagicContext


@singledispatch
def perform(request: object, _context: MagicContext) -> Any:
    """Do what a line asks for, and return what the notebook can use."""
    raise CommandError(f"Nothing knows how to do {request!r}.")
