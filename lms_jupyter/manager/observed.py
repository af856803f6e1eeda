"""Writes down what is seen of an LM Studio, which keeps no diary itself."""

import time

from msgspec.structs import replace

from lms_jupyter.diary.diary import Diary
from lms_jupyter.diary.entries import PastRequest, Stay
from lms_jupyter.diary.sums import GONE_S
from lms_jupyter.hosts import diary as hosts_diary
from lms_jupyter.hosts.prediction import PredictionStats
from lms_jupyter.manager.departures import Departures
from lms_jupyter.protocol.models import HostInfo, Instance
from lms_jupyter.protocol.slices import Activity

SEEN_S = GONE_S / 3
"""How often it is written down that an instance is still there."""


class Observed:
    """Writes down what one manager sees of hosts that keep no diary.

    Args:
        diary: Where to.
        client: Who this is, for the entries.
        departures: Why instances are gone, as far as the manager knows it.
    """

    def __init__(self, diary: Diary, client: str, departures: Departures) -> None:
        self.diary = diary
        self._client = client
        self._departures = departures
        self._host = ""
        self._stays: dict[str, Stay] = {}

    def answered(
        self, host: HostInfo, instance: Instance, stats: PredictionStats, began: float
    ) -> None:
        """Note a request of this process that has ended."""
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

    def changed(self, activity: Activity) -> None:
        """Note what has come and gone, and now and then what is still there."""
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
        departure = self._departures.noted(stay.reference)
        why, by = (departure.why, departure.by) if departure else ("gone", "")
        self.diary.note(replace(stay, seen_at=now, ended_at=now, why=why, ended_by=by))


def observed(diary: Diary | None, client: str, departures: Departures) -> Observed | None:
    """Return what writes a diary, if there is one to write."""
    return None if diary is None else Observed(diary, client, departures)
