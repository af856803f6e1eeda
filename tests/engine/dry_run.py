"""Asks llama.cpp what a load would take, without one: its code for fitting allocates nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lms_jupyter.engine.worker.load_settings import LoadSettings, rounded

MIB: Final = 2**20
_ROW: Final = re.compile(
    r"memory_breakdown_print: \|   - (\S+)[^|]*\|[^|]*?\d+ = +(\d+) \+ +(\d+) \+ +(\d+)"
)
_PROGRAM: Final = """
import json, sys
import xllamacpp as llama
said = json.loads(sys.argv[1])
parameters = llama.CommonParams()
parameters.model.path = said.pop("file")
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
parameters.warmup, parameters.fit_params, parameters.verbosity = False, True, 4
parameters.cache_ram_mib = 0
parameters.fit_params_target = [0] * len(parameters.fit_params_target)
for side in "kv":
    kind = getattr(llama.ggml_type, "GGML_TYPE_" + said.pop(side).upper())
    setattr(parameters, "cache_type_" + side, kind)
flash = "LLAMA_FLASH_ATTN_TYPE_" + said.pop("flash")
parameters.flash_attn_type = getattr(llama.llama_flash_attn_type, flash)
for name, value in said.items():
    setattr(parameters, name, value)
llama.Server(parameters)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What llama.cpp says of one device, in bytes; it says whole MiB."""

    weights: int
    context: int
    compute: int

    @property
    def total(self) -> int:
        return self.weights + self.context + self.compute


def in_main_memory(file: Path, settings: LoadSettings, *, embeds: bool) -> Told:
    """Return what xllamacpp would take; the settings are settled."""
    said = {
        "file": str(file),
        "n_ctx": rounded(settings.context_length or 0),
        "n_batch": settings.eval_batch_size,
        "n_ubatch": settings.physical_batch_size,
        "n_parallel": settings.num_parallel_sessions,
        "kv_unified": settings.unified_kv_cache,
        "embedding": embeds,
        "k": settings.k_cache_type,
        "v": settings.v_cache_type,
        "flash": {None: "AUTO", True: "ENABLED", False: "DISABLED"}[settings.flash_attention],
    }
    told = _told([sys.executable, "-c", _PROGRAM, json.dumps(said)]).values()
    return Told(
        weights=sum(one.weights for one in told),
        context=sum(one.context for one in told),
        compute=sum(one.compute for one in told),
    )


def _told(line: Sequence[str]) -> Mapping[str, Told]:
    environment = os.environ | {"GGML_NO_BACKTRACE": "1"}
    told: dict[str, Told] = {}
    seen: list[str] = []
    with subprocess.Popen(
        line,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        errors="replace",
        env=environment,
    ) as child:
        assert child.stderr is not None
        try:
            for row in child.stderr:
                seen.append(row)
                if found := _ROW.search(row):
                    told[found[1]] = Told(*(int(found[number]) * MIB for number in (2, 3, 4)))
                elif told and "breakdown" not in row:
                    return told  # what would follow is the load itself
                elif " E " in row:
                    break
        finally:
            child.kill()
    raise AssertionError("llama.cpp says nothing of its memory:\n" + "".join(seen[-12:]))
