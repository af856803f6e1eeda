"""What was in memory, when and for whom: the host's own diary, or what is seen of an LM Studio.

An embedded engine writes its diary itself, whoever looks. LM Studio has none: there the kernels and
the Jupyter Server of this user write down what they see, all into one file.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from lms_jupyter.diary import sums as reckoning
from lms_jupyter.diary.diary import Diary
from lms_jupyter.diary.entries import Pages, PastRequest, Query, Stay
from lms_jupyter.diary.store import MOST_ENTRIES, DiaryError
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts import diary as hosts_diary
from lms_jupyter.hosts.diary_file import VARIABLE, diary_file
from lms_jupyter.hosts.prediction import PredictionStats
from lms_jupyter.protocol.diary import DiaryLoad, DiaryRequest, DiarySum, SettingOrigin, SumBy
from lms_jupyter.protocol.models import Instance, LoadConfig
from lms_jupyter.protocol.replies import Diary as DiaryPage

if TYPE_CHECKING:
    from lms_jupyter.manager.manager import Manager

LAST_REQUESTS = 20
LONGEST_VALUE = 100
SEEN_S = reckoning.GONE_S / 3
"""How often it is written down that an instance is still there."""


class Observed:
    """Writes down what one manager sees of hosts that keep no diary."""

    def __init__(self, manager: "Manager", diary: Diary) -> None:
        """Follow the slices of a manager."""
        self._manager = manager
        self.diary = diary
        self._host = ""
        self._stays: dict[str, Stay] = {}
        manager.observe(self._changed, names="activity")

    def answered(self, instance: Instance, stats: PredictionStats, began: float) -> None:
        """Note a request of this process that has ended."""
        host = self._manager.activity.host
        if hosts_diary.keeps_diary(host):
            return
        self.diary.note(
            PastRequest(
                host=host.address,
                reference=instance.instance_reference,
                identifier=instance.identifier,
                model_key=instance.model_key,
                client=self._client,
                at=began,
                seconds=max(0.0, time.time() - began),
                first_token_s=stats.first_token_s,
                prompt_tokens=stats.prompt_tokens or 0,
                predicted_tokens=stats.predicted_tokens or 0,
                tokens_per_second=stats.tokens_per_second,
                ending=stats.stop_reason,
            )
        )

    @property
    def _client(self) -> str:
        identity = self._manager.identity
        return self._manager.owner if identity is None else identity.name

    def _changed(self, change: Any) -> None:
        activity = change["new"]
        host = activity.host
        if host.link != "connected" or hosts_diary.keeps_diary(host):
            return
        if host.address != self._host:
            self._host, self._stays = host.address, {}
        now = time.time()
        here = {instance.instance_reference: instance for instance in activity.instances}
        for reference in self._stays.keys() - here.keys():
            self._end(self._stays.pop(reference), now)
        for reference, instance in here.items():
            stay = self._stays.get(reference)
            if stay is None or now - stay.seen_at > SEEN_S:
                stay = self._seen(instance, now) if stay is None else replace(stay, seen_at=now)
                self._stays[reference] = stay
                self.diary.note(stay)

    def _seen(self, instance: Instance, now: float) -> Stay:
        owner = self._client if instance.mine else instance.owner or ""
        return Stay(
            host=self._host,
            reference=instance.instance_reference,
            identifier=instance.identifier,
            model_key=instance.model_key,
            client=owner,
            device=instance.device_name or "",
            context_length=instance.context_length,
            memory_bytes=instance.memory_bytes,
            loaded_at=now,
            seen_at=now,
        )

    def _end(self, stay: Stay, now: float) -> None:
        departure = self._manager.departures.noted(stay.reference)
        why, by = (departure.why, departure.by) if departure else ("gone", "")
        self.diary.note(replace(stay, seen_at=now, ended_at=now, why=why, ended_by=by))


def own_diary(manager: "Manager") -> Observed | None:
    """Return what writes this user's diary for a manager, if one is to be kept."""
    file = diary_file()
    return None if file is None else Observed(manager, Diary(file))


async def diary_loads(manager: "Manager", since: float) -> tuple[DiaryLoad, ...]:
    """Return what was in memory since then, and what was refused; newest first.

    Raises:
        CommandError: No diary is kept, or it cannot be read.
    """
    host = manager.connected_host
    if hosts_diary.keeps_diary(host.info):
        return await hosts_diary.loads(host, since)
    pages = await _pages(manager, Query(since=since, most=max(MOST_ENTRIES.values())))
    found = await asyncio.to_thread(reckoning.loads, pages, now=time.time())
    return tuple(msgspec.convert(entry, DiaryLoad, from_attributes=True) for entry in found)


async def diary_requests(
    manager: "Manager", reference: str | None = None, most: int = 50
) -> tuple[DiaryRequest, ...]:
    """Return the last requests that are known, newest first.

    Raises:
        CommandError: As above.
    """
    host = manager.connected_host
    if hosts_diary.keeps_diary(host.info):
        return await hosts_diary.requests(host, reference, most)
    pages = await _pages(manager, Query(reference=reference, most=most))
    return tuple(
        msgspec.convert(entry, DiaryRequest, from_attributes=True) for entry in pages.requests
    )


async def diary_sums(
    manager: "Manager", by: SumBy, since: float, utc_offset_s: float
) -> tuple[DiarySum, ...]:
    """Return sums by notebook, model or day.

    Raises:
        CommandError: As above.
    """
    host = manager.connected_host
    if hosts_diary.keeps_diary(host.info):
        return await hosts_diary.sums(host, by, since, utc_offset_s)
    pages = await _pages(manager, Query(since=since, most=max(MOST_ENTRIES.values())))
    sum_up = partial(reckoning.sums, since=since, now=time.time(), utc_offset_s=utc_offset_s)
    found = await asyncio.to_thread(sum_up, pages, by)
    return tuple(msgspec.convert(entry, DiarySum, from_attributes=True) for entry in found)


async def about_instance(manager: "Manager", reference: str) -> DiaryPage:
    """Return the last requests of an instance, and its settings with where each comes from."""
    instance = next(
        (entry for entry in manager.activity.instances if entry.instance_reference == reference),
        None,
    )
    requests: tuple[DiaryRequest, ...] = ()
    # Its settings are told also where no diary is kept.
    with contextlib.suppress(CommandError):
        requests = await diary_requests(manager, reference, LAST_REQUESTS)
    if instance is None:
        return DiaryPage(requests=requests)
    config = await manager.connected_host.load_config(instance)
    return DiaryPage(
        requests=requests,
        settings=origins(
            config, manager.own.get(reference), instance, manager.sources.get(reference, {})
        ),
    )


def origins(
    config: LoadConfig,
    asked: LoadConfig | None,
    instance: Instance,
    sources: Mapping[str, str] = MappingProxyType({}),
) -> tuple[SettingOrigin, ...]:
    """Say where each setting in effect comes from."""
    changed = {difference.setting for difference in instance.differences}
    found = []
    for setting in config.__struct_fields__:
        value = getattr(config, setting)
        if value is None:
            continue
        origin: Any = "unknown" if asked is None else "host"
        if setting in changed:
            origin = "changed"
        elif asked is not None and getattr(asked, setting) is not None:
            origin = "asked"
        source = sources.get(setting, "") if origin == "asked" else ""
        found.append(
            SettingOrigin(setting=setting, value=_written(value), origin=origin, source=source)
        )
    return tuple(found)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


async def _pages(manager: "Manager", query: Query) -> Pages:
    host = manager.activity.host
    if manager.diary is None:
        raise CommandError(
            f"No diary is kept of what {host.name} has in memory.",
            hint=f"{VARIABLE}=off turns it off; without it, this user's kernels keep one.",
        )
    try:
        return await manager.diary.diary.read(replace(query, host=host.address))
    except DiaryError as error:
        raise CommandError(str(error), hint="Remove the file, and a new one is begun.") from error
