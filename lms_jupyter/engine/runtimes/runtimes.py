"""The builds of llama.cpp on this machine, and the one that new loads run on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from lms_jupyter.engine.errors import RuntimeNotFoundError, RuntimeUnusableError
from lms_jupyter.engine.runtimes import discover
from lms_jupyter.engine.runtimes.choose import choose
from lms_jupyter.engine.runtimes.discover import Candidate
from lms_jupyter.engine.runtimes.kept_answers import KeptAnswers
from lms_jupyter.engine.runtimes.runtime import Runtime, installed
from lms_jupyter.engine.runtimes.survey import survey_installed, survey_program

_log = logging.getLogger(__name__)


class Runtimes:
    """Knows the installed xllamacpp at once, and the rest when it has been surveyed."""

    def __init__(
        self,
        *,
        named: str = "",
        kept: Path | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._named = named
        self._kept = kept
        self._environ = environ
        answers = kept.with_suffix(".builds.json") if kept else None
        self._answers = KeptAnswers(answers)
        self._own = installed()
        self._runtimes: tuple[Runtime, ...] = (self._own,)
        self._selected = self._own
        self._started = asyncio.Event()
        self._survey: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def runtimes(self) -> tuple[Runtime, ...]:
        """All that are known by now, those with a problem included."""
        return self._runtimes

    @property
    def selected(self) -> Runtime:
        """The one that new loads run on."""
        return self._selected

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this whenever another runtime is selected."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Begin to look, if anything can come of it; a program that was named is waited for.

        Raises:
            RuntimeUnusableError: The program that was named cannot be used.
        """
        try:
            await self._start()
        finally:
            self._started.set()

    async def _start(self) -> None:
        if self._named:
            named = await survey_program(discover.named(self._named))
            if named.problem:
                raise RuntimeUnusableError(named.problem)
            self._runtimes = (named, self._own)
            self._select(named)
            _log.info("runtime: %s, which was named", named.label)
        elif self._selection() or discover.may_have_gpu(sys.platform):
            self._begin()

    async def chosen(self) -> Runtime:
        """Return the selected runtime; if a survey has begun, what it brings to light counts."""
        await self._started.wait()
        if self._survey is not None:
            await asyncio.shield(self._survey)
        return self._selected

    async def surveyed(self) -> tuple[Runtime, ...]:
        """Wait until all builds have been asked what they are."""
        await asyncio.shield(self._survey or self._begin())
        return self._runtimes

    async def select(self, name: str, version: str | None = None) -> Runtime:
        """Let new loads run on this one; what is loaded stays where it is.

        Raises:
            RuntimeNotFoundError: There is none of this name.
            RuntimeUnusableError: It cannot be used.
        """
        known = await self.surveyed()
        for build in known:
            if build.name == name and version in (None, build.version):
                if build.problem:
                    raise RuntimeUnusableError(build.problem)
                self._select(build)
                self._keep(name)
                return build
        asked = f"{name}@{version}" if version else name
        raise RuntimeNotFoundError(asked, [f"{build.name}@{build.version}" for build in known])

    async def close(self) -> None:
        """End the survey."""
        if self._survey is not None:
            self._survey.cancel()
            await asyncio.wait([self._survey])

    def _begin(self) -> asyncio.Task[None]:
        self._survey = asyncio.create_task(self._look())
        return self._survey

    async def _look(self) -> None:
        taken = {build.program for build in self._runtimes}
        names = {build.name for build in self._runtimes}
        asked: list[Candidate] = []
        found = await asyncio.to_thread(discover.candidates, self._environ, Path.home())
        for build in found:
            if build.program in taken:
                continue
            name, number = build.name, 1
            while name in names:
                number += 1
                name = f"{build.name}-{number}"
            names.add(name)
            asked.append(Candidate(name, build.program))
        surveys = [survey_program(candidate, self._answers) for candidate in asked]
        if discover.may_have_gpu(sys.platform):
            own, *others = await asyncio.gather(survey_installed(), *surveys)
        else:
            own, others = self._own, await asyncio.gather(*surveys)
        for runtime in others:
            if runtime.problem:
                _log.info("not a runtime: %s", runtime.problem)
        named = tuple(runtime for runtime in self._runtimes if runtime.program is not None)
        self._own = own
        self._runtimes = (own, *named, *others)
        if named:
            return
        kept = self._selection()
        best, why = choose(self._runtimes, kept)
        if kept and best.name != kept:
            _log.warning("the runtime %s, which was selected, is not there any more", kept)
        _log.info("runtime: %s: %s", best.label, why)
        self._select(best)

    def _select(self, runtime: Runtime) -> None:
        if runtime != self._selected:
            self._selected = runtime
            for listener in self._listeners:
                listener()

    def _selection(self) -> str:
        """Return the name that was selected in an earlier life of this engine."""
        if self._kept is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                return self._kept.read_text(encoding="utf-8").strip()
        return ""

    def _keep(self, name: str) -> None:
        if self._kept is not None:
            try:
                self._kept.write_text(name, encoding="utf-8")
            except OSError as error:
                _log.warning("the selection of %s will not outlast this engine: %s", name, error)
