"""A worker's program: one model in llama.cpp, and llama.cpp's HTTP server on a loopback port.

It is the only place that imports xllamacpp. Its life, seen from the engine (`handle.py`):

    started                  ──▶ imports llama.cpp, says `Warm` on stdout, waits
    reads `Order` on stdin   ──▶ loads; llama.cpp reports its progress on stdout
    loaded                   ──▶ says `Serving`, and serves until it is killed

It ends when its stdin ends, and on Linux also the moment the engine dies.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, TextIO

from lms_jupyter.engine.worker.arguments import SEEDS, warms_up
from lms_jupyter.engine.worker.birth import begin, reachable, receive_order
from lms_jupyter.engine.worker.load_settings import LoadSettings, rounded
from lms_jupyter.engine.worker.messages import (
    Order,
    Placement,
    Report,
    Serving,
    Warm,
    write_report,
)


def main() -> int:
    """Do what the module says. Arguments: the process id of the engine, and how nice to be."""
    begin()
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    try:
        import xllamacpp
    except ImportError as error:
        print(f"E cannot import llama.cpp: {error}", file=sys.stderr)
        if "libgomp" in str(error):
            print("E install the OpenMP library (Debian: apt install libgomp1)", file=sys.stderr)
        return 1
    _say(channel, Warm())
    order = receive_order()
    parameters = _Parameters(xllamacpp)
    gpu = any("CPU" not in device["type"].name for device in xllamacpp.get_device_info())
    _configure(parameters, order)
    parameters.put("warmup", warms_up(order, gpu=gpu))
    if parameters.missing:
        print(f"E this xllamacpp has no {', '.join(parameters.missing)}", file=sys.stderr)
        return 1
    try:
        server = xllamacpp.Server(parameters.native)
    except RuntimeError as error:
        print(f"E {error}", file=sys.stderr)
        return 1
    refused = tuple(parameters.refused)
    _say(channel, Serving(address=server.listening_address, gpu=gpu, refused=refused))
    threading.Event().wait()
    return 0


def _say(channel: TextIO, report: Report) -> None:
    channel.write(write_report(report))
    channel.flush()


_DISPENSABLE = frozenset(
    {
        "cache_ram_mib",
        "cors_credentials",
        "cors_origins",
        "endpoint_slots",
        "fit_params",
        "model_alias",
        "slot_save_path",
        "ui",
        "warmup",
    }
)
"""What older releases do not have and can do without: they have nothing to switch off."""


class _Parameters:
    """Sets llama.cpp's parameters, whose names change over releases."""

    def __init__(self, llama: Any) -> None:
        self._llama = llama
        self.native = llama.CommonParams()
        self.refused: list[str] = []
        """Names that this llama.cpp does not have."""

    @property
    def missing(self) -> list[str]:
        """Those of them without which the model would be loaded otherwise than was asked."""
        return [name for name in self.refused if name not in _DISPENSABLE]

    def put(self, name: str, value: object, *others: str) -> None:
        """Set the first parameter that exists under one of the names."""
        for candidate in (name, *others):
            if hasattr(self.native, candidate):
                setattr(self.native, candidate, value)
                return
        self.refused.append(name)

    def constant(self, family: str, name: str) -> object:
        """Return a constant of llama.cpp's."""
        return getattr(getattr(self._llama, family), name)

    def has(self, family: str) -> bool:
        """Whether this llama.cpp has such constants."""
        return hasattr(self._llama, family)


def _configure(parameters: _Parameters, order: Order) -> None:
    """Set everything for one order."""
    settings = order.settings
    parameters.native.model.path = reachable(order.file)
    if order.mmproj:
        parameters.native.mmproj.path = reachable(order.mmproj)
    if order.overrides:
        parameters.refused.append("kv_overrides")
    _set_server(parameters, order)
    _set_sizes(parameters, order)
    _place(parameters, order.placement)
    _set_memory_mode(parameters, settings)
    _set_attention(parameters, settings)
    for name, parameter in _PLAIN.items():
        value = getattr(settings, name)
        if value is not None:
            parameters.put(parameter, value)
    message = settings.reasoning_budget_message
    if message is not None:
        parameters.native.sampling.reasoning_budget_message = message
    if settings.seed is not None:
        parameters.native.sampling.seed = settings.seed % SEEDS
    if order.draft_file or settings.draft_mtp:
        _set_draft(parameters, order.draft_file, settings)


def _set_server(parameters: _Parameters, order: Order) -> None:
    """Let nobody but the engine in, and keep nothing that the engine does not use."""
    parameters.put("model_alias", {order.identifier})
    parameters.put("api_keys", [order.api_key])
    parameters.put("cors_origins", "localhost")
    parameters.put("cors_credentials", False)
    parameters.put("ui", False, "webui")
    parameters.put("cache_ram_mib", 0)
    parameters.put("endpoint_slots", False)
    if order.slot_save_path:
        # With a separator at its end: llama.cpp only adds the name of a file.
        folder = reachable(order.slot_save_path).rstrip(os.sep)
        parameters.put("slot_save_path", f"{folder}{os.sep}")
    parameters.put("fit_params", False)
    parameters.put("embedding", order.embedding)


def _set_sizes(parameters: _Parameters, order: Order) -> None:
    settings = order.settings
    # As llama.cpp rounds it, which cuts a batch down to the context before it does.
    parameters.put("n_ctx", rounded(settings.context_length or 0))
    parameters.put("n_batch", settings.eval_batch_size)
    parameters.put("n_ubatch", settings.physical_batch_size)
    parameters.put("n_parallel", settings.num_parallel_sessions)
    parameters.put("kv_unified", settings.unified_kv_cache)
    parameters.native.cpuparams.n_threads = settings.cpu_threads
    parameters.native.cpuparams_batch.n_threads = settings.cpu_threads
    parameters.put("no_kv_offload", not settings.offload_kv_cache_to_gpu)


def _place(parameters: _Parameters, placement: Placement) -> None:
    """Say what lies on which GPU."""
    parameters.put("n_gpu_layers", placement.gpu_layers)
    if placement.tensor_split:
        places = len(parameters.native.tensor_split)
        shares = list(placement.tensor_split[:places])
        parameters.put("tensor_split", shares + [0.0] * (places - len(shares)))


_PLAIN = {
    "rope_frequency_base": "rope_freq_base",
    "rope_frequency_scale": "rope_freq_scale",
    "context_checkpoints": "n_ctx_checkpoints",
    "prompt_template": "chat_template",
}


def _set_memory_mode(parameters: _Parameters, settings: LoadSettings) -> None:
    """Choose how the file gets into memory; older releases have three flags instead of one mode."""
    lock, mapped = settings.keep_in_memory, settings.try_mmap
    if not parameters.has("llama_load_mode"):
        parameters.put("use_mmap", mapped)
        parameters.put("use_mlock", lock)
        parameters.put("use_direct_io", settings.try_direct_io)
        return
    if settings.try_direct_io:
        mode = "DIRECT_IO"
    elif mapped:
        mode = "MMAP_MLOCK" if lock else "AUTO"
    else:
        mode = "MLOCK" if lock else "NONE"
    constant = parameters.constant("llama_load_mode", f"LLAMA_LOAD_MODE_{mode}")
    parameters.put("load_mode", constant)


def _set_attention(parameters: _Parameters, settings: LoadSettings) -> None:
    flash = {None: "AUTO", True: "ENABLED", False: "DISABLED"}[settings.flash_attention]
    constant = f"LLAMA_FLASH_ATTN_TYPE_{flash}"
    parameters.put("flash_attn_type", parameters.constant("llama_flash_attn_type", constant))
    for side in "kv":
        name = getattr(settings, f"{side}_cache_type").upper()
        kind = parameters.constant("ggml_type", f"GGML_TYPE_{name}")
        parameters.put(f"cache_type_{side}", kind)


def _set_draft(parameters: _Parameters, file: str | None, settings: LoadSettings) -> None:
    """Let a smaller model of the same vocabulary, or the model's own layers, propose tokens."""
    speculative = parameters.native.speculative
    draft = speculative.draft
    kinds = []
    if file:
        draft.mparams.path = reachable(file)
        draft.cpuparams.n_threads = settings.cpu_threads
        draft.cpuparams_batch.n_threads = settings.cpu_threads
        kinds.append("COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE")
    if settings.draft_mtp:
        parameters.put("load_mtp", True)
        kinds.append("COMMON_SPECULATIVE_TYPE_DRAFT_MTP")
    speculative.types = [parameters.constant("common_speculative_type", kind) for kind in kinds]
    for name, parameter in (
        ("draft_max_tokens", "n_max"),
        ("draft_min_tokens", "n_min"),
        ("draft_min_probability", "p_min"),
    ):
        value = getattr(settings, name)
        if value is not None:
            setattr(draft, parameter, value)


if __name__ == "__main__":
    sys.exit(main())
