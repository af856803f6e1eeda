"""What load settings about GPUs cannot mean. Pure."""

from collections.abc import Iterator, Sequence

from lms_jupyter.protocol.models import GpuMemory, LoadConfig


def objection(config: LoadConfig, gpus: Sequence[GpuMemory] | None = None) -> str | None:
    """Say what is wrong with the GPU settings, in one sentence; `None`: nothing is.

    Args:
        config: The settings.
        gpus: The GPUs of the machine, where they are known.
    """
    return next(_objections(config, gpus), None)


def _objections(config: LoadConfig, gpus: Sequence[GpuMemory] | None) -> Iterator[str]:
    if config.gpu is not None and not 0 <= config.gpu <= 1:
        yield f"The part of the layers on the GPU is from 0 to 1, not {config.gpu:g}."
    ratio = config.num_cpu_expert_layers_ratio
    if ratio is not None and not 0 <= ratio <= 1:
        yield f"The part of the expert layers on the CPU is from 0 to 1, not {ratio:g}."
    yield from _numbers(config, gpus)
    yield from _split(config)


def _numbers(config: LoadConfig, gpus: Sequence[GpuMemory] | None) -> Iterator[str]:
    """Check the numbers of GPUs: each once, each there."""
    disabled, order = config.disabled_gpus or (), config.gpu_priority or ()
    main = () if config.main_gpu is None else (config.main_gpu,)
    for number in (*main, *order, *disabled):
        if number < 0:
            yield f"GPUs are counted from 0: there is no GPU {number}."
        if gpus is not None and number >= len(gpus):
            yield f"There is no GPU {number}: {_known(gpus)}."
    for number in {*main, *order} & {*disabled}:
        yield f"GPU {number} cannot be both disabled and filled first."
    if len(set(order)) < len(order):
        yield f"The order of the GPUs names one twice: {', '.join(map(str, order))}."
    if gpus and len({*disabled}) >= len(gpus) and config.gpu:
        yield f"With every GPU disabled, {config.gpu:.0%} of the layers have no GPU to lie on."


def _split(config: LoadConfig) -> Iterator[str]:
    """Check that the strategy and what it is to go by fit together."""
    strategy, ratio = config.split_strategy, config.gpu_custom_ratio
    order = config.gpu_priority or ()
    if config.main_gpu is not None and order and order[0] != config.main_gpu:
        yield f"The main GPU is {config.main_gpu}, and the order begins with another."
    if strategy in ("evenly", "custom") and (config.main_gpu is not None or config.gpu_priority):
        yield f"No GPU is filled first with {strategy}: a main GPU goes with priorityOrder."
    if strategy == "custom" and not ratio:
        yield "The strategy custom needs a ratio for each GPU."
    if ratio and strategy not in (None, "custom"):
        yield f"A ratio for each GPU goes with the strategy custom, not with {strategy}."
    if ratio and (min(ratio) < 0 or max(ratio) == 0):
        shown = ", ".join(f"{part:g}" for part in ratio)
        yield f"A ratio needs a part above 0 and none below: {shown}."


def _known(gpus: Sequence[GpuMemory]) -> str:
    if not gpus:
        return "the machine of the host has none that it could use"
    return ", ".join(f"{place} is {gpu.name}" for place, gpu in enumerate(gpus))
