"""What people do with LM Studio's Python SDK, from listing to unloading; prints what they saw.

Run with the address of an engine and `sync` or `async`, and the SDK's version to try on the path.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import sys
from typing import Any

import lmstudio

GREEDY = {"maxTokens": 8, "temperature": 0.0}


def use_sync(address: str) -> dict[str, Any]:
    """Do it with the client that blocks."""
    seen: dict[str, Any] = {"progress": []}
    with lmstudio.Client(address) as client:
        seen["keys"] = sorted(model.model_key for model in client.list_downloaded_models())
        try:
            client.llm.load_new_instance("nothing")
        except lmstudio.LMStudioServerError as error:
            seen["unknown_key"] = str(error)
        model = client.llm.load_new_instance(
            "big-llm",
            "mine",
            ttl=90,
            config={"contextLength": 512},
            on_load_progress=seen["progress"].append,
        )
        seen["context"] = model.get_context_length()
        seen["config"] = model.get_load_config().to_dict()
        seen["activity"] = client.system.remote_call("getActivity")
        stream = model.respond_stream("hello", config=GREEDY)
        seen["fragments"] = [fragment.content for fragment in stream]
        seen["result"] = stream.result().content
        seen["stats"] = stream.result().stats.to_dict()
        seen["tokens"] = [model.tokenize("abc"), model.count_tokens("abc")]
        seen["prompt"] = model.apply_prompt_template("hi")
        seen["completion"] = model.complete("once", config=GREEDY).content
        embedder = client.embedding.model("tiny-embed", ttl=60)
        seen["embedding"] = len(embedder.embed("some words"))
        seen["just_in_time"] = client.llm.model("tiny-llm").identifier
        seen["evicted"] = client.embedding.list_loaded() == []
        for loaded in client.llm.list_loaded():
            loaded.unload()
        seen["left"] = [loaded.identifier for loaded in client.llm.list_loaded()]
        try:
            model.respond("are you there?")
        except lmstudio.LMStudioModelNotFoundError as error:
            seen["after_unload"] = str(error)
    return seen


async def use_async(address: str) -> dict[str, Any]:
    """Do it with the client for event loops."""
    seen: dict[str, Any] = {"progress": []}
    async with lmstudio.AsyncClient(address) as client:
        models = await client.list_downloaded_models()
        seen["keys"] = sorted(model.model_key for model in models)
        try:
            await client.llm.load_new_instance("nothing")
        except lmstudio.LMStudioServerError as error:
            seen["unknown_key"] = str(error)
        model = await client.llm.load_new_instance(
            "big-llm",
            "mine",
            ttl=90,
            config={"contextLength": 512},
            on_load_progress=seen["progress"].append,
        )
        seen["context"] = await model.get_context_length()
        seen["config"] = (await model.get_load_config()).to_dict()
        seen["activity"] = await client.system.remote_call("getActivity")
        stream = await model.respond_stream("hello", config=GREEDY)
        seen["fragments"] = [fragment.content async for fragment in stream]
        seen["result"] = stream.result().content
        seen["stats"] = stream.result().stats.to_dict()
        seen["tokens"] = [await model.tokenize("abc"), await model.count_tokens("abc")]
        seen["prompt"] = await model.apply_prompt_template("hi")
        seen["completion"] = (await model.complete("once", config=GREEDY)).content
        embedder = await client.embedding.model("tiny-embed", ttl=60)
        seen["embedding"] = len(await embedder.embed("some words"))
        seen["just_in_time"] = (await client.llm.model("tiny-llm")).identifier
        seen["evicted"] = await client.embedding.list_loaded() == []
        for loaded in await client.llm.list_loaded():
            await loaded.unload()
        seen["left"] = [loaded.identifier for loaded in await client.llm.list_loaded()]
        try:
            await model.respond("are you there?")
        except lmstudio.LMStudioModelNotFoundError as error:
            seen["after_unload"] = str(error)
    return seen


def main() -> None:
    """Print a report of one session as JSON."""
    address, way = sys.argv[1:]
    report = use_sync(address) if way == "sync" else asyncio.run(use_async(address))
    report["version"] = importlib.metadata.version("lmstudio")
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
