"""The verbs as Python functions. Each waits until it is done; `lms_jupyter.aio` has async twins."""

import warnings
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack, overload

from lms_jupyter.api import freeing, host_verbs, memory, views
from lms_jupyter.api import lock as locks
from lms_jupyter.api.argument_types import checked
from lms_jupyter.api.drift import check
from lms_jupyter.api.estimating import estimated
from lms_jupyter.api.load_requests import (
    Options,
    read_keep,
    read_request,
    read_ttl,
    warn_of_differences,
)
from lms_jupyter.api.named import Named
from lms_jupyter.api.openai_env import NO_KEY
from lms_jupyter.api.pause import Paused
from lms_jupyter.api.session import session
from lms_jupyter.api.tables import Table
from lms_jupyter.protocol.loads import LoadMode
from lms_jupyter.protocol.models import Estimate, Instance, Model

if TYPE_CHECKING:
    from lms_jupyter.api.all_hosts import InstanceOnHost
    from lms_jupyter.hosts.handles import Handle

__all__ = [
    "drift",
    "ensure",
    "estimate",
    "extend",
    "free",
    "llm",
    "load",
    "lock",
    "ls",
    "model",
    "openai",
    "paused",
    "pin",
    "ps",
    "restore",
    "unload",
]


def load(
    key: str, *, new: bool = False, reload: bool = False, **options: Unpack[Options]
) -> "Handle":
    """Use the instance of a model that has the settings named here, else load it.

    Args:
        key: A model key, a variant, a path, an identifier, or enough of a key to be unique.
        new: Always load another instance, whatever is there.
        reload: Reload an instance with other settings even if somebody else loaded it.
        **options: `ttl`, `identifier`, `config`, `profile`, `preset`, `timeout`, `device`, `lease`,
            `heal`, and every load setting by its name (`context_length`, `gpu`, …).

    Returns:
        The SDK's handle: `lmstudio.LLM` or `lmstudio.EmbeddingModel`. Unless `heal` is false it
        brings its instance back when that was unloaded meanwhile.

    Raises:
        ModelNotFoundError: No model fits this key.
        AmbiguousModelError: Several models could be meant.
        InstanceExistsError: An instance that somebody else loaded has other settings.
        LoadFailedError: The host could not load it.

    Example:
        >>> llm = lms_jupyter.load("qwen3-4b", ttl="10m", context_length=8192)
    """
    return _get(key, "new" if new else "ensure", reload=reload, **options)


def ensure(key: str, *, reload: bool = False, **options: Unpack[Options]) -> "Handle":
    """Do what `load` does without `new`: re-running a cell never loads a second copy.

    Example:
        >>> llm = lms_jupyter.ensure("qwen3-4b", gpu="max")
    """
    return _get(key, "ensure", reload=reload, **options)


def model(key: str, **options: Unpack[Options]) -> "Handle":
    """Use what is in memory under this key or identifier as it is, else load it.

    This is the SDK's own `.model()`: TTL and settings count only if it is loaded by this.

    Example:
        >>> llm = lms_jupyter.model("qwen3-4b")
    """
    return _get(key, "use", reload=False, **options)


def llm(key: str | None = None, **options: Unpack[Options]) -> "Handle":
    """Use this notebook's model: the one that is chosen in its toolbar, loaded if need be.

    Args:
        key: Another one, as for `model`. Without it and without a choice, what was used last.
        **options: As for `load`; they count only if it is loaded by this.

    Raises:
        ModelNotFoundError: The model that the notebook names is not on this host.
        CommandError: None is chosen and none is in memory, or it is an embedding model.

    Example:
        >>> lms_jupyter.llm().respond("Why is the sky blue?")
    """
    here = session()
    asked = read_request(here.folder, key or "", "use", reload=False, **options)
    instance, result = here.run(host_verbs.answering(here, asked))
    if result is None:
        return here.handle_of(instance, heal=asked.heal)
    warn_of_differences(result)
    return here.handle(result, heal=asked.heal)


def unload(identifier: Named, *, forget: bool = False) -> None:
    """End an instance and give its memory back; its handles do not bring it back.

    Args:
        identifier: As `ps` shows it, a row of `ps`, a handle, or several of these.
        forget: Also what the host keeps of the prompts that its model has read.

    Raises:
        InstanceNotFoundError: No instance has this identifier; none of several was ended.
        CommandError: It names no instance.

    Example:
        >>> lms_jupyter.unload(lms_jupyter.ps())
    """
    here = session()
    here.run(memory.unload(here.local.manager, identifier, forget=forget))


@overload
def ps(*, all_hosts: Literal[False] = False) -> Table[Instance]: ...
@overload
def ps(*, all_hosts: Literal[True]) -> "Table[InstanceOnHost]": ...
def ps(*, all_hosts: bool = False) -> "Table[Instance] | Table[InstanceOnHost]":
    """List what is in memory.

    Args:
        all_hosts: Of every host that has a name or runs here; each row says which host it is, and
            the table which hosts do not answer. Nothing is started for it.

    Example:
        >>> pandas.DataFrame(lms_jupyter.ps())[["identifier", "memory_bytes"]]
    """
    here = session()
    if all_hosts:
        from lms_jupyter.api.all_hosts import instances_everywhere  # noqa: PLC0415 - few ask

        return here.local.finish(instances_everywhere(here.local.manager))[0]
    return here.run(views.instances(here.local.manager))


def ls() -> Table[Model]:
    """List what is downloaded.

    Example:
        >>> [model.model_key for model in lms_jupyter.ls() if model.vision]
    """
    here = session()
    return here.run(views.models(here.local.manager))


def openai() -> dict[str, str]:
    """Return what OpenAI's client needs to talk to this host: `OpenAI(**lms_jupyter.openai())`.

    Returns:
        `base_url` and `api_key`. The key is not shown when the dictionary is; do not print it by
        itself: outputs end up in saved notebooks.

    Example:
        >>> client = OpenAI(**lms_jupyter.openai())
    """
    from lms_jupyter.hosts.addresses import url_of  # noqa: PLC0415 - with what follows
    from lms_jupyter.hosts.credentials import token_for  # noqa: PLC0415 - brings the SDK

    here = session()
    here.local.connect()
    address = here.local.manager.activity.host.address
    return {"base_url": f"{url_of(address)}/v1", "api_key": token_for(address) or NO_KEY}


def estimate(key: str, **options: Unpack[Options]) -> Estimate:
    """Estimate how much memory a load would take; nothing is loaded.

    Example:
        >>> lms_jupyter.estimate("qwen3-4b", context_length=32768).total_bytes
    """
    here = session()
    asked = read_request(here.folder, key, "ensure", reload=False, **options)
    return here.run(estimated(asked, here.local.manager)).estimate


def extend(identifier: Named, ttl: float | str | timedelta | None, *, reload: bool = False) -> None:
    """Give an instance another TTL that counts from now.

    Args:
        identifier: As `ps` shows it, a row of `ps`, a handle, or several of these.
        ttl: Seconds, or as people write it (`"30m"`); `None` is never.
        reload: Load it again, for hosts that cannot change the TTL of what is loaded.

    Raises:
        InstanceNotFoundError: No instance has this identifier.
        CommandError: The host cannot change the TTL of what is loaded.

    Example:
        >>> lms_jupyter.extend(llm, "2h")
    """
    here = session()
    here.run(memory.extend_all(here.local.manager, identifier, read_ttl(ttl), with_reload=reload))


def pin(identifier: Named, *, pinned: bool = True, keep: str | None = None) -> None:
    """Keep an instance from expiring and from being evicted, or unpin it.

    Args:
        identifier: As `ps` shows it, a row of `ps`, a handle, or several of these.
        pinned: Whether it is to stay; not to stay ends also what `keep` has said.
        keep: Not for ever: `while-open` or `until 18:00`.

    Raises:
        InstanceNotFoundError: No instance has this identifier.
        CommandError: The host cannot pin an instance.

    Example:
        >>> lms_jupyter.pin(llm)
    """
    here = session()
    here.run(memory.pin(here.local.manager, identifier, pinned=pinned, keep=read_keep(keep)))


def free(*, everything: bool = False, until: str | None = None, main: bool = False) -> int:
    """Unload what is idle and ours, and empty the caches that this process keeps on a GPU.

    Args:
        everything: Also what other kernels loaded.
        until: No more than it takes until so much is free (`"12GB"`): of the GPUs' memory where
            there are GPUs.
        main: With `until`: of main memory.

    Returns:
        How many bytes that gave back, as far as it is known.

    Example:
        >>> lms_jupyter.free()
    """
    here = session()
    if until is not None:
        goal = freeing.goal(until, main=main)
        freed = here.run(freeing.until(here.local.manager, goal, everything=everything))
        here.say(freed.sentence)
        return memory.taken_bytes(freed.gone)
    gone = here.run(memory.free(here.local.manager, everything=everything))
    for sentence in memory.left(here.local.manager, everything=everything):
        here.say(sentence)
    return memory.taken_bytes(gone) + memory.empty_caches()


def lock(path: str | Path | None = None) -> Path:
    """Write down which models this notebook uses and how, and return the file.

    Args:
        path: Where to; by default beside the notebook, where `%lms restore` looks.

    Raises:
        CommandError: Nothing is in memory, or the file cannot be written.

    Example:
        >>> lms_jupyter.lock()
    """
    here = session()
    place = locks.lock_path(here.folder, here.notebook) if path is None else Path(path)
    here.run(locks.write_lock(place, here.local.manager))
    return place


def drift(path: str | Path | None = None) -> tuple[str, ...]:
    """Say, in a sentence each, what is not as a lock says; empty if everything is.

    Nothing is loaded. `if lms_jupyter.drift(): ...` is for scripts.

    Args:
        path: A file that `lock` wrote; by default that beside the notebook.

    Raises:
        CommandError: There is no such file, or it is no lock.

    Example:
        >>> assert not lms_jupyter.drift()
    """
    here = session()
    place = locks.lock_path(here.folder, here.notebook) if path is None else Path(path)
    return here.run(check(locks.read_lock(place), here.local.manager)).lines


def restore(path: str | Path | None = None) -> list["Handle"]:
    """Load what a lock names, with its settings and under its identifiers; return the handles.

    What is not as it was becomes a warning each.

    Args:
        path: A file that `lock` wrote; by default that beside the notebook.

    Raises:
        CommandError: There is no such file, or it is no lock.

    Example:
        >>> (llm,) = lms_jupyter.restore()
    """
    here = session()
    place = locks.lock_path(here.folder, here.notebook) if path is None else Path(path)
    found, manager = locks.read_lock(place), here.local.manager
    drifted = here.run(locks.drift(found, manager))
    instances = here.run(locks.restore(found, manager))
    for line in (*drifted, *here.run(locks.differs(found, instances, manager.connected_host))):
        warnings.warn(line, stacklevel=2)
    return [here.handle_of(instance) for instance in instances]


def paused(*identifiers: Named, everything: bool = False) -> AbstractContextManager[None]:
    """Give the memory of models to something else for the length of a `with` block.

    Args:
        *identifiers: Which instances, as for `unload`; by default those that this kernel loaded.
        everything: All instances of the host, whoever loaded them.

    Example:
        >>> with lms_jupyter.paused():
        ...     train()
    """
    return Paused(session(), identifiers, everything=everything)


def _get(key: str, mode: LoadMode, *, reload: bool, **options: Unpack[Options]) -> "Handle":
    here = session()
    asked = read_request(here.folder, key, mode, reload=reload, **options)
    result = here.run(here.load(asked))
    warn_of_differences(result)
    return here.handle(result, heal=asked.heal)


for _verb in __all__:
    globals()[_verb] = checked(globals()[_verb])
