"""The flags of a load that are about GPUs."""

from typing import get_args

from lms_jupyter.magics.grammar import Flag, number, offload, several, whole
from lms_jupyter.protocol.models import SplitStrategy


def switch(yes: str, dest: str, about: str, no: str = "") -> tuple[Flag, Flag]:
    """Declare a setting that is on, off, or the host's to decide."""
    return (
        Flag(names=(yes,), help=about, dest=dest),
        Flag(names=(no or f"--no-{yes[2:]}",), help=f"not: {about}", dest=dest, value=False),
    )


GPU_FLAGS = (
    Flag(
        names=("--main-gpu",),
        help="the GPU that is filled first, by its number in %lms status",
        metavar="N",
        read=whole(0),
    ),
    Flag(
        names=("--split-strategy",),
        help="how several GPUs share it: evenly, priorityOrder or custom",
        metavar="HOW",
        choices=get_args(SplitStrategy),
    ),
    Flag(
        names=("--disable-gpu",),
        help="GPUs that it stays away from: 1, or 0,2",
        metavar="N,N",
        read=several(whole(0)),
        dest="disabled_gpus",
    ),
    Flag(
        names=("--gpu-priority",),
        help="GPUs in the order in which they are filled: 1,0",
        metavar="N,N",
        read=several(whole(0)),
    ),
    Flag(
        names=("--gpu-custom-ratio",),
        help="how much of it each GPU gets, in proportion: 3,1",
        metavar="X,X",
        read=several(number(0)),
    ),
    *switch(
        "--gpu-strict-vram-cap",
        "gpu_strict_vram_cap",
        "never take more than the GPUs have of memory",
    ),
    Flag(
        names=("--cpu-expert-layers",),
        help="expert layers on the CPU: off, max, or 0 to 1",
        metavar="RATIO",
        read=offload,
        dest="num_cpu_expert_layers_ratio",
    ),
)
