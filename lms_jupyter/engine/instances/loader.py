"""From what a client asks for to a plan that the registry can carry out."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from unicodedata import category

from lms_jupyter.engine import machine
from lms_jupyter.engine.errors import (
    BadRequestError,
    ContextTooLongError,
    DomainMismatchError,
    EngineError,
    NoModelMatchingQueryError,
    PathNotFoundError,
    UnsupportedError,
)
from lms_jupyter.engine.instances import evict, selection
from lms_jupyter.engine.instances.instance import Instance, Plan
from lms_jupyter.engine.instances.jit_rules import Ruled, as_it_is
from lms_jupyter.engine.library.model_yaml import Fields
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.worker.load_settings import MAX_SESSIONS, Domain, LoadSettings

if TYPE_CHECKING:
    from lms_jupyter.engine.instances.gpu_room import GpuRoom
    from lms_jupyter.engine.instances.registry import Registry
    from lms_jupyter.engine.library.catalog import Catalog, DownloadedModel

MAX_NAME = 1024
FEW_CORES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """What a client asks for. `name` is a model key, a path or (to ensure) an identifier."""

    name: str
    domain: Domain | None = None
    settings: LoadSettings = field(default_factory=LoadSettings)
    above: Callable[[Fields, Domain], LoadSettings] | None = None
    """Reads the settings anew with keys below them: those that come with the model."""
    identifier: str | None = None
    ttl_s: float | None = None
    owner: str = ""
    load_id: str = ""
    replica: bool = False
    """Whether a gateway makes it one of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An instance that is there or on its way, and what led to it."""

    instance: Instance
    is_new: bool
    evicted: tuple[Instance, ...] = ()

    async def settled(self) -> Instance | None:
        """Wait for the end of the load; raise what made it fail, if it is the caller's own.

        `None` if another's load was waited for, and failed or was cancelled: whoever waited is
        free to load then, perhaps with other settings.
        """
        try:
            return await self.instance.settled()
        except EngineError:
            if self.is_new:
                raise
            return None


class Loader:
    """Resolves names, checks settings, picks identifiers, and starts loads."""

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        *,
        jit_ttl_s: float | None,
        auto_evict: bool,
        gpus: GpuRoom | None = None,
    ) -> None:
        self.rules: Callable[[], Ruled] = lambda: as_it_is
        """Reads the user's rules of how long models stay."""
        self._gpus = gpus
        self._catalog = catalog
        self._registry = registry
        self._jit_ttl_s = jit_ttl_s
        self._auto_evict = auto_evict

    async def load(self, request: LoadRequest) -> Begun:
        """Begin to load a new instance, whatever is loaded already.

        What goes wrong later is raised by `Instance.settled`.

        Raises:
            PathNotFoundError: There is no such model.
            DomainMismatchError: It is of the other type.
            ContextTooLongError: It has no context as long as is asked.
            IdentifierExistsError: Another instance is called so.
        """
        plan = await self.plan(request)
        identifier = request.identifier or self._free(plan.model.model_key)
        instance = self._registry.load(replace(plan, identifier=identifier))
        return Begun(instance=instance, is_new=True)

    async def join(self, request: LoadRequest) -> Begun:
        """Return the instance of the same file, or the load of one, else begin to load one.

        An identifier that is asked for has to be the instance's own. Looking and beginning are one
        step, so that any number of clients at once make one load.
        """
        plan = await self.plan(request)
        known = self._same_file(plan.model, request.identifier)
        if known is not None:
            return Begun(instance=known, is_new=False)
        identifier = request.identifier or self._free(plan.model.model_key)
        instance = self._registry.load(replace(plan, identifier=identifier))
        return Begun(instance=instance, is_new=True)

    async def ensure(self, request: LoadRequest) -> Begun:
        """Return the instance that fits, or one that is being loaded, else begin to load one.

        What is loaded keeps its TTL and its settings. A load that begins here counts as just in
        time: it has a TTL in any case and makes older ones of its kind go. Where none is named, the
        user's rules say how long it stays.
        """
        known = self._known(request)
        if known is not None:
            return Begun(instance=known, is_new=False)
        ruled = await asyncio.to_thread(self.rules)
        plan = await self.plan(request)
        known = self._known(request) or self._same_file(plan.model)
        if known is not None:
            return Begun(instance=known, is_new=False)
        identifier = self._free(request.identifier or request.name)
        ttl_s = self._jit_ttl_s if request.ttl_s is None else request.ttl_s
        plan = replace(plan, identifier=identifier, jit=True, ttl_s=ttl_s)
        if request.ttl_s is None:
            plan = ruled(plan)
        victims = evict.victims(self._registry.instances) if self._auto_evict else ()
        user = using.get()
        victims = tuple(
            instance for instance in victims if user.may_manage or instance.plan.user == user.name
        )
        instance = self._registry.load(plan, evict=victims)
        return Begun(instance=instance, is_new=True, evicted=victims)

    async def check_draft(self, instance: Instance, name: str | None) -> None:
        """Raise `BadRequestError` if a prediction wants another draft model than was loaded with.

        llama.cpp takes a draft model only together with its model; to load the instance anew for
        one prediction would take it from everybody else.
        """
        if not name:
            return
        wanted = await self.model(name, "llm")
        loaded = instance.plan.draft
        if loaded is None or loaded.file != wanted.file:
            has = (
                f"with the draft model {loaded.model_key!r}" if loaded else "without a draft model"
            )
            raise BadRequestError(
                f"{instance.identifier!r} was loaded {has}, not with {wanted.model_key!r}.",
                hint="llama.cpp takes a draft model at load: set it in the load configuration.",
            )

    async def model(self, name: str, domain: Domain | None = None) -> DownloadedModel:
        """Return the model that a name means: a downloaded one's, or an instance's identifier.

        Raises:
            AmbiguousNameError: Several models fit.
            PathNotFoundError: Nothing fits.
        """
        try:
            return await self._catalog.resolve(name, domain)
        except PathNotFoundError:
            found = selection.named(name, self._registry.instances)
            if not found:
                raise
            return found[0].model

    async def plan(self, request: LoadRequest) -> Plan:
        """Return what a load would do, without loading."""
        check_name(request.name)
        if request.identifier is not None:
            check_name(request.identifier)
        model = await self.model(request.name, request.domain)
        if request.domain not in (None, model.type):
            raise DomainMismatchError(model.model_key, model.type, str(request.domain))
        if model.virtual is not None and request.above is not None:
            settings = request.above(model.virtual.load, model.type)
            request = replace(request, settings=settings)
        asked = request.settings.context_length
        if asked is not None and asked > model.max_context_length:
            raise ContextTooLongError(asked, model.max_context_length, model.model_key)
        sessions = request.settings.num_parallel_sessions or 1
        if sessions > MAX_SESSIONS:
            raise BadRequestError(
                f"{sessions} sessions cannot be had at once: llama.cpp has at most {MAX_SESSIONS}."
            )
        settings = request.settings.settled(model.type, model.max_context_length)
        changeable = self._gpus is not None and await self._gpus.can_set("num_experts")
        experts = _experts(request.settings, model, changeable=changeable)
        settings = replace(settings, num_experts=experts)
        if settings.cpu_threads is None:
            settings = replace(settings, cpu_threads=self._threads())
        draft = None
        if settings.draft_model:
            draft = await self.model(settings.draft_model, "llm")
        plan = Plan(
            model=model,
            asked=request.settings,
            settings=settings,
            identifier=request.identifier or model.model_key,
            ttl_s=request.ttl_s,
            owner=request.owner,
            load_id=request.load_id,
            replica=request.replica,
            draft=draft,
        )
        if self._gpus is None:
            return plan
        await self._gpus.look()
        self._gpus.check(plan)
        return self._gpus.placed(plan)

    def _threads(self) -> int:
        """Share the cores: more threads than free cores make every instance many times slower."""
        cores = machine.cores()
        if cores <= FEW_CORES:
            return 1
        busy = sum(1 for instance in self._registry.instances if instance.work)
        return max(1, cores // (busy + 1))

    def _known(self, request: LoadRequest) -> Instance | None:
        """Find a loaded or loading instance by name."""
        query = selection.Query(identifier=request.name)
        try:
            return selection.select(self._registry.instances, query, request.domain)
        except (NoModelMatchingQueryError, DomainMismatchError):
            # What is loaded of the other type does not stand in the way of a model on the disk.
            right = [load for load in self._registry.loads if request.domain in (None, load.domain)]
            return next(iter(selection.named(request.name, right)), None)

    def _same_file(self, model: DownloadedModel, identifier: str | None = None) -> Instance | None:
        """Find a loaded or loading instance of a file, under this name if one is given."""
        everything = (*self._registry.instances, *self._registry.loads)
        return next(
            (
                instance
                for instance in everything
                if instance.model.file == model.file
                and instance.model.virtual == model.virtual
                and identifier in (None, instance.identifier)
            ),
            None,
        )

    def _free(self, wanted: str) -> str:
        """Return `wanted`, or the first of `wanted:2`, `wanted:3`, … that nobody has."""
        if not self._registry.is_taken(wanted):
            return wanted
        numbered = (f"{wanted}:{number}" for number in itertools.count(2))
        return next(name for name in numbered if not self._registry.is_taken(name))


def _experts(
    asked: LoadSettings, model: DownloadedModel, *, changeable: bool = False
) -> int | None:
    """Return how many experts the model is to use, `None` if it has none.

    llama.cpp changes it by replacing `{architecture}.expert_used_count` of the file while it reads
    it (`--override-kv`), but xllamacpp's `CommonParams` has no field for such replacements, and
    its server reads neither a command line nor the environment. A `llama-server` does.
    """
    used = model.header.architecture_integer("expert_used_count") or None
    most = model.header.architecture_integer("expert_count") or 0
    if changeable and used and 1 <= (asked.num_experts or 0) <= most:
        return asked.num_experts
    if asked.num_experts not in (None, used):
        has = f"uses {used} of its experts at once" if used else "has no experts"
        raise UnsupportedError(
            f"The number of experts cannot be {asked.num_experts}: {model.model_key!r} {has}, and "
            f"{f'has only {most}' if changeable and used else 'this engine cannot change that'}.",
            hint="Leave the number of experts out.",
        )
    return used


def check_name(name: str) -> None:
    """Raise `BadRequestError` if `name` cannot be an identifier, a key or a path."""
    if not 1 <= len(name) <= MAX_NAME:
        raise BadRequestError(f"A name has 1 to {MAX_NAME} characters, this one {len(name)}.")
    if name == "__proto__" or any(category(letter) == "Cc" for letter in name):
        raise BadRequestError(
            f"{name!r} cannot be a name: it has control characters or is reserved."
        )
