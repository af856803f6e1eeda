"""The engine's activity as its `getActivity` and `watchActivity` write it: beyond LM Studio."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.instances.activity import Activity
from lms_jupyter.engine.instances.departures import GaveWay
from lms_jupyter.engine.instances.gpu_shares import held_by
from lms_jupyter.engine.instances.instance import Instance, Request, Work
from lms_jupyter.engine.wire.keeping import keep_packet
from lms_jupyter.engine.wire.sdk import instance_info, milliseconds, processing_state

UNKNOWN: Final = "another program"


def activity_packet(activity: Activity) -> dict[str, Any]:
    """Write one look."""
    return {
        "type": "activity",
        "now": milliseconds(activity.at.unix_s),
        "instances": [
            _instance(instance, size, activity.gpus) for instance, size in activity.instances
        ],
        "loads": [_load(instance) for instance in activity.loads],
        "memory": {
            "totalBytes": activity.memory.total_bytes,
            "availableBytes": activity.memory.available_bytes,
            "gpus": [_gpu(gpu, activity.users) for gpu in activity.gpus],
        },
        "gaveWay": [_gave_way(instance) for instance in activity.given],
    }


def _gave_way(gave: GaveWay) -> dict[str, Any]:
    return {
        "identifier": gave.identifier,
        "instanceReference": gave.reference,
        "memoryBytes": gave.main_bytes,
        "gpuMemoryBytes": gave.gpu_bytes,
        "to": gave.to or None,
        "pid": gave.pid,
        "at": milliseconds(gave.at.unix_s),
    }


def _gpu(gpu: Gpu, users: Mapping[int, str]) -> dict[str, Any]:
    return {
        "gpuId": gpu.gpu_id,
        "name": gpu.name,
        "totalBytes": gpu.total_bytes,
        "availableBytes": gpu.free_bytes,
        "users": [
            {"pid": pid, "name": users[pid] or UNKNOWN, "memoryBytes": size}
            for pid, size in gpu.by_process.items()
            if pid in users
        ],
    }


def _instance(instance: Instance, memory_bytes: int, gpus: tuple[Gpu, ...]) -> dict[str, Any]:
    info = instance_info(instance) | processing_state(instance)
    info |= {
        "memoryBytes": memory_bytes,
        "gpuMemory": [
            {"gpuId": gpu_id, "memoryBytes": size}
            for gpu_id, size in held_by(instance, gpus).items()
        ],
        "pinned": instance.state.pinned,
        "jit": instance.jit,
        "runtime": instance.runtime,
        "warmTokens": instance.warm_tokens,
        "keep": keep_packet(instance.state.keep),
    }
    speeds = [
        request.tokens_per_second for request in instance.requests if request.tokens_per_second
    ]
    if speeds:
        info["tokensPerSecond"] = sum(speeds)
    waiting = waiting_users(instance.requests)
    if waiting:
        info["waiting"] = waiting
    if instance.plan.replica:
        info["replica"] = True
    return info | _owner(instance)


def _load(instance: Instance) -> dict[str, Any]:
    return {
        "loadId": instance.load_id,
        "identifier": instance.identifier,
        "modelKey": instance.model.model_key,
        "type": instance.domain,
        "progress": instance.state.fraction,
        "startedAt": milliseconds(instance.started.unix_s),
        "sizeBytes": instance.model.size_bytes,
    } | _owner(instance)


def _owner(instance: Instance) -> dict[str, Any]:
    plan = instance.plan
    owner = {"owner": plan.owner} if plan.owner else {}
    return owner | ({"user": plan.user} if plan.user else {})


def waiting_users(requests: Iterable[Request]) -> list[dict[str, Any]]:
    """Say which users wait for which; nothing where nobody has a name."""
    requests = tuple(requests)
    served = sorted({request.user for request in requests if request.work is not Work.WAITING})
    counts = Counter(request.user for request in requests if request.work is Work.WAITING)
    if not any((*served, *counts)):
        return []
    return [
        {"user": user, "requests": count, "for": served} for user, count in sorted(counts.items())
    ]
