"""Which model, or which instance, somebody means. Pure.

A name always wins over a guess, in each of its forms (see `names`): a key, a variant, a path, an
identifier in memory, a repository. Only what is none of these is looked for by the fuzzy rule of
LM Studio's own command line, and only a single match counts.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from lms_jupyter.errors import AmbiguousModelError, CommandError, ModelNotFoundError
from lms_jupyter.manager import names
from lms_jupyter.protocol.models import Instance, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a name stands for."""

    name: str
    """What to send to the host: a key or a variant."""
    model: Model
    instance: Instance | None = None
    """The one that was named, if it was an instance."""
    how: Literal["identifier", "key", "variant", "path", "fuzzy", "first"] = "key"
    passed_over: tuple[str, ...] = ()
    """The other keys that matched, if the first was taken."""


def score(pattern: str, text: str) -> float | None:
    """Rate a match as the npm package `fuzzy` 0.1.3 does; `None` if there is none.

    The pattern's letters have to occur in the text in order, whatever their case. Each run of
    letters in a row counts 1, 3, 7, 15, …; equality is infinitely good.

    >>> score("qwen3-4b", "qwen/qwen3-4b")
    52.0
    """
    wanted, found = pattern.lower(), text.lower()
    if wanted == found:
        return math.inf
    total = run = place = 0
    for letter in found:
        if place < len(wanted) and letter == wanted[place]:
            place += 1
            run = 2 * run + 1
        else:
            run = 0
        total += run
    return float(total) if place == len(wanted) else None


def rank(pattern: str, keys: Iterable[str]) -> list[str]:
    """Return the keys that match, best first; of equals the earlier comes first."""
    scored = [(rating, key) for key in keys if (rating := score(pattern, key)) is not None]
    return [key for _, key in sorted(scored, key=lambda pair: -pair[0])]


def resolve(
    name: str,
    models: Sequence[Model],
    instances: Sequence[Instance] = (),
    *,
    first: bool = False,
    exact: bool = False,
) -> Resolution:
    """Say what a name stands for.

    Args:
        name: What somebody wrote.
        models: What is downloaded.
        instances: What is in memory.
        first: Take the best of several fuzzy matches.
        exact: Take a path alone, to the letter.

    Raises:
        ModelNotFoundError: Nothing is called like this.
        AmbiguousModelError: Several keys match.
    """
    if exact:
        return _at_path(name, models)
    found = (
        _exact(name, models)
        or _instance(name, models, instances)
        or _by_other_name(name, models, first=first)
    )
    if found is not None:
        return found
    loadable = [model for model in models if "clip" not in (model.architecture or "")]
    keys = rank(name, dict.fromkeys(m.model_key for m in _recent(loadable, instances)))
    if not keys:
        raise ModelNotFoundError(name, [model.model_key for model in models])
    best, *others = keys
    if others and score(name, best) == math.inf:
        others = []
    if others and not first:
        raise AmbiguousModelError(name, keys)
    model = _by_key(best, models)
    how: Literal["first", "fuzzy"] = "first" if others else "fuzzy"
    return Resolution(name=best, model=model, how=how, passed_over=tuple(others))


def serves(instance: Instance, resolution: Resolution) -> bool:
    """Whether an instance is of the model, and of the variant if one was named."""
    if resolution.instance is not None:
        return instance.instance_reference == resolution.instance.instance_reference
    model = resolution.model
    if resolution.how == "path":
        return instance.path == model.path
    if resolution.name in model.variants:
        keys = {resolution.name}
        if resolution.name == model.selected_variant:
            keys.add(model.model_key)
    else:
        keys = {model.model_key, *model.variants}
    return instance.model_key in keys


def _exact(name: str, models: Sequence[Model]) -> Resolution | None:
    for model in models:
        if name == model.model_key:
            return Resolution(name=name, model=model, how="key")
    for model in models:
        if name in model.variants:
            return Resolution(name=name, model=model, how="variant")
    for model in models:
        if name == model.path:
            return Resolution(name=name, model=model, how="path")
    return None


def on_several_devices(identifier: str, found: Sequence[Instance]) -> CommandError:
    """Return what to raise where devices of an LM Link have instances of the same identifier."""
    devices = " and ".join(
        sorted(instance.device_name or instance.device or "Local" for instance in found)
    )
    return CommandError(
        f"There are {len(found)} instances called {identifier!r}: on {devices}.",
        hint="Name one by its row, `lms_jupyter.unload(lms_jupyter.ps()[0])`, or its device, "
        "--device.",
    )


def _instance(
    name: str, models: Sequence[Model], instances: Sequence[Instance]
) -> Resolution | None:
    """Find an instance by its identifier. One that is called like a key is the model's."""
    wanted = names.spelled(name)
    found = [instance for instance in instances if instance.identifier == name] or [
        instance for instance in instances if names.spelled(instance.identifier) == wanted
    ]
    if not found and ":" in name:
        found = names.named(name, instances, models)
    if not found:
        return None
    if all(instance.replica and instance.identifier == found[0].identifier for instance in found):
        found = [min(found, key=lambda instance: instance.queued)]
    if len(found) > 1 and len({instance.identifier for instance in found}) == 1:
        raise on_several_devices(found[0].identifier, found)
    if len(found) > 1:
        raise AmbiguousModelError(name, [instance.identifier for instance in found])
    model = _of(found[0], models)
    return Resolution(name=found[0].model_key, model=model, instance=found[0], how="identifier")


def _by_other_name(name: str, models: Sequence[Model], *, first: bool) -> Resolution | None:
    """Find a model by another form of its name."""
    fitting = names.closest(name, models, lambda model: model)
    keys = tuple(dict.fromkeys(model.model_key for model in fitting))
    if not keys:
        return None
    if len(keys) > 1 and not first:
        raise AmbiguousModelError(name, keys)
    model = _by_key(keys[0], fitting)
    read = names.reading(name, model)
    if read is None:
        return None
    _, matched, how = read
    if len(keys) > 1:
        return Resolution(name=matched, model=model, how="first", passed_over=keys[1:])
    return Resolution(name=matched, model=model, how=how)


def _of(instance: Instance, models: Sequence[Model]) -> Model:
    found = [m for m in models if instance.model_key in (m.model_key, *m.variants)]
    if found:
        return min(found, key=lambda model: model.device != instance.device)
    # Its files are gone from the disk, or it lives on another device: it still is what it is.
    return Model(
        model_key=instance.model_key,
        kind=instance.kind,
        display_name=instance.display_name,
        path=instance.path,
        size_bytes=instance.size_bytes,
        max_context_length=instance.max_context_length,
        device=instance.device,
        device_name=instance.device_name,
    )


def _at_path(path: str, models: Sequence[Model]) -> Resolution:
    for model in models:
        if model.path == path:
            return Resolution(name=path, model=model, how="path")
    raise ModelNotFoundError(path, [model.path for model in models])


def _by_key(key: str, models: Sequence[Model]) -> Model:
    """Find a model, on this host rather than on another device."""
    named = [model for model in models if model.model_key == key]
    return min(named, key=lambda model: model.device is not None)


def _recent(models: Sequence[Model], instances: Sequence[Instance]) -> list[Model]:
    """Put the models that were used last in front; the rest stay in the host's order."""
    used: dict[str, float] = {}
    for instance in instances:
        at = instance.idle_since or 0.0
        used[instance.model_key] = max(at, used.get(instance.model_key, 0.0))
    return sorted(models, key=lambda model: -used.get(model.model_key, -1.0))
