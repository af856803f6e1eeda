"""`get`, `host start` and `host stop` in a real kernel, on real engines."""

import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.flaky_hub import FlakyHub, serving
from tests.engine.synthetic import write_llm
from tests.engines import engine
from tests.hosts import sleeping
from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel, Ran


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a kernel with folders of its own and no host named."""
    own = {name: str(folder / name.lower()) for name in ("HOME", "IPYTHONDIR", "XDG_STATE_HOME")}
    for path in own.values():
        Path(path).mkdir(parents=True, exist_ok=True)
    return {**os.environ, **own, **more}


def test_a_model_is_fetched_listed_and_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_llm(tmp_path / "source.bin", name="tiny").read_bytes()
    models = tmp_path / "models"
    models.mkdir()
    options = ("--no-default-models", "--models", str(models), "--downloads", str(models))
    with serving(FlakyHub({"tiny-F16.gguf": model})) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with engine(tmp_path / "engine", *options) as address:
            environ = environment(tmp_path, LMS_JUPYTER_HOST=address)
            with Kernel(environ, str(tmp_path)) as kernel:
                kernel.run("%load_ext lms_jupyter")
                fetched = kernel.run("%lms get a/tiny-GGUF")
                listed = kernel.run("%lms ls")
                loaded = kernel.run("llm = %lms load tiny --ttl 60")

    assert "Done: %lms load tiny" in fetched.plain
    assert "tiny" in listed.plain
    assert "tiny is loaded" in loaded.plain


def wait_for_bytes(address: str, least: int) -> dict[str, Any]:
    """Wait until the engine has fetched so much of something; returns its job."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        told = httpx.get(f"http://{address}/api/v1/models/download/status", trust_env=False).json()
        for job in (*told["downloading"], *told["paused"]):
            if job["downloaded_bytes"] >= least:
                return dict(job)
        time.sleep(0.05)
    raise AssertionError(told)


def test_an_interrupted_download_is_paused_goes_on_and_can_be_called_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_llm(tmp_path / "source.bin", name="tiny").read_bytes()
    models = tmp_path / "models"
    models.mkdir()
    part = 4096
    hub = FlakyHub({"tiny-F16.gguf": model}, before_gate=part, piece_bytes=part)
    options = ("--no-default-models", "--models", str(models), "--downloads", str(models))

    def files() -> list[str]:
        return [path.name for path in models.rglob("*") if path.is_file()]

    with serving(hub) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with engine(tmp_path / "engine", *options) as address:
            environ = environment(tmp_path, LMS_JUPYTER_HOST=address)
            with Kernel(environ, str(tmp_path)) as kernel:

                def interrupted() -> Ran:
                    def interrupt() -> None:
                        wait_for_bytes(address, part)
                        os.kill(pid, signal.SIGINT)

                    waiting = threading.Thread(target=interrupt)
                    waiting.start()
                    ran = kernel.run("%lms get a/tiny-GGUF")
                    waiting.join()
                    return ran

                pid = int(kernel.value("__import__('os').getpid()"))
                kernel.run("%load_ext lms_jupyter")
                first = interrupted()
                assert wait_for_bytes(address, part)["status"] == "paused"
                cancelled = kernel.run("%lms get a/tiny-GGUF --cancel")
                left = files()
                second = interrupted()
                asked = len(hub.asked)
                hub.before_gate = 2**60
                third = kernel.run("%lms get a/tiny-GGUF")
                fourth = kernel.run("%lms get a/tiny-GGUF")

    assert first.error == "KeyboardInterrupt", first
    assert second.error == "KeyboardInterrupt", second
    assert "Paused at" in first.text
    assert "goes on from there" in first.text
    assert "is called off; nothing of it is left" in cancelled.text, cancelled.error_text
    assert left == []
    assert "Done: %lms load tiny" in third.text, third.error_text
    assert hub.asked[asked]["Range"] == f"bytes={part}-"
    assert "Done: %lms load tiny" in fourth.text, "what is there already is said to be there"


def test_an_lm_studio_that_sleeps_is_offered_and_woken(tmp_path: Path) -> None:
    home = tmp_path / "home"
    program = sleeping.install(home)
    environ = environment(tmp_path, HOME=str(home), LMS_JUPYTER_HOST="", CI="")
    with Kernel(environ, str(tmp_path)) as kernel:
        kernel.run("%load_ext lms_jupyter")
        asleep = kernel.run("%lms ps")
        woken = kernel.run("%lms host wake")
        used = kernel.run("%lms load qwen/qwen3-4b")
    for pid in sleeping.pids(home):
        os.kill(pid, signal.SIGTERM)

    assert "LM Studio is installed here and does not run." in asleep.error_text
    assert "%lms host wake" in asleep.error_text
    assert f"Waking LM Studio ({program})" in woken.plain
    assert "Using LM Studio 0.4.9" in woken.plain
    assert used.error == "", used.error_text
    assert sleeping.starts(home) == ["llmster"]


def test_the_devices_of_lm_link_are_shown_and_one_is_preferred(tmp_path: Path) -> None:
    with Studio(devices={"0f3a9c27d1": "gpu-box"}) as studio:
        environ = environment(tmp_path, LMS_JUPYTER_HOST=studio.address)
        with Kernel(environ, str(tmp_path)) as kernel:
            kernel.run("%load_ext lms_jupyter")
            loaded = kernel.run("%lms load qwen/qwen3-4b --device gpu-box --identifier far")
            preferred = kernel.run("%lms link set-preferred-device gpu-box")
            status = kernel.run("%lms link status --json")
            wrong = kernel.run("%lms link set-preferred-device nobody")

    assert loaded.error == "", loaded.error_text
    assert "LM Link of desk: online." in preferred.plain
    assert re.search(r"gpu-box +connected +0f3a9c27d1 +preferred +far", preferred.plain)
    assert '"preferred_device":"0f3a9c27d1"' in status.text.replace(" ", "")
    assert "No device is called 'nobody'." in wrong.error_text


def test_the_engine_of_this_user_is_started_and_ended(tmp_path: Path) -> None:
    with engine(tmp_path / "other") as other:
        environ = environment(tmp_path, LMS_JUPYTER_HOST=other)
        with Kernel(environ, str(tmp_path)) as kernel:
            kernel.run("%load_ext lms_jupyter")
            before = kernel.run("%lms host").plain
            started = kernel.run("%lms host start")
            stopped = kernel.run("%lms host stop")
            again = kernel.run("%lms host stop")

    assert other in before
    assert started.error == ""
    assert "Using Embedded engine" in started.plain
    assert other not in started.plain
    assert "has ended" in stopped.plain
    assert "No embedded engine of yours is running." in again.error_text
