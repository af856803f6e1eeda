"""What can go wrong in the engine, and how LM Studio's clients are told.

EngineError                    title, hint, code, http_status
├── BadRequestError            the request itself is wrong; nothing was attempted
│   ├── ConstraintError            what the answer has to be like cannot be enforced
│   ├── ContextTooLongError        more context than the model was made for
│   ├── PromptTooLongError         a prompt or a text has more tokens than the context
│   ├── UnknownEndpointError       no such call
│   └── UnsupportedError           a call that this engine knows but does not offer
├── AmbiguousNameError         a name means several models, or several instances
├── NoVariantsError            a model that is a single file has none
├── TokenMissingError          the engine wants a token that the client has not shown
├── PathNotFoundError          no downloaded model has this key or path
│   └── BaseMissingError           a model.yaml names weights that are not there
├── ModelsUnreadableError      the models folders could not be looked at
├── NoModelMatchingQueryError  nothing loaded fits the query
├── PresetNotFoundError        no preset has this name
├── ModelUnloadedError         the instance that was meant is gone
├── DomainMismatchError        an embedding model where an LLM is needed, or the other way round
├── IdentifierExistsError      the identifier is taken
├── GuardrailError             the load would not fit into memory
├── LoadFailedError            llama.cpp could not load the file
├── RuntimeNotFoundError       no build of llama.cpp is called so
├── RuntimeUnusableError       a build of llama.cpp that is to be used cannot be
├── LoadCancelledError         somebody cancelled the load
├── InferenceError             llama.cpp refused or broke off a request
│   └── ContextFullError           several requests have filled the context that they share
├── DownloadFailedError        a download ended without a file
└── JobNotFoundError           no such download job
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Mapping
from typing import ClassVar

SAMPLE = 10
"""How many names an error lists as a sample of what there is."""


class EngineError(Exception):
    """A failure with a stable code, a one-sentence title and, where there is one, a way out."""

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    param: str | None = None
    """The field of the request that is wrong, where one is known."""

    def __init__(self, title: str, *, hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.hint = hint

    def display_data(self) -> dict[str, object] | None:
        """Return LM Studio's machine-readable part, which selects the client's exception class."""
        return None

    def envelope(self) -> dict[str, object]:
        """Return the error object of LM Studio's WebSocket protocol; absent parts are left out."""
        envelope: dict[str, object] = {"title": self.title, "rootTitle": self.title}
        if self.hint:
            envelope["suggestion"] = self.hint
        if (display_data := self.display_data()) is not None:
            envelope["displayData"] = display_data
        envelope["errorData"] = {"code": self.code}
        return envelope


class BadRequestError(EngineError):
    """The request is malformed or asks for something impossible; nothing was attempted."""

    code = "invalid_request"
    http_status = 400


class ConstraintError(BadRequestError):
    """An answer of the form that was asked for cannot be guaranteed; nothing was generated."""

    code = "constraint_not_kept"

    def __init__(self, name: str, pointer: str, reason: str, *, hint: str = "") -> None:
        place = f"at {pointer!r}" if pointer else "as it stands"
        super().__init__(
            f"{name!r} cannot be kept {place}: {reason}.",
            hint=hint or "Leave that part out, or say it in another way.",
        )
        self.param, self.pointer = name, pointer


class ContextTooLongError(BadRequestError):
    """The context asked for is longer than the model's own maximum."""

    code = "context_too_long"

    def __init__(self, asked: int, maximum: int, model_key: str) -> None:
        super().__init__(
            f"A context of {asked} tokens is longer than the maximum of {model_key!r}, "
            f"{maximum} tokens.",
            hint=f"Ask for a context length of {maximum} or less.",
        )


class PromptTooLongError(BadRequestError):
    """A prompt or a text has more tokens than the context; by OpenAI's code for it."""

    code = "context_length_exceeded"


class UnknownEndpointError(BadRequestError):
    """No such call in this namespace."""

    code = "unknown_endpoint"
    http_status = 404

    def __init__(self, namespace: str, endpoint: str) -> None:
        super().__init__(f"The namespace {namespace!r} has no call {endpoint!r}.")


class UnsupportedError(BadRequestError):
    """LM Studio has this call, the engine does not offer it.

    It is answered with 400: clients repeat what is answered with a status of 500 or more.
    """

    code = "not_implemented"


class TokenMissingError(EngineError):
    """The engine is somebody's, and the client has not shown its token."""

    code = "invalid_api_key"
    http_status = 401

    def __init__(self, *, shown: bool) -> None:
        title = "This is not the API token of this engine."
        super().__init__(
            title if shown else "A valid API token is required.",
            hint="The engine's owner sees it with: lms-jupyter engine --env",
        )


class PathNotFoundError(EngineError):
    """No downloaded model has this key or path."""

    code = "model_not_found"
    http_status = 404

    def __init__(
        self, path: str, available: Iterable[str] = (), unseen: Mapping[str, str] | None = None
    ) -> None:
        known = list(available)
        near = difflib.get_close_matches(path, known, n=3, cutoff=0.5)
        if near:
            hint = f"Did you mean {' or '.join(near)}?"
        elif known:
            hint = f"Downloaded are: {', '.join(known[:SAMPLE])}."
        else:
            hint = "" if unseen else "There are no downloaded models yet."
        for place, reason in itertools.islice((unseen or {}).items(), 1):
            hint += f" {place} could not be looked at: {reason}."
        super().__init__(f"No downloaded model has the key or path {path!r}.", hint=hint.strip())
        self.path = path
        self.available = known

    def display_data(self) -> dict[str, object]:
        """Name the path and a sample of the paths there are."""
        return {
            "code": "generic.pathNotFound",
            "path": self.path,
            "availablePathsSample": self.available[:SAMPLE],
            "totalModels": len(self.available),
        }


class BaseMissingError(PathNotFoundError):
    """A `model.yaml` names weights that are not on the disk, or cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path)
        self.title, self.hint = reason, "Download its base, or remove its model.yaml."
        self.args = (reason,)


class AmbiguousNameError(EngineError):
    """A name fits several models, or several instances, equally well."""

    code = "ambiguous_name"
    http_status = 400

    def __init__(self, name: str, candidates: Iterable[str]) -> None:
        found = list(candidates)
        super().__init__(
            f"{name!r} can mean {', '.join(found[:SAMPLE])}.", hint="Name one of them in full."
        )
        self.candidates = found


class NoVariantsError(EngineError):
    """The variants of a model were asked for that has a single file."""

    code = "no_variants"
    http_status = 404

    def __init__(self, model_key: str) -> None:
        super().__init__(
            f"The model {model_key!r} has no variants.", hint="It is loaded by its key alone."
        )


class ModelsUnreadableError(EngineError):
    """The models folders could not be looked at; which models there are is not known."""

    code = "models_unreadable"
    http_status = 503

    def __init__(self, place: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"The models cannot be listed: {place}: {reason}.", hint=hint)


class NoModelMatchingQueryError(EngineError):
    """Nothing that is loaded fits the query."""

    code = "instance_not_found"
    http_status = 404

    def __init__(self, query: Mapping[str, object], loaded: Iterable[str] = ()) -> None:
        names = list(loaded)
        wanted = ", ".join(f"{key} {value!r}" for key, value in query.items()) or "any model"
        hint = f"Loaded are: {', '.join(names[:SAMPLE])}." if names else "Nothing is loaded."
        super().__init__(f"No loaded model matches {wanted}.", hint=hint)
        self.query = dict(query)
        self.loaded = names

    def display_data(self) -> dict[str, object]:
        """Name the query and a sample of what is loaded."""
        return {
            "code": "generic.noModelMatchingQuery",
            "query": self.query,
            "loadedModelsSample": self.loaded[:SAMPLE],
            "totalLoadedModels": len(self.loaded),
        }


class ModelUnloadedError(EngineError):
    """The instance that was meant has been unloaded."""

    code = "model_unloaded"
    http_status = 404

    def __init__(self, title: str = "This model has already been unloaded.") -> None:
        super().__init__(title, hint="Load it again.")

    def display_data(self) -> dict[str, object]:
        """Say which kind it is; there is nothing more to tell."""
        return {"code": "generic.specificModelUnloaded"}


class PresetNotFoundError(EngineError):
    """No preset has this name, or its file cannot be read."""

    code = "preset_not_found"
    http_status = 404

    def __init__(
        self, name: str, title: str, *, hint: str = "", available: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(title, hint=hint)
        self.name = name
        self.available = list(available)

    def display_data(self) -> dict[str, object]:
        """Name the preset, and a sample of those there are."""
        sample = [{"identifier": key, "name": name} for key, name in self.available[:SAMPLE]]
        return {
            "code": "generic.presetNotFound",
            "specifiedFuzzyPresetIdentifier": self.name,
            "availablePresetsSample": sample,
            "totalAvailablePresets": len(self.available),
        }


class DomainMismatchError(EngineError):
    """An embedding model where an LLM is needed, or the other way round."""

    code = "domain_mismatch"
    http_status = 400

    def __init__(self, path: str, actual: str, expected: str) -> None:
        super().__init__(
            f"{path!r} is of the type {actual!r}, but this call needs {expected!r}.",
            hint=f"Use the {actual!r} calls for this model, or name a model of type {expected!r}.",
        )
        self.path = path
        self.actual = actual
        self.expected = expected

    def display_data(self) -> dict[str, object]:
        """Name the path and both types."""
        return {
            "code": "generic.domainMismatch",
            "path": self.path,
            "actualDomain": self.actual,
            "expectedDomain": self.expected,
        }


class IdentifierExistsError(EngineError):
    """The identifier asked for belongs to another loaded or loading instance."""

    code = "identifier_exists"
    http_status = 409

    def __init__(self, identifier: str) -> None:
        super().__init__(
            f"A model with the identifier {identifier!r} already exists; "
            "choose another identifier, or unload that one first."
        )

    def envelope(self) -> dict[str, object]:
        """Return the title alone, because the Python SDK then shows it on one line.

        That SDK's own tests look for it there.
        """
        return {"title": self.title, "rootTitle": self.title}


class GuardrailError(EngineError):
    """The load was refused because it would take more memory than the guardrail allows."""

    code = "guardrail"
    http_status = 507


class LoadFailedError(EngineError):
    """llama.cpp could not load the model; the title gives its reason."""

    code = "load_failed"

    def __init__(self, title: str, *, hint: str = "", reason: str = "") -> None:
        super().__init__(title, hint=hint)
        self.reason = reason
        """What llama.cpp said, where nothing better is known."""


class RuntimeNotFoundError(EngineError):
    """No build of llama.cpp here is called so."""

    code = "runtime_not_found"
    http_status = 404

    def __init__(self, name: str, available: Iterable[str]) -> None:
        super().__init__(
            f"There is no runtime {name!r}.", hint=f"There are: {', '.join(available)}."
        )


class RuntimeUnusableError(EngineError):
    """A build of llama.cpp that is to be used cannot be; the title says why."""

    code = "runtime_unusable"


class LoadCancelledError(EngineError):
    """Somebody cancelled the load; its memory has been given back."""

    code = "load_cancelled"
    http_status = 499

    def __init__(self, identifier: str) -> None:
        super().__init__(f"Load cancelled: {identifier!r} was not loaded.")


class InferenceError(EngineError):
    """llama.cpp refused a request or broke it off."""

    code = "inference_failed"


class ContextFullError(InferenceError):
    """The context that several requests share is full; llama.cpp has ended all of them."""

    code = "context_full"


class DownloadFailedError(EngineError):
    """A download ended without a complete file."""

    code = "download_failed"


class JobNotFoundError(EngineError):
    """No download job has this id."""

    code = "job_not_found"
    http_status = 404

    def __init__(self, job_id: str) -> None:
        super().__init__(f"There is no download job {job_id!r}.")
