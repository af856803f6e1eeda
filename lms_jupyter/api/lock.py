"""What a notebook uses, written down beside it, and whether that is still so."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.base import Host
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.manager.loading import carry_out, end
from lms_jupyter.model_folders import model_folders
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance, LoadConfig, Model

VERSION = 1


class Locked(Struct, frozen=True, kw_only=True):
    """One instance, as it was."""

    identifier: str
    model_key: str
    path: str
    size_bytes: int
    sha256: str | None = None
    """Of the file; `None` where it could not be read from here."""
    quantization: str | None = None
    ttl_s: float | None = None
    config: LoadConfig = LoadConfig()
    """What was in effect."""
    asked: LoadConfig = LoadConfig()


class LockFile(Struct, frozen=True, kw_only=True):
    """A lock, as it lies beside the notebook."""

    version: int = VERSION
    host: str
    host_version: str | None = None
    instances: tuple[Locked, ...] = ()


def lock_path(folder: Path, notebook: str) -> Path:
    """Return the file that belongs to a notebook."""
    return folder / f"{notebook}.lms-lock.json"


async def write_lock(path: Path, manager: Manager) -> LockFile:
    """Write down what this kernel loaded, or everything in memory if it loaded nothing.

    Raises:
        CommandError: Nothing is in memory, or the file cannot be written.
    """
    known = await lookup.instances(manager)
    used = [i for i in known if i.instance_reference in manager.own] or list(known)
    if not used:
        raise CommandError(
            "There is nothing to lock: nothing is in memory.", hint="Load what the notebook uses."
        )
    host = manager.activity.host
    lock = LockFile(
        host=host.name,
        host_version=host.version,
        instances=tuple([await _locked(instance, manager) for instance in used]),
    )
    text = msgspec.json.format(msgspec.json.encode(lock), indent=2) + b"\n"
    try:
        await asyncio.to_thread(path.write_bytes, text)
    except OSError as error:
        raise CommandError(
            f"The lock cannot be written to {path}: {error.strerror or error}.",
            hint="lms_jupyter.lock(PATH) writes it to another place.",
        ) from error
    return lock


def read_lock(path: Path) -> LockFile:
    """Read a lock.

    Raises:
        CommandError: There is none, or it is none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=LockFile)
    except FileNotFoundError as error:
        raise CommandError(
            f"There is no lock {path}.", hint="`%lms lock` writes one beside the notebook."
        ) from error
    except (OSError, msgspec.MsgspecError) as error:
        raise CommandError(f"{path} cannot be read as a lock: {error}.") from error


async def drift(lock: LockFile, manager: Manager) -> tuple[str, ...]:
    """Say, in a sentence each, what is not as it was."""
    host = manager.activity.host
    lines = []
    if (host.name, host.version) != (lock.host, lock.host_version):
        lines.append(
            f"The host was {lock.host} {lock.host_version or ''}".rstrip()
            + f", and is {host.title}."
        )
    models = await _files(manager.connected_host)
    for locked in lock.instances:
        found = next((m for m in models if m.path == locked.path), None)
        if found is None:
            lines.append(f"{locked.model_key}: its file {locked.path} is not there.")
        else:
            lines.extend(await asyncio.to_thread(_changes, locked, found))
    return tuple(lines)


async def restore(lock: LockFile, manager: Manager) -> tuple[Instance, ...]:
    """Load what the lock names, with its settings and under its identifiers.

    Cancelling this ends what it has loaded.
    """
    results: list[LoadResult] = []
    try:
        for locked in lock.instances:
            request = LoadRequest(
                model_key=locked.model_key,
                identifier=locked.identifier,
                ttl_s=locked.ttl_s,
                config=locked.asked,
            )
            results.append(await carry_out(request, manager))
    except asyncio.CancelledError:
        await asyncio.shield(manager.spawn(_undo(results, manager)))
        raise
    return tuple(result.instance for result in results)


async def _undo(results: Iterable[LoadResult], manager: Manager) -> None:
    for result in results:
        if result.how == "loaded":
            await end(result.instance, manager)


async def differs(lock: LockFile, instances: Iterable[Instance], host: Host) -> list[str]:
    """Say where the settings in effect are not those that were in effect."""
    lines = []
    for locked, instance in zip(lock.instances, instances, strict=True):
        lines += await changed_settings(locked, instance, host)
    return lines


async def changed_settings(locked: Locked, instance: Instance, host: Host) -> list[str]:
    """Say where the settings of one instance are not those that were in effect."""
    effective = await host.load_config(instance)
    return [
        f"{locked.identifier}: {name} was {was}, and is {now}."
        for name in LoadConfig.__struct_fields__
        if (was := getattr(locked.config, name)) != (now := getattr(effective, name))
    ]


async def _locked(instance: Instance, manager: Manager) -> Locked:
    file = _find(instance.path, instance.size_bytes)
    return Locked(
        identifier=instance.identifier,
        model_key=instance.model_key,
        path=instance.path,
        size_bytes=instance.size_bytes,
        sha256=None if file is None else await _hash(file),
        quantization=instance.quantization,
        ttl_s=instance.ttl_s,
        config=await manager.connected_host.load_config(instance),
        asked=manager.own.get(instance.instance_reference, LoadConfig()),
    )


async def _files(host: Host) -> list[Model]:
    """List models and variants: each is a file."""
    models = await host.models()
    return [*models, *[v for model in models for v in await host.variants(model)]]


def _changes(locked: Locked, found: Model) -> list[str]:
    if locked.size_bytes != found.size_bytes:
        now, before = f"{found.size_bytes:,}", f"{locked.size_bytes:,}"
        return [f"{locked.model_key}: its file has {now} bytes, and had {before}."]
    file = _find(found.path, found.size_bytes)
    if locked.sha256 is None or file is None:
        return []
    now = _sha256(file)
    return [] if now == locked.sha256 else [f"{locked.model_key}: its file is another one."]


def is_compared(locked: Locked) -> bool:
    """Whether the content of a file can be compared, and not its size alone."""
    return locked.sha256 is not None and _find(locked.path, locked.size_bytes) is not None


def _find(path: str, size_bytes: int) -> Path | None:
    """Find a model's file on this machine, if the host's disk is ours."""
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts:
        return None
    for folder in model_folders():
        file = folder / relative
        # What cannot be read from here is not ours to hash.
        with contextlib.suppress(OSError):
            if file.is_file() and os.access(file, os.R_OK) and _may_be(file, size_bytes):
                return file
    return None


def _may_be(file: Path, size_bytes: int) -> bool:
    """Whether a file is a model of this size, or its first part: the host counts them together."""
    own = file.stat().st_size
    if own >= size_bytes:
        return own == size_bytes
    beside = file.parent.glob("*.gguf")
    return sum(part.stat().st_size for part in beside) >= size_bytes


async def _hash(file: Path) -> str:
    return await asyncio.to_thread(_sha256, file)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
