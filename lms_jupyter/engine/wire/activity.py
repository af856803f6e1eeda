"""The engine's activity as its `getActivity` and `watchActivity` write it: beyond LM Studio."""

from __future__ import annotations

from typing import Any

from lms_jupyter.engine.instances.activity import Activity
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.wire.sdk import instance_info, milliseconds, processing_state


def activity_packet(activity: Activity) -> dict[str, Any]:
    """Write one look."""
    return {
        "type": "activity",
        "now": milliseconds(activity.at.unix_s),
        "instances": [_instance(instance, size) for instance, size in activity.instances],
        "loads": [_load(instance) for instance in activity.loads],
        "memory": {
            "totalBytes": activity.memory.total_bytes,
            "availableBytes": activity.memory.available_bytes,
        },
    }


def _instance(instance: Instance, memory_bytes: int) -> dict[str, Any]:
    info = instance_info(instance) | processing_state(instance)
    info |= {
        "memoryBytes": memory_bytes,
        "pinned": instance.state.pinned,
        "jit": instance.jit,
    }
    speeds = [one.tokens_per_second for one in instance.requests if one.tokens_per_second]
    if speeds:
        info["tokensPerSecond"] = sum(speeds)
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
    return {"owner": instance.plan.owner} if instance.plan.owner else {}
