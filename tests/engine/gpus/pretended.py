"""A `llama-server` that says it computes on GPUs, and computes on the processor by xllamacpp.

An engine that runs its models on it lives as on a machine with these GPUs: builds are surveyed,
layers are placed, and what an instance holds is told by llama.cpp's own lines.
"""

from __future__ import annotations

import os
import shlex
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretended:
    """A GPU that there is not."""

    name: str = "CUDA0"
    description: str = "Pretended 24"
    total_mib: int = 24_000
    free_mib: int = 23_000

    @property
    def line(self) -> str:
        """As `--list-devices` has it."""
        return f"  {self.name}: {self.description} ({self.total_mib} MiB, {self.free_mib} MiB free)"


def write_program(program: Path, *gpus: Pretended) -> Path:
    """Write such a program."""
    from tests.engine.stub_server import write_stub  # noqa: PLC0415 - not in a worker

    root = Path(__file__).parents[3]
    names = ",".join(gpu.name for gpu in gpus)
    serve = shlex.join(
        ["exec", "env", f"PYTHONPATH={root}", sys.executable, str(Path(__file__)), names]
    )
    return write_stub(program, devices="\n".join(gpu.line for gpu in gpus), load=f'{serve} "$@"')


def main() -> None:
    """Load a model and serve it, as the command line says."""
    import xllamacpp  # noqa: PLC0415 - only where it serves

    gpus, said = sys.argv[1].split(","), _said(sys.argv[2:])
    native = xllamacpp.CommonParams()
    native.model.path = said["--model"]
    native.model_alias = {said["--alias"]}
    native.api_keys = [Path(said["--api-key-file"]).read_text().strip()]
    for flag, name in {
        "--ctx-size": "n_ctx",
        "--batch-size": "n_batch",
        "--ubatch-size": "n_ubatch",
        "--parallel": "n_parallel",
    }.items():
        setattr(native, name, int(said[flag]))
    native.cpuparams.n_threads = native.cpuparams_batch.n_threads = int(said["--threads"])
    native.kv_unified = "--kv-unified" in said
    native.embedding = "--embedding" in said
    native.cache_ram_mib, native.fit_params, native.warmup = 0, False, False
    layers = int(said["--gpu-layers"])
    if layers:
        _tell_buffers(said, gpus, layers)
    native.n_gpu_layers = 0
    server: Any = xllamacpp.Server(native)
    sys.stderr.write(f"I srv main: listening on {server.listening_address}\n")
    sys.stderr.flush()
    threading.Event().wait()


def _said(arguments: list[str]) -> dict[str, str]:
    """Return flag → value; flags without one have an empty one."""
    said: dict[str, str] = {}
    flag = ""
    for word in arguments:
        if word.startswith("--"):
            flag = word
            said[flag] = ""
        else:
            said[flag] = word
    return said


def _tell_buffers(said: dict[str, str], gpus: list[str], layers: int) -> None:
    """Say what lies on which GPU, as llama.cpp does: in proportion to the layers."""
    from lms_jupyter.engine.instances import shape  # noqa: PLC0415 - only where layers lie there
    from lms_jupyter.engine.library.gguf import read_header  # noqa: PLC0415

    file = Path(said["--model"])
    whole = shape.layers(read_header(file)) + 1
    used = said["--device"].split(",") if said.get("--device") else gpus
    parts = [float(part) for part in said.get("--tensor-split", "").split(",") if part]
    parts = parts or [1.0] * len(used)
    size_mib = file.stat().st_size / MIB * min(1.0, layers / whole)
    for name, part in zip(used, parts, strict=False):
        share = size_mib * part / sum(parts)
        sys.stderr.write(f"load_tensors: {name} model buffer size = {share:.2f} MiB\n")
    sys.stderr.flush()


if __name__ == "__main__":
    os.environ.setdefault("LLAMA_SERVER_ROUTER_PORT", "1")
    main()
