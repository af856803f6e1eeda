import asyncio
import threading

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from msgspec.structs import replace

import lms_jupyter
from lms_jupyter.errors import CommandError, HostTimeoutError, InstanceNotFoundError
from lms_jupyter.magics.magic import LmsMagics
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.fake import FakeHost

QWEN = "qwen/qwen3-4b"


@pytest.mark.usefixtures("magics")
def test_the_first_verb_says_which_host_it_uses_and_the_second_does_not(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_line_magic("lms", "ps")
    shell.run_line_magic("lms", "ps")

    said = capsys.readouterr().out
    assert said.count("Using Fake 1 at fake:0 (made for this test).") == 1
    assert said.count("Nothing is in memory.") == 2


@pytest.mark.usefixtures("magics")
def test_load_binds_the_handle_of_the_sdk(
    shell: InteractiveShell, host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    handle = shell.run_line_magic("lms", f"load {QWEN} --ttl 5m --as llm")

    assert handle.identifier == QWEN
    assert shell.user_ns["llm"] is handle
    assert [i.ttl_s for i in host.memory] == [300]
    assert (
        f"{QWEN} is loaded: 4,096 tokens, unloads when idle for 5 min. Its handle is llm."
        in capsys.readouterr().out
    )


@pytest.mark.usefixtures("magics")
def test_running_a_load_again_uses_what_is_there(
    shell: InteractiveShell, host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_line_magic("lms", f"load {QWEN}")
    shell.run_line_magic("lms", f"load {QWEN}")

    assert len(host.memory) == 1
    assert f"{QWEN} was in memory already" in capsys.readouterr().out


@pytest.mark.usefixtures("magics")
def test_ls_and_ps_return_what_they_show(shell: InteractiveShell, host: FakeHost) -> None:
    host.put(host.disk[0], identifier="chat")

    assert [m.model_key for m in shell.run_line_magic("lms", "ls")] == [QWEN, "nomic-embed"]
    assert [i.identifier for i in shell.run_line_magic("lms", "ps")] == ["chat"]


@pytest.mark.usefixtures("magics")
def test_an_unknown_identifier_raises_and_shows_one_sentence_and_a_hint(
    shell: InteractiveShell, host: FakeHost
) -> None:
    host.put(host.disk[0], identifier="chat")

    with pytest.raises(InstanceNotFoundError) as caught:
        shell.run_line_magic("lms", "unload chta")

    sentence, hint, *calls = caught.value._render_traceback_()
    assert sentence == "InstanceNotFoundError: No instance in memory is called 'chta'."
    assert hint == "Did you mean chat?"
    assert len(calls) == 1, "the line of this test, and no frame of ours"
    assert [i.identifier for i in host.memory] == ["chat"]


def test_interrupting_a_load_calls_it_off(
    magics: LmsMagics, host: FakeHost, local: LocalManager
) -> None:
    host.gate = asyncio.Event()
    bar_moved = threading.Event()

    def interrupt() -> None:
        if host.loads:
            bar_moved.set()
            raise KeyboardInterrupt

    submitted = local.submit(local.carry_out(lms_load(QWEN)))
    with pytest.raises(KeyboardInterrupt):
        magics.local.wait(submitted, interrupt)

    assert bar_moved.is_set()
    assert (host.loads, host.memory) == ({}, [])


def lms_load(model_key: str) -> object:
    return LoadRequest(model_key=model_key)


def test_unloading_the_extension_puts_back_what_it_found(shell: InteractiveShell) -> None:
    mine = shell.magics_manager.magics["line"]["lms"] = lambda line: line

    lms_jupyter.load_ipython_extension(shell)
    lms_jupyter.load_ipython_extension(shell)
    assert shell.magics_manager.magics["line"]["lms"] is not mine
    lms_jupyter.unload_ipython_extension(shell)

    assert shell.magics_manager.magics["line"]["lms"] is mine


@pytest.mark.usefixtures("magics")
def test_a_load_that_takes_too_long_is_called_off(shell: InteractiveShell, host: FakeHost) -> None:
    host.gate = asyncio.Event()

    with pytest.raises(HostTimeoutError, match="was called off"):
        shell.run_line_magic("lms", f"load {QWEN} --timeout 0.2")

    assert (host.loads, host.memory) == ({}, [])


@pytest.mark.usefixtures("magics")
def test_a_device_and_a_lease_reach_the_host(shell: InteractiveShell, host: FakeHost) -> None:
    shell.run_line_magic("lms", f"load {QWEN} --device box --no-lease")

    assert [request.device for request in host.requests] == ["box"]


@pytest.mark.usefixtures("magics")
def test_a_table_keeps_quiet_in_the_cell_that_shows_it_and_not_in_the_next(
    shell: InteractiveShell,
) -> None:
    table = shell.run_line_magic("lms", "ls")

    with capture_output() as same:
        table._ipython_display_()
    shell.execution_count += 1
    with capture_output() as later:
        table._ipython_display_()

    assert same.outputs == []
    assert QWEN in later.outputs[0].data["text/plain"]


@pytest.mark.usefixtures("magics")
def test_a_host_without_the_feature_says_so_in_one_sentence(
    shell: InteractiveShell, host: FakeHost
) -> None:
    host.put(host.disk[0], identifier="chat")
    host.info = replace(host.info, features=())

    with pytest.raises(CommandError, match="cannot change the TTL of a loaded instance"):
        shell.run_line_magic("lms", "extend chat 5m")
    with pytest.raises(CommandError, match="cannot pin an instance"):
        shell.run_line_magic("lms", "pin chat")


@pytest.mark.usefixtures("magics")
def test_a_cell_that_names_no_model_takes_the_notebooks(
    shell: InteractiveShell, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.put(replace(host.disk[0], model_key="other"), identifier="other")
    monkeypatch.setenv("LMS_JUPYTER_MODEL", QWEN)

    shell.run_cell_magic("lms", "--as answer", "Why?")  # type: ignore[no-untyped-call]

    assert shell.user_ns["answer"].model == QWEN
    assert {instance.identifier for instance in host.memory} == {"other", QWEN}
