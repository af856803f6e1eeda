"""Keeps what an instance has read of prompts when it goes, so that the next one need not read it.

llama.cpp saves the cache of a slot to a file and restores it in another process. A file is used
again only for the same model file, the same build, and the same load settings, and only if it is
whole and this user's own; in doubt it is not used. It holds what people wrote: it lies in a folder
that nobody else may enter, the folder is bounded, and it ends with the engine unless it was named.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import psutil
from platformdirs import user_cache_path

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.instances import shape
from lms_jupyter.engine.instances.carried_out import order_for
from lms_jupyter.engine.instances.instance import Instance, Plan
from lms_jupyter.engine.instances.recurrent import keeps_states
from lms_jupyter.engine.instances.sliding import sliding_layers
from lms_jupyter.engine.version import VERSION

FEW_TOKENS: Final = 16
"""What is read again faster than it is restored."""
PATIENCE_S: Final = 10.0
"""How long saving or restoring may take: an unload does not wait longer for it."""
SHUT_DOWN: Final = "shut down"
"""Why an instance ends with the engine."""
PREFIX: Final = "lms-jupyter-prompts-"

Ask = Callable[[Instance, str, Mapping[str, Any]], Awaitable[Any]]
"""Asks llama.cpp's server of an instance; raises `EngineError`."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """One saved slot."""

    number: int
    file: str
    tokens: int
    size_bytes: int


class PromptCaches:
    """A bounded folder of saved slots. One for an engine; `close` removes what is not to stay."""

    def __init__(
        self,
        ask: Ask,
        *,
        folder: Path | None = None,
        limit_bytes: int,
    ) -> None:
        """Keep caches for the next instances of the same kind.

        Args:
            ask: Asks llama.cpp's server.
            folder: Where they stay when the engine ends; `None`: they end with it, and lie in this
                user's folder for caches: temporary files are often kept in memory.
            limit_bytes: How much they may take together; 0: nothing is kept.
        """
        self._ask = ask
        self._stays = folder is not None
        self._limit_bytes = limit_bytes
        self._serial = count(1)
        self._folder = _made(folder) if limit_bytes else None

    @property
    def folder(self) -> str:
        """Where llama.cpp is to write; empty if nothing is kept."""
        return f"{self._folder}{os.sep}" if self._folder else ""

    def suits(self, plan: Plan) -> bool:
        """Whether what such an instance has read can surely be used again.

        Not with images, a draft model, windows that slide or states that only run forward: there
        llama.cpp may have to read the prompt again, or cannot save it.
        """
        header = plan.model.header
        slides = sliding_layers(header, shape.layers(header))
        return (
            self._folder is not None
            and plan.model.type == "llm"
            and plan.model.mmproj is None
            and plan.draft is None
            and not plan.settings.draft_mtp
            and not keeps_states(header)
            and not any(slides)
        )

    async def keep(self, instance: Instance, why: str) -> None:
        """Save what an instance has read that is about to end; nothing if it is in use."""
        if not self.suits(instance.plan) or instance.requests:
            return
        if why == SHUT_DOWN and not self._stays:
            return
        key, turn = self._key(instance), next(self._serial)
        saved: list[_Slot] = []
        try:
            async with asyncio.timeout(PATIENCE_S):
                for number in range(instance.settings.num_parallel_sessions or 1):
                    slot = await self._save(instance, number, f"{key}-{turn}-{number}")
                    saved += [slot] if slot else []
        except (EngineError, OSError, TimeoutError, ValueError) as error:
            logger.info("%s: its prompts are not kept: %s", instance.identifier, error)
            saved = []
        await asyncio.to_thread(self._note, key, turn, saved)

    async def restore(self, instance: Instance) -> None:
        """Give a new instance what an earlier one of its kind has read, if that is there."""
        if not self.suits(instance.plan):
            return
        key = self._key(instance)
        slots = await asyncio.to_thread(self._slots, key)
        try:
            async with asyncio.timeout(PATIENCE_S):
                for slot in slots:
                    path = f"/slots/{slot.number}?action=restore"
                    restored = await self._ask(instance, path, {"filename": slot.file})
                    _expect(restored["n_restored"] == slot.tokens, slot)
                    instance.warm_tokens += slot.tokens
        except (EngineError, OSError, TimeoutError, LookupError, TypeError, ValueError) as error:
            logger.warning("%s: kept prompts cannot be used: %s", instance.identifier, error)
            await self._start_cold(instance, key)

    async def forget(self, instance: Instance | None) -> None:
        """Remove what is kept of an instance's model, whatever its settings; without one, all."""
        if self._folder is not None:
            kind = "" if instance is None else _model_key(instance.plan)
            await asyncio.to_thread(self._drop, kind)

    def _drop(self, beginning: str) -> None:
        for file in Path(self.folder).glob(f"{beginning}*"):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder, unless it was named."""
        if self._folder is not None and not self._stays:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _save(self, instance: Instance, number: int, name: str) -> _Slot | None:
        """Save a slot; `None` if there is little in it."""
        path = f"/slots/{number}?action=save"
        saved = await self._ask(instance, path, {"filename": name})
        if saved["n_saved"] < FEW_TOKENS:
            return None
        size = (Path(self.folder) / name).stat().st_size
        return _Slot(number=number, file=name, tokens=saved["n_saved"], size_bytes=size)

    async def _start_cold(self, instance: Instance, key: str) -> None:
        """Empty the slots of an instance, of which it is not sure what is in them."""
        instance.warm_tokens = 0
        self._remove(key)
        with contextlib.suppress(EngineError):
            for number in range(instance.settings.num_parallel_sessions or 1):
                await self._ask(instance, f"/slots/{number}?action=erase", {})

    def _key(self, instance: Instance) -> str:
        """Return the same text for all instances that llama.cpp would compute alike."""
        plan, worker = instance.plan, instance.worker
        order = asdict(order_for(plan))
        for own in ("identifier", "api_key", "flags", "slot_save_path"):
            order.pop(own, None)
        file = (str(plan.model.file.resolve()), *_looks(plan.model.file))
        runtime = (worker.runtime.label, str(worker.runtime.program)) if worker else ()
        parts = [VERSION, runtime, file, order, instance.context_length]
        settings = hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
        return _model_key(plan) + settings[:32]

    def _note(self, key: str, turn: int, saved: list[_Slot]) -> None:
        """Write down what was saved in this turn, and remove all else of the kind."""
        folder = Path(self.folder)
        wanted = {slot.file for slot in saved}
        with contextlib.suppress(OSError):
            if saved:
                draft = folder / f"{key}.{turn}.draft"
                draft.write_text(json.dumps([asdict(slot) for slot in saved]))
                draft.replace(folder / f"{key}.json")
            for file in folder.glob(f"{key}-*"):
                if file.name not in wanted and (saved or file.name.startswith(f"{key}-{turn}-")):
                    file.unlink(missing_ok=True)
            self._make_room()

    def _slots(self, key: str) -> list[_Slot]:
        """Return what is kept of a kind; nothing if any of it is not as it was written."""
        folder = Path(self.folder)
        try:
            slots = [_Slot(**load) for load in json.loads((folder / f"{key}.json").read_text())]
            for slot in slots:
                found = (folder / Path(slot.file).name).lstat()
                _expect(_is_own(found) and found.st_size == slot.size_bytes, slot)
            os.utime(folder / f"{key}.json")
        except FileNotFoundError:
            return []
        except (OSError, TypeError, ValueError) as error:
            logger.warning("kept prompts are not as they were written: %s", error)
            self._remove(key)
            return []
        return slots

    def _make_room(self) -> None:
        """Remove what was used longest ago until the rest is within the limit."""
        folder = Path(self.folder)
        sizes = {file: file.stat().st_size for file in folder.iterdir()}
        manifests = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
        while sum(sizes.values()) > self._limit_bytes and manifests:
            key = manifests.pop(0).stem
            self._remove(key)
            sizes = {file: size for file, size in sizes.items() if not file.name.startswith(key)}

    def _remove(self, key: str) -> None:
        with contextlib.suppress(OSError):
            for file in (Path(self.folder) / f"{key}.json", *Path(self.folder).glob(f"{key}-*")):
                file.unlink(missing_ok=True)


def _model_key(plan: Plan) -> str:
    """Return how the names of all files begin that are kept of a model."""
    return hashlib.sha256(os.fsencode(plan.model.file.resolve())).hexdigest()[:16]


def _made(folder: Path | None) -> Path | None:
    """Make the folder, for its owner alone; `None` if there can be none."""
    try:
        if folder is None:
            beside = user_cache_path("lms-jupyter")
            if not beside.is_absolute():  # it would depend on where the engine was started
                beside = Path(tempfile.gettempdir())
            beside.mkdir(mode=0o700, parents=True, exist_ok=True)
            _tidy(beside)
            return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=beside)).resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(found := folder.stat()) or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            logger.warning("prompts are not kept: %s is not yours alone", folder)
            return None
    except OSError as error:
        logger.warning("prompts are not kept: %s", error)
        return None
    return folder.resolve()


def _tidy(beside: Path) -> None:
    """Remove the folders of engines that had no time to."""
    for folder in beside.glob(f"{PREFIX}*-*"):
        number = folder.name.removeprefix(PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if number.isdigit() and not psutil.pid_exists(int(number)) and _is_own(folder.lstat()):
                shutil.rmtree(folder, ignore_errors=True)


def _expect(is_so: bool, slot: _Slot) -> None:  # noqa: FBT001 - what an assertion takes
    if not is_so:
        raise ValueError(f"{slot.file} is not as it was written")


def _is_own(found: os.stat_result) -> bool:
    """Whether it is a file or a folder of this user, and no link to one."""
    is_plain = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return is_plain and (not hasattr(os, "geteuid") or found.st_uid == os.geteuid())


def _looks(file: Path) -> tuple[int, int]:
    """Return what changes when the file does."""
    found = file.stat()
    return found.st_size, found.st_mtime_ns
