"""Programs that pass for a `llama-server` when they are asked what they are."""

from pathlib import Path

from lms_jupyter.engine.runtimes.flags import CHILD_MODE, FLAGS

CUDA = "  CUDA0: NVIDIA GeForce RTX 4090 (24564 MiB, 23000 MiB free)"


def help_text(*, without: tuple[str, ...] = ()) -> str:
    """Return a help page with all flags but these."""
    flags = [CHILD_MODE, *(name for names in FLAGS.values() for name in names)]
    return "\n".join(f"{flag} VALUE    what it does" for flag in flags if flag not in without)


def write_stub(
    program: Path,
    *,
    devices: str = CUDA,
    version: str = "version: 10434 (7e4c0a9)",
    without: tuple[str, ...] = (),
    first: str = "",
    load: str = "echo 'E the driver is not what it was' >&2; exit 1",
) -> Path:
    """Write a shell script that answers like one.

    `first` is what it does before that, `load` what it does if it is to load a model.
    """
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(
        f"""#!/bin/sh
{first}
case "$1" in
--version) echo '{version}' >&2;;
--list-devices) echo 'Available devices:'; echo '{devices}';;
--help) cat <<'END'
{help_text(without=without)}
END
;;
*) {load};;
esac
"""
    )
    program.chmod(0o755)
    return program
