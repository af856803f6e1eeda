"""What somebody unloads stays away: the next use of its handle says so in a sentence."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import lmstudio
import pytest

from tests.hosts.studio import Studio

from .kernels import Kernel, Ran
from .test_kernel_old_host import environment

KEY = "qwen/qwen3-4b"
LOAD = "from lms_jupyter import aio\nimport lms_jupyter\nllm = lms_jupyter.load({key!r}, ttl='10m')"
HERE = [
    "%lms unload {key}",
    "%lms unload --all",
    "%lms free",
    "lms_jupyter.unload({key!r})",
    "lms_jupyter.unload(llm)",
    "lms_jupyter.unload(lms_jupyter.ps())",
    "lms_jupyter.unload([one.identifier for one in lms_jupyter.ps()])",
    "await aio.unload(lms_jupyter.ps()[0])",
    "await aio.unload((await aio.ensure({key!r})))",
    "lms_jupyter.free()",
    "llm.unload()",
    "lms_jupyter.load({key!r}).unload()",
]


def check(ran: Ran, key: str) -> None:
    assert ran.error == "InstanceUnloadedError", (ran.text, ran.error_text)
    assert f"{key!r} was unloaded" in ran.error_text
    assert f"%lms load {key}" in ran.error_text
    assert "site-packages" not in ran.error_text, "frames of the SDK"


def loaded_again(kernel: Kernel, key: str) -> None:
    """A new load makes the old handles work again."""
    ran = kernel.run(f"%lms load {key}\nprint(llm.get_info().identifier)")
    assert not ran.error, ran.error_text
    assert ran.text.splitlines()[-1] == key


@pytest.mark.parametrize("line", HERE)
def test_what_is_unloaded_in_the_kernel_stays_away(empty: Kernel, engine: str, line: str) -> None:
    key = "tutor-1m"
    assert not empty.run(LOAD.format(key=key)).error
    ran = empty.run(line.format(key=key))
    assert not ran.error, ran.error_text

    check(empty.run("llm.respond('Hello')"), key)
    check(empty.run("list(llm.respond_stream('Hello'))"), key)
    with lmstudio.Client(engine) as client:
        assert client.llm.list_loaded() == []
    loaded_again(empty, key)


@pytest.mark.parametrize("how", ["sdk", "rest", "other kernel"])
def test_what_is_unloaded_elsewhere_stays_away(
    empty: Kernel, engine: str, environ: dict[str, str], folder: Path, how: str
) -> None:
    assert not empty.run(LOAD.format(key="tutor-1m")).error
    if how == "sdk":
        with lmstudio.Client(engine) as client:
            client.llm.unload("tutor-1m")
    elif how == "rest":
        body = {"instance_id": "tutor-1m"}
        httpx.post(f"http://{engine}/api/v1/models/unload", json=body).raise_for_status()
    else:
        other = {**environ, "JPY_SESSION_NAME": str(folder / "other.ipynb")}
        with Kernel(other, str(folder)) as kernel:
            ran = kernel.run("%load_ext lms_jupyter\n%lms unload tutor-1m")
            assert not ran.error, ran.error_text

    ran = empty.run("llm.respond('Hello')")

    check(ran, "tutor-1m")
    if how == "other kernel":
        assert "by other.ipynb" in ran.error_text
    loaded_again(empty, "tutor-1m")


def test_a_loop_in_a_running_cell_ends_with_the_sentence(empty: Kernel, engine: str) -> None:
    assert not empty.run(LOAD.format(key="tutor-1m")).error

    def unload(_ran: Ran) -> None:
        with lmstudio.Client(engine) as client:
            for one in client.llm.list_loaded():
                one.unload()

    code = "print('begun', flush=True)\nwhile True: llm.respond('Hello', config={'maxTokens': 1})"
    ran = empty.run(code, unload)

    check(ran, "tutor-1m")
    assert "is loaded again" not in ran.text
    assert empty.run("%lms ps --json").text.strip() == "[]"


def test_async_handles_say_it_too(empty: Kernel) -> None:
    code = "llm = await aio.load('tutor-1m')\nawait aio.unload(llm)\nawait llm.respond('Hello')"
    check(empty.run(f"from lms_jupyter import aio\n{code}"), "tutor-1m")
    check(empty.run("await llm.count_tokens('Hello')"), "tutor-1m")
    code = "other = await aio.load('tutor-1m')\nawait other.unload()\nawait llm.respond('Hello')"
    check(empty.run(code), "tutor-1m")
    assert not empty.run("await aio.close()").error


def test_a_reload_with_other_settings_is_no_decision_against_it(empty: Kernel) -> None:
    code = (
        "import lms_jupyter\nold = lms_jupyter.load('tutor-1m', context_length=512)\n"
        "new = lms_jupyter.load('tutor-1m', context_length=1024)\n"
        "print(old.get_context_length(), new.get_context_length())"
    )
    assert empty.run(code).text.splitlines()[-1] == "1024 1024"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[tuple[Studio, Kernel]]:
    with Studio() as studio:
        environ = environment(tmp_path, studio)
        with Kernel(environ, str(tmp_path)) as kernel:
            assert not kernel.run("%load_ext lms_jupyter").error
            yield studio, kernel


def test_on_lm_studio_what_goes_before_its_ttl_was_unloaded_by_somebody(
    studio: tuple[Studio, Kernel],
) -> None:
    host, kernel = studio
    assert not kernel.run(LOAD.format(key=KEY)).error
    host.memory.clear()

    check(kernel.run("llm.get_context_length()"), KEY)
    assert host.memory == {}
    loaded_again(kernel, KEY)


def test_on_lm_studio_a_ttl_that_can_have_ended_is_healed(studio: tuple[Studio, Kernel]) -> None:
    host, kernel = studio
    ran = kernel.run(f"import time\nllm = %lms load {KEY} --ttl 1s\ntime.sleep(1.2)")
    assert not ran.error, ran.error_text
    host.memory.clear()

    ran = kernel.run("print(llm.get_context_length())")

    assert ran.text.splitlines()[-1:] == ["4096"], ran.error_text
    assert list(host.memory) == [KEY]


def test_on_lm_studio_what_the_jupyter_server_unloads_stays_away_whatever_its_ttl(
    studio: tuple[Studio, Kernel], tmp_path: Path
) -> None:
    host, kernel = studio
    assert not kernel.run(f"llm = %lms load {KEY} --ttl 1s\nimport time; time.sleep(1.2)").error
    with Kernel(environment(tmp_path, host), str(tmp_path)) as other:
        assert not other.run(f"%load_ext lms_jupyter\n%lms unload {KEY}").error

    check(kernel.run("llm.get_context_length()"), KEY)


def test_the_process_id_of_a_kernel_is_no_name(empty: Kernel) -> None:
    empty.run("import lms_jupyter")
    for code in (
        f"lms_jupyter.unload({os.getpid()})",
        "lms_jupyter.unload(None)",
        "lms_jupyter.unload({'identifier': 'x'})",
        "lms_jupyter.unload([3.5])",
        "lms_jupyter.unload(b'tutor-1m')",
        "lms_jupyter.unload(lms_jupyter.ls()[0])",
        "lms_jupyter.pin(1)",
        "lms_jupyter.extend(object(), '5m')",
        "from lms_jupyter import aio; await aio.pin(1)",
        "lms_jupyter.paused(1).__enter__()",
    ):
        ran = empty.run(code)
        assert ran.error == "CommandError", (code, ran.error_text)
        assert "names no instance" in ran.error_text
