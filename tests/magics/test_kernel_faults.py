import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import lms_jupyter
from tests import engines

from .kernels import Kernel

SHIPPED = Path(lms_jupyter.__file__).parent / "engine" / "models"


def test_a_host_that_is_not_there_is_one_sentence(environ: dict[str, str], folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with Kernel(environ | {"LMS_JUPYTER_HOST": f"127.0.0.1:{port}"}, str(folder)) as kernel:
            kernel.run("%load_ext lms_jupyter")
            ran = kernel.run("%lms ls")

    assert ran.error == "HostUnreachableError"
    assert f"Nothing answers at 127.0.0.1:{port}." in ran.error_text
    assert "Traceback (most recent call last)" not in ran.error_text


def test_a_token_that_is_none_is_said_and_not_repeated(
    environ: dict[str, str], folder: Path
) -> None:
    with Kernel(environ | {"LM_API_TOKEN": "sk-secret"}, str(folder)) as kernel:
        kernel.run("%load_ext lms_jupyter")
        ran = kernel.run("%lms ls")

    assert ran.error == "CommandError"
    assert "not of the form" in ran.error_text
    assert "sk-secret" not in ran.error_text


def test_proxies_do_not_stand_between_us_and_the_host(
    environ: dict[str, str], folder: Path
) -> None:
    proxies = dict.fromkeys(("HTTP_PROXY", "ALL_PROXY", "http_proxy"), "http://127.0.0.1:9")
    with Kernel(environ | proxies, str(folder)) as kernel:
        kernel.run("%load_ext lms_jupyter")
        ran = kernel.run("llm = %lms load tutor-1m\nprint(llm.respond('Hello').stats.stop_reason)")
        kernel.run("%lms unload --all")

    assert ran.error == "", ran.error_text
    assert "eosFound" in ran.text


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process, address = engines.start(
        tmp_path / "mortal.log", "--no-default-models", "--models", str(SHIPPED)
    )
    yield process, address
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_host_that_dies_is_told_by_every_verb_and_another_can_be_used(
    mortal: tuple[subprocess.Popen[str], str], environ: dict[str, str], folder: Path, engine: str
) -> None:
    process, address = mortal
    with Kernel(environ | {"LMS_JUPYTER_HOST": address}, str(folder)) as kernel:
        kernel.run("%load_ext lms_jupyter\nllm = %lms load tutor-1m")
        process.kill()
        process.wait()

        for line in ("%lms ps", "%lms load tutor-1m --new", "%%lms tutor-1m\nHello"):
            assert kernel.run(line).error == "HostUnreachableError", line
        assert kernel.run("llm.respond('Hello')").error == "HostUnreachableError"
        switched = kernel.run(f"%lms host {engine}")
        assert f"at {engine} (as you asked)" in switched.text
        assert kernel.run("%lms ps").error == ""


def test_unloading_the_extension_puts_back_what_it_found(
    environ: dict[str, str], folder: Path
) -> None:
    told = {name: value for name, value in environ.items() if name != "JPY_SESSION_NAME"}
    proxied = told | {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "intranet"}
    with Kernel(proxied, str(folder)) as kernel:
        kernel.run(
            "import os, lmstudio\n"
            "__vsc_ipynb_file__ = '/somewhere/lesson.ipynb'\n"
            "shell = get_ipython()\n"
            "def found():\n"
            "    return (dict(os.environ), lmstudio.get_default_client,\n"
            "            lmstudio.configure_default_client, lmstudio.sync_api._default_client,\n"
            "            len(shell.Completer.custom_matchers),\n"
            "            len(shell.input_transformers_cleanup),\n"
            "            *('lms' in kind for kind in shell.magics_manager.magics.values()))\n"
            "before = found()"
        )
        used = kernel.run("%load_ext lms_jupyter\n%lms ps\nlmstudio.list_loaded_models()")
        assert used.error == "", used.error_text
        assert kernel.value("found() == before") == "False"
        kernel.run("%unload_ext lms_jupyter")

        differs = "[pair for pair in zip(found(), before) if pair[0] != pair[1]]"
        assert kernel.value(differs) == "[]"
        kernel.run("%load_ext lms_jupyter")
        assert kernel.run("%lms ls").error == ""
