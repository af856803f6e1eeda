"""From an order to the command line of a `llama-server`. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lms_jupyter.engine.runtimes.flags import CHILD_MODE, FLAGS, MTP, flag_for
from lms_jupyter.engine.worker.load_settings import LoadSettings, rounded
from lms_jupyter.engine.worker.messages import Order, Placement

SEEDS = 2**32
"""-1 means a random one, in llama.cpp's unsigned numbers, too."""
TINY_MODEL_BYTES = 50_000_000
TRACE = 4
ALL_LAYERS = 9999
"""More than any model has: "all" is not a word of every release."""


@dataclass(slots=True)
class Arguments:
    """A command line in the making."""

    known: frozenset[str]
    """The flags of the program."""
    given: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Flags that it does not have, without which the model would be loaded otherwise."""

    def put(self, what: str, *values: object) -> None:
        """Say this, or note that the program cannot be told."""
        if not self.put_if_known(what, *values):
            self.missing.append(FLAGS[what][0])

    def put_if_known(self, what: str, *values: object) -> bool:
        """Say this, if the program knows it: older ones have nothing to switch off."""
        flag = flag_for(what, self.known)
        if flag is not None:
            self.given += [flag, *map(str, values)]
        return flag is not None


def warms_up(order: Order, *, gpu: bool) -> bool:
    """Whether llama.cpp computes something once while it loads, so that the first answer is fast.

    A tiny model is as fast without on a processor; a GPU compiles its programs, whatever the size.

    Args:
        order: What is loaded.
        gpu: Whether there may be a GPU.
    """
    return order.size_bytes > TINY_MODEL_BYTES or (gpu and order.placement.gpu_layers > 0)


def command_line(
    order: Order, known: frozenset[str], reach: Callable[[str], str], keep: Callable[[str], str]
) -> Arguments:
    """Return what a program with these flags is to be told.

    Args:
        order: What is to be loaded.
        known: The program's flags.
        reach: Makes a path one that llama.cpp can open.
        keep: Puts a text where only the program can read it, and returns the path.
    """
    line = Arguments(known)
    settings = order.settings
    line.put("file", reach(order.file))
    if order.mmproj:
        line.put("mmproj", reach(order.mmproj))
    _set_server(line, order, keep)
    if order.slot_save_path:
        line.put_if_known("slot_save_path", reach(order.slot_save_path))
    _set_sizes(line, settings)
    _place(line, order)
    _set_memory_mode(line, settings)
    _set_attention(line, settings)
    for name in ("rope_frequency_base", "rope_frequency_scale", "context_checkpoints"):
        value = getattr(settings, name)
        if value is not None:
            line.put(name, value)
    if settings.prompt_template is not None:
        line.put("prompt_template", keep(settings.prompt_template))
    if settings.reasoning_budget_message is not None:
        line.put("reasoning_budget_message", settings.reasoning_budget_message)
    if settings.seed is not None:
        line.put("seed", settings.seed % SEEDS)
    if order.overrides:
        line.put("num_experts", ",".join(order.overrides))
    if order.draft_file or settings.draft_mtp:
        _set_draft(line, order, reach)
    return line


def _set_server(line: Arguments, order: Order, keep: Callable[[str], str]) -> None:
    """Let nobody but the engine in, and keep nothing that the engine does not use."""
    if CHILD_MODE not in line.known:
        line.missing.append(CHILD_MODE)
    line.put("host", "127.0.0.1")
    line.put("port", 0)
    line.put("api_key", keep(f"{order.api_key}\n"))
    # A comma would begin another name.
    line.put_if_known("alias", order.identifier.replace(",", " "))
    line.put_if_known("cors_origins", "localhost")
    line.put_if_known("cache_ram", 0)
    line.put_if_known("no_fit", "off")
    for name in ("no_cors_credentials", "no_ui", "no_slots", "log_prefix", "log_timestamps"):
        line.put_if_known(name)
    line.put_if_known("jinja")
    line.put_if_known("offline")
    if not warms_up(order, gpu=True):
        line.put_if_known("no_warmup")
    if order.embedding:
        line.put("embedding")


def _set_sizes(line: Arguments, settings: LoadSettings) -> None:
    # As llama.cpp rounds it, which cuts a batch down to the context before it does.
    line.put("context_length", rounded(settings.context_length or 0))
    line.put("eval_batch_size", settings.eval_batch_size)
    line.put("physical_batch_size", settings.physical_batch_size)
    line.put("num_parallel_sessions", settings.num_parallel_sessions)
    line.put("unified_kv_cache" if settings.unified_kv_cache else "split_kv_cache")
    if settings.cpu_threads is not None:
        line.put("cpu_threads", settings.cpu_threads)
        line.put("cpu_threads_batch", settings.cpu_threads)


def _place(line: Arguments, order: Order) -> None:
    """Say what lies on which GPU."""
    placement = order.placement
    line.put("gpu_layers", placement.gpu_layers)
    if is_off_gpu(placement):
        # With no layer there a GPU would still hold buffers, and compute long prompts.
        line.put_if_known("devices", "none")
        if order.mmproj:
            line.put_if_known("mmproj_off_gpu")
        return
    # Only then it says how much memory it takes on each device.
    line.put_if_known("verbosity", TRACE)
    if placement.devices:
        line.put("devices", ",".join(placement.devices))
    if placement.tensor_split:
        line.put("tensor_split", ",".join(map(str, placement.tensor_split)))
    if placement.cpu_expert_layers:
        line.put("cpu_expert_layers", placement.cpu_expert_layers)
    if not order.settings.offload_kv_cache_to_gpu:
        line.put("kv_cache_off_gpu")


def is_off_gpu(placement: Placement) -> bool:
    """Whether no GPU is to be used at all."""
    return placement.gpu_layers == 0


def _set_memory_mode(line: Arguments, settings: LoadSettings) -> None:
    """Choose how the file gets into memory; older releases have three flags instead of one mode."""
    lock, mapped = settings.keep_in_memory, settings.try_mmap
    if flag_for("load_mode", line.known):
        if settings.try_direct_io:
            mode = "dio"
        elif mapped:
            mode = "mmap+mlock" if lock else "auto"
        else:
            mode = "mlock" if lock else "none"
        line.put("load_mode", mode)
        return
    if not mapped:
        line.put("no_mmap")
    if lock:
        line.put("keep_in_memory")
    if settings.try_direct_io:
        line.put("try_direct_io")


def _set_attention(line: Arguments, settings: LoadSettings) -> None:
    if settings.flash_attention is not None:
        line.put("flash_attention", "on" if settings.flash_attention else "off")
    line.put("k_cache_type", settings.k_cache_type)
    line.put("v_cache_type", settings.v_cache_type)


def _set_draft(line: Arguments, order: Order, reach: Callable[[str], str]) -> None:
    """Let a smaller model of the same vocabulary, or the model's own layers, propose tokens."""
    settings = order.settings
    kinds = []
    if order.draft_file:
        line.put("draft_model", reach(order.draft_file))
        if settings.cpu_threads is not None:
            line.put_if_known("draft_threads", settings.cpu_threads)
            line.put_if_known("draft_threads_batch", settings.cpu_threads)
        off = is_off_gpu(order.placement)
        line.put_if_known("draft_gpu_layers", 0 if off else ALL_LAYERS)
        if off:
            line.put_if_known("draft_devices", "none")
        elif order.placement.devices:
            line.put_if_known("draft_devices", ",".join(order.placement.devices))
        kinds.append("draft-simple")
    if settings.draft_mtp:
        if MTP not in line.known:
            line.missing.append(MTP)
        kinds.append("draft-mtp")
    # Where there are no kinds, a draft model says it all.
    line.put_if_known("draft_kind", ",".join(kinds))
    for name in ("draft_max_tokens", "draft_min_tokens", "draft_min_probability"):
        value = getattr(settings, name)
        if value is not None:
            line.put(name, value)
