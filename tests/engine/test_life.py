"""How an engine begins and ends, and what it leaves behind: nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import lmstudio
import psutil
import pytest

from tests.waiting import PATIENCE_S, wait_until

from .conftest import start_engine
from .raw import introduced

ON_BOTH_RUNTIMES = True


def _is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_it_announces_itself_while_it_runs(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    announcement = tmp_path / "run" / "engine.json"
    engine = start_engine(models, tmp_path / "log", *runtime, "--announce", str(announcement))
    said = json.loads(announcement.read_bytes())
    assert said["address"] == engine.address
    assert said["pid"] == engine.process.pid
    assert isinstance(said["version"], str)
    assert [file.name for file in announcement.parent.iterdir()] == ["engine.json"]
    assert engine.stop() == 0
    assert not announcement.exists()


def test_an_announcement_of_a_later_engine_is_left_alone(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    announcement = tmp_path / "engine.json"
    engine = start_engine(models, tmp_path / "log", *runtime, "--announce", str(announcement))
    announcement.write_text("another engine's")
    engine.stop()
    assert announcement.read_text() == "another engine's"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_with_all_its_children(
    models: Path, runtime: tuple[str, ...], tmp_path: Path, number: int
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime)
    with lmstudio.Client(engine.address) as client:
        client.llm.load_new_instance("tiny-llm")
        children = engine.children
        assert children
        engine.process.send_signal(number)
        assert engine.process.wait(PATIENCE_S) == 0
    assert all(_is_gone(child) for child in children)
    assert engine.stop() == 0


def test_no_child_survives_when_the_engine_is_killed(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime, "--spares", "2")
    with lmstudio.Client(engine.address) as client:
        idle = client.llm.load_new_instance("tiny-llm")
        busy = client.llm.load_new_instance("big-llm")
        assert idle.identifier
        stream = busy.respond_stream("tell me everything")
        next(iter(stream))
        wait_until(lambda: len(engine.children) == 4, "two instances and two spares")
        children = engine.children
        engine.process.kill()
        for child in children:
            wait_until(lambda child=child: _is_gone(child), f"end of child {child.pid}")
        with pytest.raises(lmstudio.LMStudioError):
            list(stream)
    assert engine.stop() == -signal.SIGKILL


def test_no_child_survives_when_the_engine_is_killed_during_a_load(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime, "--spares", "0")
    with lmstudio.Client(engine.address) as client:
        moving = threading.Event()
        failed: list[Exception] = []

        def load() -> None:
            try:
                client.llm.load_new_instance("big-llm", on_load_progress=lambda _: moving.set())
            except lmstudio.LMStudioError as error:
                failed.append(error)

        loader = threading.Thread(target=load)
        loader.start()
        assert moving.wait(PATIENCE_S)
        wait_until(lambda: len(engine.children) == 1, "the child")
        children = engine.children
        engine.process.kill()
        for child in children:
            wait_until(lambda child=child: _is_gone(child), f"end of child {child.pid}")
        loader.join(PATIENCE_S)
        assert len(failed) == 1
    engine.stop()


def test_a_killed_child_takes_only_its_own_instance(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(
        models, tmp_path / "log", *runtime, "--spares", "0", "--log", str(tmp_path / "e.log")
    )
    with lmstudio.Client(engine.address) as client:
        client.llm.load_new_instance("tiny-llm", "first")
        (child,) = engine.children
        second = client.llm.load_new_instance("tiny-llm", "second")
        child.kill()
        wait_until(lambda: len(client.llm.list_loaded()) == 1, "the first to be gone")
        assert client.llm.list_loaded()[0].identifier == "second"
        assert (
            second.respond(
                "hi", config={"maxTokens": 3, "temperature": 0}
            ).stats.predicted_tokens_count
            == 3
        )
        assert client.llm.load_new_instance("tiny-llm", "first").identifier == "first"
    engine.stop()
    assert "first: its process ended (-9)" in (tmp_path / "e.log").read_text()


def test_it_ends_by_itself_when_nobody_uses_it(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime, "--linger", "1")
    with lmstudio.Client(engine.address) as client:
        client.llm.load_new_instance("tiny-llm", ttl=3)
    time.sleep(1.5)  # longer than it lingers with nothing loaded
    assert engine.process.poll() is None, "something is still loaded"
    assert engine.process.wait(PATIENCE_S) == 0
    engine.stop()


def test_a_connected_client_keeps_it_alive(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime, "--linger", "1")
    with lmstudio.Client(engine.address) as client:
        assert client.llm.list_loaded() == []
        time.sleep(1.5)  # longer than it lingers with no client
        assert client.llm.list_loaded() == []
    assert engine.process.wait(PATIENCE_S) == 0
    engine.stop()


def test_a_spare_makes_a_load_need_no_new_process(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime, "--spares", "1")
    wait_until(lambda: len(engine.children) == 1, "the spare")
    (spare,) = engine.children
    with lmstudio.Client(engine.address) as client:
        client.llm.load_new_instance("tiny-llm").unload()
        wait_until(lambda: _is_gone(spare), "the spare was used and has gone with its instance")
    engine.stop()


def test_a_client_can_ask_it_to_end(models: Path, runtime: tuple[str, ...], tmp_path: Path) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime)
    with lmstudio.Client(engine.address) as client:
        client.system.remote_call("requestShutdown")
        assert engine.process.wait(PATIENCE_S) == 0
    engine.stop()


def test_unloading_leaves_no_process_no_descriptor_and_no_memory(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime, "--spares", "0")
    process = psutil.Process(engine.process.pid)
    with lmstudio.Client(engine.address) as client:

        def cycle() -> None:
            client.llm.load_new_instance("tiny-llm").unload()

        for _ in range(5):
            cycle()
        descriptors, memory = process.num_fds(), process.memory_info().rss
        for _ in range(15):
            cycle()
        assert process.num_fds() <= descriptors
        assert process.memory_info().rss < memory + 3_000_000
        assert process.children() == []
    engine.stop()


def test_a_port_in_use_is_told_in_one_line_and_nothing_stays(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime)
    port = engine.address.split(":")[1]
    second = subprocess.run(
        [sys.executable, "-m", "lms_jupyter.engine", "--port", port],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    engine.stop()
    assert second.returncode == 1
    assert second.stdout == ""
    assert f"Cannot listen on 127.0.0.1:{port}" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_process_names_no_secret(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime, "--spares", "0")
    with lmstudio.Client(engine.address) as client:
        client.llm.load_new_instance("tiny-llm")
        (child,) = engine.children
        if runtime:
            assert child.cmdline()[0] == runtime[1]
        else:
            assert child.cmdline()[-2:] == [str(engine.process.pid), "10"]
        # What it has inherited is not the engine's to keep secret, and may look alike.
        own = set(child.environ().values()) - set(os.environ.values())
        shown = "\n".join([*child.cmdline(), *own])
        assert not re.search(r"\b[0-9a-f]{32}\b", shown)
        assert child.nice() == psutil.Process().nice() + 10
        assert os.getpgid(child.pid) != os.getpgid(engine.process.pid)
    engine.stop()


def test_a_client_opens_one_more_port_and_is_told_if_it_is_taken(
    models: Path, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    engine = start_engine(models, tmp_path / "log", *runtime, "--spares", "0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "Address already in use" in asyncio.run(_open_port(engine.address, port))
    assert asyncio.run(_open_port(engine.address, port)) == ""
    with lmstudio.Client(f"127.0.0.1:{port}") as client:
        assert client.llm.list_loaded() == []
    assert engine.stop() == 0


async def _open_port(address: str, port: int) -> str:
    async with introduced(address, "system") as system:
        answer = await system.call("startHttpServer", port=port)
    return "" if answer is None else str(answer["error"]["title"])
