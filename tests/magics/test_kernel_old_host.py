"""A real kernel on an LM Studio that lacks the newer calls, vanishes, or stands behind a proxy."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lms_jupyter.hosts.newer import NEWER
from lms_jupyter.magics.parser import verb_names
from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel, Ran

KEY = "qwen/qwen3-4b"
STATE = "getInstanceProcessingState"


def environment(folder: Path, studio: Studio, **more: str) -> dict[str, str]:
    own = {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "XDG_STATE_HOME")}
    notebook = {"JPY_SESSION_NAME": str(folder / "old.ipynb"), "LMS_JUPYTER_HOST": studio.address}
    return {**os.environ, **own, **notebook, **more}


@pytest.fixture(scope="module")
def old_studio() -> Iterator[Studio]:
    """An old host, which leaves questions unanswered that it does not know."""
    with Studio(old=True) as studio:
        yield studio


@pytest.fixture(scope="module")
def old_kernel(old_studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("old")
    with Kernel(environment(folder, old_studio), str(folder)) as kernel:
        assert kernel.run("%load_ext lms_jupyter").error == ""
        yield kernel


# How soon an answer begins decides whether it stands before its footer in what a cell put out.
SENTENCES = [
    ("%lms ls", r"1 model, 2.50 GB on disk"),
    ("%lms ls --variants", r"1 model, 0 variants"),
    (f"%lms ls {KEY}", r"has no variants"),
    (f"llm = %lms load {KEY} --ttl 60 --new --identifier kept", r"unloads when idle for 1 min"),
    (f"%lms load {KEY}", r"was in memory already"),
    (f"%lms model {KEY}", r"was in memory already"),
    ("print(llm.respond('Hello').content)", r"Hello"),
    (f"%lms chat {KEY} -p Hello --log-probs 2", r"has told no probabilities of tokens"),
    (f"%lms load {KEY} --mlx-kv-bits 4", r"no setting mlx_kv_cache_bits .* for MLX models"),
    (f"%lms model {KEY} -c 512", r"4096, not 512 \(it was in memory already\)"),
    ("%lms ps", r"kept +qwen/qwen3-4b +UNKNOWN +2.50 GB +4096"),
    ("%lms ps --json", r'"identifier":"kept"'),
    ("%lms status", r"LM Studio 0.3.5 at 127.0.0.1:\d+"),
    (f"%lms estimate {KEY}", r"LM Studio 0.3.5 .* does not answer when it is asked to reckon"),
    (f"%lms load {KEY} --estimate-only", r"does not answer when it is asked to reckon"),
    ("%lms extend kept 5m", r"LM Studio cannot change the TTL of a loaded instance"),
    ("%lms extend kept 5m --reload", r"kept is loaded again, and unloads when idle for 5 min"),
    ("%lms pin kept", r"LM Studio cannot pin an instance"),
    ("%lms host", r"Using LM Studio 0.3.5"),
    ("%lms server status", r"LM Studio answers on port"),
    ("%lms preset ls", r"There are no presets in .*config-presets"),
    ("%lms log --seconds 0.2", r"LM Studio does not keep its log[^$]*Nothing was logged"),
    (f"%lms delete {KEY} -y", r"LM Studio 0.3.5 deletes no model for others"),
    (f"%lms chat {KEY} -p Hello", r"(?s)(?=.*Hello).*finished"),
    (f"%%lms {KEY}\nHello there", r"(?s)(?=.*Hello there).*finished"),
    (f"%%lms compare {KEY} kept\nHello", r"Hello"),
    (f"%%lms sweep {KEY} context=[512]\nHi", r"1 combination"),
    ("%lms lock", r"old.lms-lock.json holds"),
    ("%lms restore --check", r"Everything is as old.lms-lock.json says"),
    ("%lms restore", r"is in memory, as old.lms-lock.json says"),
    ("%lms panel", r"Models in memory of LM Studio"),
    ("%lms usage", r"LOADED +IDENTIFIER +BY .*\n(.*\n)*.* kept "),
    ("%lms usage --by model", r"qwen/qwen3-4b +\d"),
    ("%lms log --requests", r"old.ipynb +\d"),
    ("%lms doctor", r"LM Studio 0.3.5 at"),
    ("%lms help load", r"usage: lms load"),
    ("%lms free", r"kept is left as it is: LM Studio does not say whether it is in use"),
    ("%lms unload --all", r"."),
]

UNANSWERED = [
    ("%lms server start", r"does not answer when it is asked to start its HTTP server"),
    ("%lms server stop", r"does not answer when it is asked to stop its HTTP server"),
    ("%lms link status", r"does not answer when it is asked to name the devices"),
    ("%lms runtime ls", r"does not answer when it is asked to list its runtimes"),
    ("%lms get acme/x", r"does not answer when it is asked to tell what can be downloaded"),
    ("%lms get words", r"does not answer when it is asked to search for models"),
]
"""Each of them waits for an answer that never comes: each in a kernel of its own, all at once."""


@pytest.fixture(scope="module")
def unanswered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    folder = tmp_path_factory.mktemp("unanswered")
    with Studio(old=True) as studio, ExitStack() as stack:
        kernels = {
            line: stack.enter_context(Kernel(environment(folder, studio), str(folder)))
            for line, _ in UNANSWERED
        }
        for kernel in kernels.values():
            assert kernel.run("%load_ext lms_jupyter").error == ""
        asked = {line: kernel.begin(line) for line, kernel in kernels.items()}
        ran = {line: kernel.end(asked[line]) for line, kernel in kernels.items()}
    # Each has waited for one answer, and for one of those that are not waited for long.
    assert len(studio.unanswered) == len(set(studio.unanswered)) == len(UNANSWERED)
    assert set(studio.unanswered) <= set(NEWER)
    return ran


@pytest.mark.parametrize(("line", "said"), UNANSWERED)
def test_what_an_old_host_leaves_unanswered_becomes_a_sentence(
    unanswered: dict[str, Ran], line: str, said: str
) -> None:
    everything = f"{unanswered[line].plain}\n{unanswered[line].error_text}"

    assert re.search(said, everything), everything
    assert "Traceback (most recent call last)" not in everything


@pytest.mark.parametrize(("line", "said"), SENTENCES)
def test_an_old_host_gives_a_result_or_a_sentence(
    old_kernel: Kernel, old_studio: Studio, line: str, said: str
) -> None:
    old_studio.unanswered.clear()

    ran = old_kernel.run(line)

    everything = f"{ran.plain}\n{ran.error_text}"
    assert re.search(said, everything), everything
    assert "Traceback (most recent call last)" not in everything
    unanswered = set(old_studio.unanswered) - {STATE, "streamLogs"}
    assert unanswered <= set(NEWER), "what others are asked is waited for much longer"
    assert len(unanswered) <= 1, "one after the other they would be waited for"


def test_every_verb_is_tried_on_an_old_host() -> None:
    lines = [*SENTENCES, *UNANSWERED]
    tried = {match[1] for line, _ in lines if (match := re.search(r"%lms (\w+)", line))}

    assert set(verb_names()) <= tried


def test_a_question_that_was_left_unanswered_is_not_asked_again(
    old_kernel: Kernel, old_studio: Studio
) -> None:
    old_kernel.run(f"%lms estimate {KEY}")
    old_studio.unanswered.clear()

    assert "does not answer" in old_kernel.run(f"%lms estimate {KEY}").error_text
    assert old_studio.unanswered == []


def test_a_host_that_vanishes_in_mid_load_is_one_sentence_and_leaves_no_load(
    tmp_path: Path,
) -> None:
    with (
        Studio(vanishes_at=0.5) as studio,
        Kernel(environment(tmp_path, studio), str(tmp_path)) as kernel,
    ):
        kernel.run("%load_ext lms_jupyter")
        ran = kernel.run(f"llm = %lms load {KEY}")
        after = kernel.run("%lms ps")
        loads = kernel.value(
            "__import__('lms_jupyter.manager.local', fromlist=['x'])"
            ".local_manager().manager.activity.loads"
        )

    assert ran.error == "HostUnreachableError", ran.error_text
    assert f"The connection to the host at {studio.address} is gone." in ran.error_text
    assert "Traceback (most recent call last)" not in ran.error_text
    assert after.error == "HostUnreachableError"
    assert loads == "()"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
def test_a_proxy_does_not_hijack_loopback_for_the_magics_nor_for_the_sdk(
    tmp_path: Path, variable: str
) -> None:
    with Studio() as studio:
        environ = environment(tmp_path, studio, **{variable: "http://127.0.0.1:9"})
        with Kernel(environ, str(tmp_path)) as kernel:
            kernel.run("%load_ext lms_jupyter\nimport lmstudio")
            loaded = kernel.run(f"%lms load {KEY}")
            plain = kernel.run("print(lmstudio.list_loaded_models())")

    assert "is loaded" in loaded.text, loaded.error_text
    assert KEY in plain.text, plain.error_text


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a web server that is no LM Studio."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_port_where_something_else_answers_is_said_to_be_that(
    tmp_path: Path, stranger: str
) -> None:
    with Studio() as studio:
        wrong = environment(tmp_path, studio, LMS_JUPYTER_HOST="127.0.0.1:9")
        with Kernel(wrong, str(tmp_path)) as kernel:
            kernel.run("%load_ext lms_jupyter")
            nobody = kernel.run("%lms ps")
            other = kernel.run(f"%lms host {stranger}")
            fixed = kernel.run(f"%lms host {studio.address}")

    assert "Nothing answers at 127.0.0.1:9." in nobody.error_text
    assert f"Something answers at {stranger}, but it is no LM Studio host." in other.error_text
    assert f"at {studio.address} (as you asked)" in fixed.text


HALVES = ("Ab3dEf9h", "0123456789abcdefghij")


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (f"sk-lm-{HALVES[0]}:{HALVES[1]}", ""),
        ("sk-lm-Wr0ngWr0:wrongwrongwrongwrong", "HostRefusedError"),
        ("", "HostRefusedError"),
    ],
)
def test_a_token_decides_and_is_never_seen_in_a_notebook(
    tmp_path: Path, token: str, error: str
) -> None:
    with Studio(token=HALVES) as studio:
        environ = environment(tmp_path, studio, LM_API_TOKEN=token)
        with Kernel(environ, str(tmp_path)) as kernel:
            kernel.run("%load_ext lms_jupyter\nimport lmstudio")
            cells = [
                "%lms ls",
                f"llm = %lms load {KEY}",
                "llm.respond('Hello')",
                "lmstudio.list_loaded_models()",
                "%tb",
                "%xmode Verbose",
                "%lms ps",
                "%lms panel",
                "get_ipython().magics_manager.magics['line']['lms'].__self__.trait_values()",
                "import lms_jupyter\nfrom lms_jupyter.manager.local import local_manager\n"
                "manager = local_manager().manager\nmanager.trait_values(), vars(manager)",
                "manager._host and vars(manager._host)['info']",
                "lms_jupyter.panel().get_state()",
                "%history",
                "%lms doctor --json",
            ]
            ran = [kernel.run(cell) for cell in cells]

    assert ran[0].error == ran[1].error == error
    assert ran[3].error == error, "also of the SDK's own calls"
    everything = "\n".join(f"{one.plain}{one.bundles}{one.error_text}" for one in ran)
    for half in token.removeprefix("sk-lm-").split(":") if token else ():
        assert half not in everything
