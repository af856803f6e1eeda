"""Interrupting whatever takes long leaves the host as it was, and the kernel ready."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from lms_jupyter.hosts.sdk_loads import DRAIN_TIMEOUT_S
from lms_jupyter.magics.parser import verb_names
from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel, Ran
from tests.magics.test_kernel_old_host import environment

KEY = "qwen/qwen3-4b"
STOPPED = ""
"""Interrupting is how these are meant to end: no error."""

LONG = [
    ("%lms load {key} --new --identifier x", "loadModel", "KeyboardInterrupt"),
    ("%lms load {key} -c 512", "loadModel", "KeyboardInterrupt"),
    ("%lms model other/model", "getOrLoad", "KeyboardInterrupt"),
    ("%%lms other/model\nHello", "getOrLoad", "KeyboardInterrupt"),
    ("%%lms {key} --as said\nHello", "predict", STOPPED),
    ("%lms chat {key} -p Hello", "predict", STOPPED),
    ("%%lms compare {key} other/model\nHello", "loadModel", "KeyboardInterrupt"),
    ("%%lms compare {key} kept\nHello", "predict", STOPPED),
    ("%%lms compare third/model other/model\nHello", "loadModel:2", "KeyboardInterrupt"),
    ("%%lms sweep {key} context=[512,1024]\nHello", "loadModel", "KeyboardInterrupt"),
    ("%%lms sweep {key} context=[512,1024]\nHello", "predict", "KeyboardInterrupt"),
    ("%lms extend {key} 5m --reload", "loadModel", "KeyboardInterrupt"),
    ("%lms restore", "loadModel", "KeyboardInterrupt"),
    ("%lms restore", "loadModel:2", "KeyboardInterrupt"),
    ("%lms get acme/x", "downloadModel", "KeyboardInterrupt"),
    ("%lms log --follow", "streamLogs", STOPPED),
    ("%lms ps --watch", "", STOPPED),
]
"""What takes long, the channel of the host that it then waits for, and how it ends.

`loadModel:2` is the second load of a line: the first has ended well by then.
"""

AT_ONCE = {
    "ls",
    "ps",
    "status",
    "unload",
    "delete",
    "estimate",
    "pin",
    "free",
    "host",
    "link",
    "preset",
    "runtime",
    "server",
    "usage",
    "doctor",
    "panel",
    "lock",
    "help",
}
"""Verbs that ask the host a question or two: there is nothing to leave half done."""


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio(models=(KEY, "other/model", "third/model")) as studio:
        yield studio


@pytest.fixture(scope="module")
def kernel(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("interrupts")
    with Kernel(environment(folder, studio), str(folder)) as kernel:
        kernel.run("%load_ext lms_jupyter")
        kernel.run("%lms load third/model --identifier first")
        kernel.run("%lms load other/model -c 256 --identifier second")
        kernel.run("%lms lock")
        kernel.run("%lms unload --all")
        yield kernel


@pytest.fixture
def pid(kernel: Kernel) -> int:
    return int(kernel.value("__import__('os').getpid()"))


def interrupted(kernel: Kernel, pid: int, line: str, stalled: threading.Event) -> Ran:
    """Run a line and interrupt it when the host stalls, or when it has shown something."""

    def interrupt() -> None:
        assert stalled.wait(20)
        os.kill(pid, signal.SIGINT)

    waiting = threading.Thread(target=interrupt)
    waiting.start()
    ran = kernel.run(line, lambda ran: stalled.set() if "--watch" in line and ran.bundles else None)
    waiting.join()
    return ran


@pytest.mark.parametrize(("line", "channel", "error"), LONG)
def test_an_interrupt_leaves_the_host_as_it_was(
    kernel: Kernel, studio: Studio, pid: int, line: str, channel: str, error: str
) -> None:
    kernel.run("%lms unload --all")
    kernel.run(f"%lms load {KEY} -c 4096 --identifier {KEY}")
    kernel.run(f"%lms load {KEY} --new --identifier kept")
    before = {name: raw["contextLength"] for name, raw in studio.memory.items()}
    references = {name: raw["instanceReference"] for name, raw in studio.memory.items()}
    studio.stalled.clear()
    studio.cancelled.clear()
    studio.was_cancelled.clear()
    channel, _, turn = channel.partition(":")
    studio.stalls = {channel} if channel else set()
    studio.spares = int(turn or 1) - 1

    ran = interrupted(kernel, pid, line.format(key=KEY), studio.stalled)

    assert ran.error == error, ran.error_text
    assert ".py" not in ran.error_text, "no frames of ours"
    assert not channel or studio.was_cancelled.wait(10)
    assert studio.cancelled == ([channel] if channel else [])
    assert {name: raw["contextLength"] for name, raw in studio.memory.items()} == before
    assert studio.memory["kept"]["instanceReference"] == references["kept"]
    ready = kernel.run("%lms ps --json")
    assert '"identifier":"kept"' in ready.text, ready.error_text
    loads = "__import__('lms_jupyter.manager.local').manager.local.local_manager()"
    assert kernel.value(f"{loads}.manager.activity.loads") == "()"


def test_interrupting_a_pause_brings_everything_back(
    kernel: Kernel, studio: Studio, pid: int
) -> None:
    kernel.run("%lms unload --all")
    kernel.run(f"%lms load {KEY} -c 512 --identifier mine")
    gone = threading.Event()

    def watch(ran: Ran) -> None:
        if "training" in ran.text and not gone.is_set():
            assert studio.memory == {}
            gone.set()
            os.kill(pid, signal.SIGINT)

    ran = kernel.run(
        "import lms_jupyter, time\n"
        "with lms_jupyter.paused():\n"
        "    print('training', flush=True); time.sleep(20)",
        watch,
    )

    assert ran.error == "KeyboardInterrupt"
    assert [(n, raw["contextLength"]) for n, raw in studio.memory.items()] == [("mine", 512)]


@pytest.mark.parametrize(
    ("line", "channel"),
    [
        ("%lms load other/model", "loadModel"),
        ("%lms model other/model", "getOrLoad"),
        ("%%lms kept\nHello", "predict"),
        ("%lms get acme/x", "downloadModel"),
    ],
)
def test_what_the_host_never_answers_ends_all_the_same_when_it_is_interrupted(
    kernel: Kernel, studio: Studio, pid: int, line: str, channel: str
) -> None:
    kernel.run("%lms unload --all")
    kernel.run(f"%lms load {KEY} --new --identifier kept")
    heard = threading.Event()
    interrupted_at = [0.0]

    def note(endpoint: str) -> None:
        if endpoint == channel:
            interrupted_at[0] = time.monotonic()
            heard.set()

    studio.silent, studio.heard = {channel}, note
    try:
        interrupted(kernel, pid, line, heard)
        took_s = time.monotonic() - interrupted_at[0]
    finally:
        studio.silent, studio.heard = set(), lambda _: None

    assert took_s < DRAIN_TIMEOUT_S, "so long the host may take to end what was called off"
    assert '"identifier":"kept"' in kernel.run("%lms ps --json").text


@pytest.mark.parametrize(
    ("line", "channel"),
    [
        ("%lms load other/model --timeout 0.3", "loadModel"),
        ("%lms model other/model --timeout 0.3", "getOrLoad"),
        ("lms_jupyter.load('other/model', timeout=0.3)", "loadModel"),
    ],
)
def test_a_load_that_takes_too_long_is_called_off_on_the_host(
    kernel: Kernel, studio: Studio, line: str, channel: str
) -> None:
    kernel.run("import lms_jupyter\n%lms unload --all")
    studio.was_cancelled.clear()
    studio.stalls = {channel}

    ran = kernel.run(line)

    assert ran.error == "HostTimeoutError", ran.error_text
    assert "took longer than 0.3 s and was called off" in ran.error_text
    assert studio.was_cancelled.wait(10)
    assert studio.memory == {}


def test_a_device_a_profile_and_a_file_reach_the_host(kernel: Kernel, studio: Studio) -> None:
    kernel.run("%lms unload --all")
    kernel.run(
        "from pathlib import Path\n"
        "Path('lms_profiles.toml').write_text('[long]\\ncontext = 2048\\nkv = \"q8_0\"')\n"
        "Path('own.toml').write_text('seed = 7\\nttl = \"90s\"')"
    )
    studio.parameters.clear()

    for line in (
        "%lms load other/model --new --device gpu-box --profile long --config own.toml",
        "%lms model other/model --device gpu-box --profile long --config own.toml",
    ):
        kernel.run("%lms unload --all")
        ran = kernel.run(line)
        assert ran.error == "", ran.error_text

    load, use = studio.parameters
    assert load["deviceIdentifier"] == use["deviceIdentifier"] == "gpu-box"
    assert (load["ttlMs"], use["loadTtlMs"]) == (90_000, 90_000)
    for asked in (load, use):
        (layer,) = asked["loadConfigStack"]["layers"]
        told = {entry["key"]: entry["value"] for entry in layer["config"]["fields"]}
        assert told["llm.load.contextLength"] == 2048
        assert told["llm.load.seed"] == {"checked": True, "value": 7}
        quantized = told["llm.load.llama.kCacheQuantizationType"]
        assert quantized == {"checked": True, "value": "q8_0"}


def test_every_verb_is_either_quick_or_interrupted_here() -> None:
    tried = {line.removeprefix("%lms ").split()[0] for line, _, _ in LONG if line[1] != "%"}

    assert tried | AT_ONCE == set(verb_names())
