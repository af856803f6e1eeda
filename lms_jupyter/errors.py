"""What can go wrong, and what to do about it.

LmsError                     code, title, hint
├── HostError                the host did not do what we asked
│   ├── HostUnreachableError (also ConnectionError)
│   ├── HostTimeoutError     (also TimeoutError)
│   ├── HostRefusedError     (also PermissionError)
│   └── HostReplyError       it answered something that we cannot read
├── ModelError               the request names a model that cannot serve it
│   ├── ModelNotFoundError   (also LookupError)
│   ├── AmbiguousModelError  carries the candidates
│   ├── InstanceNotFoundError (also LookupError)
│   ├── InstanceUnloadedError (also LookupError)
│   ├── InstanceExistsError
│   ├── LoadFailedError
│   ├── LoadCancelledError
│   └── DownloadFailedError
├── CommandError             (also ValueError) malformed; nothing was attempted
├── FolderError              (also OSError) no folder can be written that is needed
└── EngineMissingError       (also ImportError) the extra is not installed
"""

import difflib
from collections.abc import Iterable
from typing import ClassVar

from lms_jupyter.callers import user_calls
from lms_jupyter.printable import printable, without_tokens


class LmsError(Exception):
    """A failure with a stable code, a one-sentence title and, if we have one, a hint."""

    code: ClassVar[str] = "lms_error"

    def __init__(self, title: str, *, hint: str = "") -> None:
        # Errors end up in saved notebooks, and repeat what was written wrong.
        self.title = printable(without_tokens(title))
        self.hint = printable(without_tokens(hint))
        super().__init__(self.title)

    def _render_traceback_(self) -> list[str]:
        """Tell IPython to show the sentence, the hint and the user's calls, not our frames."""
        calls = (f"  {printable(call)}" for call in user_calls(self.__traceback__))
        lines = (f"{type(self).__name__}: {self.title}", self.hint, *calls)
        return [line for line in lines if line]


class HostError(LmsError):
    """The host did not do what we asked."""

    code = "host_error"


class HostUnreachableError(HostError, ConnectionError):
    """Nothing that speaks LM Studio's API answers at this address."""

    code = "host_unreachable"


class StudioAsleepError(HostUnreachableError):
    """LM Studio is installed on this machine and does not run; nothing was started instead."""

    code = "studio_asleep"


class HostTimeoutError(HostError, TimeoutError):
    """The host took longer than we were told to wait."""

    code = "host_timeout"


class HostRefusedError(HostError, PermissionError):
    """The host does not let us in."""

    code = "host_refused"


class HostReplyError(HostError):
    """The host answered something that we cannot read."""

    code = "host_reply"


class ModelError(LmsError):
    """The request names a model that cannot serve it."""

    code = "model_error"


class ModelNotFoundError(ModelError, LookupError):
    """No downloaded model has this key."""

    code = "model_not_found"

    def __init__(
        self, model_key: str, known: Iterable[str] = (), *, to_download: bool = False
    ) -> None:
        near = difflib.get_close_matches(model_key, list(known), n=3, cutoff=0.5)
        title = f"No downloaded model has the key {model_key!r}."
        hint = "`%lms ls` lists what is there."
        if to_download:
            title = f"There is nothing called {model_key!r} to download."
            hint = "Write it as owner/name, or give words to search for."
        super().__init__(title, hint=f"Did you mean {' or '.join(near)}?" if near else hint)


class AmbiguousModelError(ModelError):
    """Several downloaded models match `name`; `candidates` are their keys, best match first."""

    code = "ambiguous_model"

    def __init__(self, model_key: str, candidates: Iterable[str]) -> None:
        self.name = model_key
        self.candidates = tuple(candidates)
        super().__init__(
            f"{len(self.candidates)} models match {model_key!r}.",
            hint=f"Name one of them in full: {', '.join(self.candidates)}.",
        )


class AmbiguousInstanceError(ModelError):
    """Several instances match `name`; `candidates` are their identifiers."""

    code = "ambiguous_instance"

    def __init__(self, name: str, candidates: Iterable[str]) -> None:
        self.name = name
        self.candidates = tuple(candidates)
        super().__init__(
            f"{len(self.candidates)} instances in memory match {name!r}.",
            hint=f"Name one of them by its identifier: {', '.join(self.candidates)}.",
        )


class InstanceNotFoundError(ModelError, LookupError):
    """No instance in memory has this identifier."""

    code = "instance_not_found"

    def __init__(self, identifier: str, known: Iterable[str] = ()) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(identifier, names, n=3, cutoff=0.5)
        if near:
            hint = f"Did you mean {' or '.join(near)}?"
        elif names:
            hint = f"In memory: {', '.join(names[:5])}."
        else:
            hint = "Nothing is in memory."
        super().__init__(f"No instance in memory is called {identifier!r}.", hint=hint)


class InstanceUnloadedError(ModelError, LookupError):
    """Somebody has unloaded the instance on purpose, so its handle does not bring it back.

    Args:
        identifier: What it was called.
        model_key: Of which model it was.
        by: Who unloaded it, where that is known.
    """

    code = "instance_unloaded"

    def __init__(self, identifier: str, model_key: str | None = None, *, by: str = "") -> None:
        load = f"%lms load {model_key or identifier}"
        if model_key not in (None, identifier):
            load += f" --identifier {identifier}"
        super().__init__(
            f"{identifier!r} was unloaded{f' by {by}' if by else ''}.",
            hint=f"It stays away until it is loaded again: `{load}`.",
        )


class InstanceExistsError(ModelError):
    """An instance stands in the way: it has the identifier, or other settings than were asked.

    Args:
        identifier: What the instance is called.
        difference: How its settings differ from what was asked, if that is what is wrong.
        at_once: Whether this kernel itself asked for it with other settings at the same moment.
    """

    code = "instance_exists"

    def __init__(self, identifier: str, difference: str = "", *, at_once: bool = False) -> None:
        if difference and at_once:
            super().__init__(
                f"{identifier!r} was loaded at the same moment with other settings: {difference}.",
                hint="The first to ask gets its settings. Ask again to have it loaded anew with "
                "yours; --new loads another beside it.",
            )
        elif difference:
            super().__init__(
                f"{identifier!r} is loaded already, with other settings: {difference}.",
                hint="It was loaded elsewhere. --reload loads it anew with your settings, "
                "--new loads another beside it.",
            )
        else:
            super().__init__(
                f"An instance called {identifier!r} already exists.",
                hint="Choose another identifier, or leave it out and the host makes one.",
            )


class LoadFailedError(ModelError):
    """The host began to load the model and could not."""

    code = "load_failed"


class LoadCancelledError(ModelError):
    """The load was called off before it was done."""

    code = "load_cancelled"


class DownloadFailedError(ModelError):
    """The model's files could not be fetched."""

    code = "download_failed"


class McpError(LmsError):
    """An MCP server cannot be started or reached, or says what nobody can read."""

    code = "mcp_error"


class CommandError(LmsError, ValueError):
    """The command makes no sense as given; nothing was attempted."""

    code = "command_error"


class FolderError(LmsError, OSError):
    """A folder that is needed cannot be written, and no other is there instead."""

    code = "folder_unwritable"


class EngineMissingError(LmsError, ImportError):
    """The embedded engine is wanted but its packages are not installed."""

    code = "engine_missing"
