"""What `%load_ext` gets ready while the next cell is typed."""

from pathlib import Path

from .kernels import Kernel

WAIT = (
    "import sys, time\n"
    "until = time.monotonic() + 30\n"
    "while 'lms_jupyter.widgets.panel' not in sys.modules and time.monotonic() < until:\n"
    "    time.sleep(0.01)"
)


def test_a_kernel_imports_what_its_first_panel_needs(kernel: Kernel) -> None:
    kernel.run(WAIT)

    assert kernel.value("'lms_jupyter.widgets.panel' in sys.modules") == "True"


def test_a_first_panel_that_comes_at_once_waits_for_it(
    environ: dict[str, str], folder: Path
) -> None:
    cell = "%load_ext lms_jupyter\nimport lms_jupyter\npanel = lms_jupyter.panel()"
    with Kernel(environ, str(folder)) as kernel:
        ran = kernel.run(cell)

        assert ran.error == "", ran.error_text
        assert kernel.value("panel.activity['host']['link']") == "connected"
