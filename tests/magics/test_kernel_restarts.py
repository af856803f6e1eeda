"""A real kernel whose LM Studio is restarted again and again, with no panel anywhere."""

import re
from pathlib import Path

from tests.hosts.restarts import drop, restart, stop
from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel
from tests.magics.test_kernel_old_host import environment

KEY = "qwen/qwen3-4b"
LINES = {
    "%lms ps": "Nothing is in memory",
    "%lms ps --json": r"\[\]",
    "%lms ls": "1 model",
    "%lms status": "nothing in memory",
    "%lms host": "Using LM Studio",
    f"%lms load {KEY} --ttl 60": "is loaded",
    f"%lms model {KEY} --ttl 60": "is loaded",
    "print(len(lms_jupyter.ps()))": "^0$",
    "print(len(lms_jupyter.ls()))": "^1$",
    f"print(lms_jupyter.load('{KEY}').identifier)": KEY,
    "print(len(await aio.ps()))": "^0$",
    "print(len(await aio.ls()))": "^1$",
    f"print((await aio.load('{KEY}')).identifier)": KEY,
    "print(lmstudio.list_loaded_models())": r"\[\]",
}
"""What is run after each restart, and what it says."""


def test_every_line_after_a_restart_says_what_is_true_then(tmp_path: Path) -> None:
    with Studio() as studio, Kernel(environment(tmp_path, studio), str(tmp_path)) as kernel:
        kernel.run(
            "%load_ext lms_jupyter\nimport lms_jupyter, lmstudio\nfrom lms_jupyter import aio"
        )
        kernel.run("%lms ps")
        for line, said in LINES.items():
            restart(studio)
            ran = kernel.run(line)
            assert ran.error == "", (line, ran.error_text)
            assert re.search(said, ran.plain, re.MULTILINE), (line, ran.plain)
            assert "gone" not in ran.plain, line
            drop(studio)
            again = kernel.run(line)
            assert again.error == "", (line, again.error_text)
        stop(studio)
        for line in ("%lms ps", "%lms ls", f"%lms load {KEY}", "%lms status"):
            ran = kernel.run(line)
            assert ran.error == "HostUnreachableError", (line, ran.error_text)
            assert "Nothing answers at" in ran.error_text
        studio.__enter__()
        assert "Nothing is in memory" in kernel.run("%lms ps").plain
