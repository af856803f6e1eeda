"""Fields that would change the answer if they could be honoured, and cannot.

They are refused. Every other field that no path knows is left aside, as LM Studio does: who asks,
how urgent it is, and what is to be kept with the answer (`user`, `service_tier`, `prediction`,
`safety_identifier`, `prompt_cache_key`, `verbosity`, `store`, `metadata` and the like) changes
nothing about what a local model says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lms_jupyter.engine.errors import ConstraintError

_CHAT: Final[Mapping[str, tuple[Any, ...]]] = {
    "audio": (),
    "function_call": (),
    "functions": (),
    "modalities": (["text"],),
    "web_search_options": (),
}
_COMPLETION: Final[Mapping[str, tuple[Any, ...]]] = {
    "best_of": (1,),
    "echo": (False,),
    "suffix": ("",),
}
_RESPONSE: Final[Mapping[str, tuple[Any, ...]]] = {
    "background": (False,),
    "conversation": (),
    "max_tool_calls": (),
    "prompt": (),
    "truncation": ("disabled",),
}
_MESSAGE: Final[Mapping[str, tuple[Any, ...]]] = {
    "container": (),
    "context_management": ({},),
    "mcp_servers": ([],),
}
_OF_PATH: Final[Mapping[str, Mapping[str, tuple[Any, ...]]]] = {
    "/v1/chat/completions": _CHAT,
    "/v1/completions": _COMPLETION,
    "/v1/responses": _RESPONSE,
    "/v1/messages": _MESSAGE,
}
"""For each path what cannot be honoured, with the values that ask for nothing."""


def refuse_unsupported(body: Mapping[str, Any], path: str) -> None:
    """Raise `ConstraintError` for a field of a request to a path of llama.cpp's."""
    for name, harmless in _OF_PATH.get(path, {}).items():
        value = body.get(name)
        if value is not None and not any(value == harmless_value for harmless_value in harmless):
            raise ConstraintError(
                name, "", f"this engine cannot do that (the value is {value!r:.100})"
            )


def refuse_other_dimensions(body: dict[str, Any], own: int) -> None:
    """Raise `ConstraintError` if vectors shall have another length than the model's own.

    Few models are made for vectors that are cut off, and none says that it is.
    """
    asked = body.pop("dimensions", None)
    if asked is not None and (isinstance(asked, bool) or asked != own):
        raise ConstraintError(
            "dimensions", "", f"the vectors of this model have {own} numbers, not {asked!r:.100}"
        )
