"""The fixtures that come with the package, as another project's tests see them."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lms_jupyter.testing.engine import private_engine

pytestmark = pytest.mark.large

pytest_plugins = ["pytester"]

TALKS = """
def test_talks(lms_client):
    llm = lms_client.llm.load_new_instance("tutor-1m", "mine")
    assert "small piece of text" in llm.respond("What is a token?").content

def test_what_another_test_loaded_is_gone(lms_client):
    assert lms_client.list_loaded_models() == []

def test_embeds(lms_client):
    assert len(lms_client.embedding.model("text-embedding-tutor-embed").embed("a text")) > 10

def test_it_is_one_engine_with_the_tutorial_models(lms_engine, lms_token, lms_client):
    import httpx
    url, key = f"http://{lms_engine}/v1/models", {"Authorization": f"Bearer {lms_token}"}
    listed = httpx.get(url, headers=key, trust_env=False).json()["data"]
    assert {"tutor-1m", "text-embedding-tutor-embed"} <= {model["id"] for model in listed}
    assert httpx.get(url, trust_env=False).status_code == 401
    assert lms_token not in repr(lms_token)

def test_clients_of_its_own_are_let_in(lms_engine):
    import asyncio, lmstudio
    with lmstudio.Client(lms_engine) as client:
        assert client.list_downloaded_models()
    async def ask():
        async with lmstudio.AsyncClient(lms_engine) as client:
            return await client.list_downloaded_models()
    assert asyncio.run(ask())
"""
WAITS = """
import psutil, pytest
def test_waits(lms_engine):
    family = psutil.Process().children(recursive=True)
    print("FAMILY", *(process.pid for process in family), flush=True)
    input()
"""


def test_a_project_tests_its_code_without_lm_studio(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TALKS)

    alone = ("-p", "no:asyncio", "-W", "error")

    pytester.runpytest_subprocess(*alone).assert_outcomes(passed=5)


def test_a_test_keeps_what_a_longer_fixture_loaded(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import lmstudio, pytest

        @pytest.fixture(scope="module")
        def kept(lms_engine):
            with lmstudio.Client(lms_engine) as client:
                yield client.llm.load_new_instance("tutor-1m", "kept")

        @pytest.mark.parametrize("turn", [1, 2])
        def test_it_is_still_there(kept, lms_client, turn):
            lms_client.llm.load_new_instance("tutor-1m", "mine")
            names = {instance.identifier for instance in lms_client.list_loaded_models()}
            assert names == {"kept", "mine"}
        """
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=2)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_engine_is_gone_however_the_run_ends(
    pytester: pytest.Pytester, ending: signal.Signals
) -> None:
    file = pytester.makepyfile(WAITS)
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-s", str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        told = next(line for line in run.stdout if "FAMILY" in line)
        family = [psutil.Process(int(pid)) for pid in re.findall(r"\d+", told)]
        assert len(family) >= 3, "the keeper, the engine, and the child that waits for a model"

        run.send_signal(ending)
        _gone, alive = psutil.wait_procs(family, timeout=30)

    assert alive == []


def test_nothing_is_imported_and_nothing_started_until_a_fixture_is_used(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import sys
        HEAVY = {"lmstudio", "httpx", "msgspec", "IPython", "anywidget", "traitlets"}
        def test_imports(request):
            assert "lms_jupyter.testing.plugin" in sys.modules
            assert HEAVY & set(sys.modules) == set()
            assert not {name for name in sys.modules if name.startswith("lms_jupyter.hosts")}
        """
    )
    alone = ("-p", "no:anyio", "-p", "no:jupyter_server", "-p", "no:hypothesispytest")

    pytester.runpytest_subprocess(*alone).assert_outcomes(passed=1)


def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(ConnectionError, match=r"did not start: .*--no-such"),
        private_engine(tmp_path, "--no-such"),
    ):
        pytest.fail("it started")
