"""The tools that `jupyter-server-mcp` offers to agents; what they may do is up to the user.

Their docstrings are what an agent reads.
"""

from typing import Any

from lms_jupyter.protocol.models import Instance
from lms_jupyter.server.agents import desk_here


async def list_local_models() -> list[dict[str, Any]]:
    """List the language models on this machine's disk that could be loaded."""
    return [
        {
            "model_key": model.model_key,
            "kind": model.kind,
            "size_bytes": model.size_bytes,
            "max_context_length": model.max_context_length,
            "vision": model.vision,
            "tool_use": model.trained_for_tool_use,
        }
        for model in await desk_here().models()
    ]


async def list_models_in_memory() -> list[dict[str, Any]]:
    """List the models in memory now, and which of them agents have loaded ("yours")."""
    return [_described(instance, yours=yours) for instance, yours in await desk_here().instances()]


async def estimate_model_memory(
    model_key: str, context_length: int | None = None
) -> dict[str, Any]:
    """Estimate how much memory a model would take; nothing is loaded.

    Args:
        model_key: As list_local_models names it.
        context_length: In tokens; by default what the host would choose.
    """
    found = await desk_here().estimate(model_key, context_length)
    return {
        "total_bytes": found.total_bytes,
        "gpu_bytes": found.vram_bytes,
        "fits": found.passes_guardrails,
        "confidence": found.confidence,
    }


async def load_model(
    model_key: str, context_length: int | None = None, ttl_minutes: float = 30
) -> dict[str, Any]:
    """Load a model into memory, or use it if it is there; it goes when it is idle for a while.

    There is a limit to what agents may take together.

    Args:
        model_key: As list_local_models names it.
        context_length: In tokens; by default what the host would choose.
        ttl_minutes: How long it stays when it is idle; 60 at most.
    """
    instance = await desk_here().load(model_key, context_length, ttl_minutes * 60)
    return _described(instance)


async def unload_model(identifier: str) -> dict[str, Any]:
    """Unload a model that an agent has loaded; what people loaded stays.

    Args:
        identifier: As list_models_in_memory names it.
    """
    return _described(await desk_here().unload(identifier))


async def free_model_memory() -> list[str]:
    """Unload every idle model that agents have loaded, and name them."""
    return [instance.identifier for instance in await desk_here().free()]


def _described(instance: Instance, **more: Any) -> dict[str, Any]:
    return {
        "identifier": instance.identifier,
        "model_key": instance.model_key,
        "kind": instance.kind,
        "status": instance.status,
        "context_length": instance.context_length,
        "ttl_seconds": instance.ttl_s,
        **more,
    }


TOOLS = [
    f"{__name__}:{tool.__name__}"
    for tool in (
        *(list_local_models, list_models_in_memory, estimate_model_memory),
        *(load_model, unload_model, free_model_memory),
    )
]
"""As the entry point `jupyter_server_mcp.tools` wants them."""
