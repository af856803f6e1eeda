"""The child process: one model in llama.cpp, and llama.cpp's own HTTP server on a loopback port.

It is the only place that imports xllamacpp. Its life, seen from the engine (`child.py`):

    started  ──▶ imports llama.cpp, says {"kind": "warm"} on stdout, waits
    one line of JSON on stdin (`Order` in `child.py`) ──▶ loads; llama.cpp reports progress on stdout
    loaded   ──▶ says {"kind": "listening", …}, serves until it is killed

It ends when its stdin ends, and on Linux also the moment the engine dies.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

_TINY_MODEL_BYTES = 50_000_000


def main() -> int:
    """Do what the module says. Arguments: the process id of the engine, and how nice to be."""
    _die_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(int(sys.argv[2]))
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    try:
        import xllamacpp
    except ImportError as error:
        print(f"E cannot import llama.cpp: {error}", file=sys.stderr)
        if "libgomp" in str(error):
            print("E install the OpenMP library (Debian: apt install libgomp1)", file=sys.stderr)
        return 1
    _say(channel, kind="warm")
    line = sys.stdin.readline()
    if not line:
        return 0
    order = json.loads(line)
    parameters = xllamacpp.CommonParams()
    refused = _configure(xllamacpp, parameters, order)
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        print(f"E {error}", file=sys.stderr)
        return 1
    gpu = any("CPU" not in device["type"].name for device in xllamacpp.get_device_info())
    _say(channel, kind="listening", address=server.listening_address, gpu=gpu, refused=refused)
    threading.Event().wait()
    return 0


def _die_with(parent: int) -> None:
    """Ask Linux to kill this process when the engine dies, and make sure that it has not already."""
    if sys.platform != "linux":
        return
    import ctypes

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _say(channel: TextIO, **message: object) -> None:
    channel.write(json.dumps(message) + "\n")
    channel.flush()


def _configure(llama: Any, parameters: Any, order: dict[str, Any]) -> list[str]:
    """Set the parameters; return the names of settings that this llama.cpp does not have."""
    settings = order["settings"]
    refused: list[str] = []

    def put(name: str, value: object, *others: str) -> None:
        """Set the first parameter that exists under one of the names; they change over releases."""
        for candidate in (name, *others):
            if hasattr(parameters, candidate):
                setattr(parameters, candidate, value)
                return
        refused.append(name)

    parameters.model.path = order["file"]
    if order["mmproj"]:
        parameters.mmproj.path = order["mmproj"]
    put("model_alias", {order["identifier"]})
    put("api_keys", [order["api_key"]])
    put("cors_origins", "localhost")
    put("cors_credentials", False)
    put("ui", False, "webui")
    put("cache_ram_mib", 0)
    put("endpoint_slots", False)
    put("fit_params", False)
    put("warmup", os.path.getsize(order["file"]) > _TINY_MODEL_BYTES)

    put("embedding", order["embedding"])
    put("n_ctx", settings["context_length"])
    put("n_batch", settings["eval_batch_size"])
    put("n_ubatch", settings["physical_batch_size"])
    put("n_parallel", settings["num_parallel_sessions"])
    put("kv_unified", settings["unified_kv_cache"])
    parameters.cpuparams.n_threads = settings["cpu_threads"]
    parameters.cpuparams_batch.n_threads = settings["cpu_threads"]
    put("n_gpu_layers", order["gpu_layers"])
    put("no_kv_offload", not settings["offload_kv_cache_to_gpu"])
    _set_memory_mode(llama, parameters, settings, put)
    flash = {None: "AUTO", True: "ENABLED", False: "DISABLED"}[settings["flash_attention"]]
    kinds = llama.llama_flash_attn_type
    put("flash_attn_type", getattr(kinds, f"LLAMA_FLASH_ATTN_TYPE_{flash}"))
    for side in "kv":
        name = settings[f"{side}_cache_type"].upper()
        put(f"cache_type_{side}", getattr(llama.ggml_type, f"GGML_TYPE_{name}"))
    if settings["main_gpu"] is not None:
        put("main_gpu", settings["main_gpu"])
    for name, parameter in _PLAIN.items():
        if settings[name] is not None:
            put(parameter, settings[name])
    if settings["reasoning_budget_message"] is not None:
        parameters.sampling.reasoning_budget_message = settings["reasoning_budget_message"]
    if order["draft_file"]:
        _set_draft(llama, parameters, order["draft_file"], settings)
    return refused


_PLAIN = {
    "rope_frequency_base": "rope_freq_base",
    "rope_frequency_scale": "rope_freq_scale",
    "context_checkpoints": "n_ctx_checkpoints",
    "prompt_template": "chat_template",
}


def _set_memory_mode(
    llama: Any, parameters: Any, settings: dict[str, Any], put: Callable[..., None]
) -> None:
    """Choose how the file gets into memory; older releases have three flags instead of one mode."""
    modes = getattr(llama, "llama_load_mode", None)
    lock, mapped = settings["keep_in_memory"], settings["try_mmap"]
    if modes is None:
        put("use_mmap", mapped)
        put("use_mlock", lock)
        put("use_direct_io", settings["try_direct_io"])
        return
    if settings["try_direct_io"]:
        mode = "DIRECT_IO"
    elif mapped:
        mode = "MMAP_MLOCK" if lock else "AUTO"
    else:
        mode = "MLOCK" if lock else "NONE"
    put("load_mode", getattr(modes, f"LLAMA_LOAD_MODE_{mode}"))


def _set_draft(llama: Any, parameters: Any, file: str, settings: dict[str, Any]) -> None:
    """Let a smaller model of the same vocabulary propose tokens."""
    draft = parameters.speculative.draft
    draft.mparams.path = file
    draft.cpuparams.n_threads = settings["cpu_threads"]
    draft.cpuparams_batch.n_threads = settings["cpu_threads"]
    parameters.speculative.types = [
        llama.common_speculative_type.COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE
    ]
    for name, parameter in (
        ("draft_max_tokens", "n_max"),
        ("draft_min_tokens", "n_min"),
        ("draft_min_probability", "p_min"),
    ):
        if settings[name] is not None:
            setattr(draft, parameter, settings[name])


if __name__ == "__main__":
    sys.exit(main())
