"""What a sidebar shows of a machine with two GPUs, and what is chosen there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab, jupyterlab
from tests.browser.sidebar import opened
from tests.engine.gpus.pretended import Pretended, write_program
from tests.engines import engine

pytestmark = pytest.mark.browser

FIRST, SECOND = "GPU 0: Pretended 24", "GPU 1: Pretended 8"


@pytest.fixture(scope="module")
def gpu_lab(tmp_path_factory: pytest.TempPathFactory, large_model: Path) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("gpu-lab")
    program = write_program(
        folder / "bin" / "llama-server",
        Pretended(),
        Pretended(name="CUDA1", description="Pretended 8", total_mib=8000, free_mib=7000),
    )
    options = ("--llama-server", str(program), "--models", str(large_model))
    with (
        engine(folder / "engine", *options) as address,
        jupyterlab(folder, {"LMS_JUPYTER_HOST": address}) as lab,
    ):
        yield lab


def test_a_model_goes_to_the_gpu_that_is_chosen_and_is_seen_there(
    browser: Browser, gpu_lab: Lab
) -> None:
    with opened(browser, gpu_lab) as page:
        page.sidebar.show()
        panel = page.sidebar.panel
        bars = panel.locator(".lms-Gpu")
        expect(bars).to_have_count(2)
        expect(bars.nth(1)).to_contain_text(SECOND)

        panel.get_by_role("button", name="Load large with settings").click()
        form = panel.get_by_role("form", name="Settings for large")
        form.get_by_role("spinbutton", name="Context length").fill("512")
        expect(form.locator(".lms-Estimate")).to_contain_text("GPU memory: needs")
        form.get_by_label(FIRST).uncheck()
        expect(form.get_by_text("--disable-gpu 0")).to_be_visible()
        form.get_by_role("button", name="Load", exact=True).click()

        row = page.sidebar.row("large")
        expect(row).to_be_visible(timeout=60_000)
        expect(bars.nth(1).get_by_role("listitem").filter(has_text="large")).to_have_count(1)
        expect(bars.nth(0).get_by_role("listitem").filter(has_text="large")).to_have_count(0)
        row.get_by_role("button", name="More about large").click()
        expect(row).to_contain_text(f"on {SECOND}")
        expect(row).to_contain_text("llama-server b10434 (CUDA)")

        row.get_by_role("button", name="Unload large", exact=True).click()
        expect(row).to_have_count(0)
        expect(bars.nth(1).get_by_role("listitem").filter(has_text="large")).to_have_count(0)

        panel.get_by_role("button", name="Host details").click()
        details = panel.locator(".lms-HostDetails")
        expect(details).to_contain_text("Pretended 24")
        expect(details.get_by_role("note")).to_have_count(0)
        assert page.messages == []
