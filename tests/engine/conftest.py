"""Engines for tests: real processes with tiny synthetic models."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import lmstudio
import psutil
import pytest
import pytest_asyncio

from lms_jupyter.engine.settings import SHIPPED_MODELS
from tests import engines, llama_server

from . import warnings
from .flaky_hub import FlakyHub
from .synthetic import Shape, write_embedding, write_llm

BIG = Shape(layers=8, width=512, heads=8, kv_heads=8, feed_forward=1408, vocabulary=8000)
"""About 60 MB as F16: slow enough that a load can be watched and cancelled."""


RUNTIMES = ("xllamacpp", "llama-server")


@dataclass
class EngineProcess:
    """A running `python -m lms_jupyter.engine`."""

    process: subprocess.Popen[str]
    address: str
    log: Path

    @property
    def children(self) -> list[psutil.Process]:
        """The processes that it has started, spares included."""
        return psutil.Process(self.process.pid).children()

    def stop(self) -> int:
        """End it the polite way and return its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(5)
            pytest.fail(f"The engine did not end. It was here:\n{self.log.read_text()}")
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()


def start_engine(models: Path, log: Path, *arguments: str) -> EngineProcess:
    """Start an engine on a free port and wait until it is ready."""
    options = ["--no-default-models", "--models", str(models), *arguments]
    if "--log" not in options:
        options += ["--log", str(log)]
    warnings.LOGS.add(Path(options[options.index("--log") + 1]))
    process, address = engines.start(log, *options)
    return EngineProcess(process, address, log)


@pytest.fixture(scope="module", autouse=True)
def _llama_cpp_warns_of_nothing_unexpected() -> Iterator[None]:
    """Look, after each module, at what llama.cpp has written: what it drops it only notes there."""
    yield
    found = warnings.unexpected()
    assert not found, "llama.cpp warned:\n" + "\n".join(found)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder: a chat model in two variants, a big one, an embedding model, a bad one."""
    folder = tmp_path_factory.mktemp("models")
    kinds = gguf.GGMLQuantizationType
    for kind in (kinds.F16, kinds.Q8_0):
        write_llm(folder / f"acme/tiny-llm-GGUF/tiny-llm-{kind.name}.gguf", quantization=kind)
    big = write_llm(folder / "acme/big-llm-GGUF/big-llm-F16.gguf", shape=BIG)
    write_embedding(folder / "acme/tiny-embed-GGUF/tiny-embed-F32.gguf")
    odd = write_llm(folder / "acme/odd-llm-GGUF/odd-llm-F16.gguf", chat_template="")
    odd.write_bytes(odd.read_bytes().replace(b"blk.1.ffn_down.weight", b"blk.1.ffn_downXweight"))
    assert big.stat().st_size > 50_000_000
    return folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module that says `ON_BOTH_RUNTIMES` on both kinds of llama.cpp."""
    if getattr(metafunc.module, "ON_BOTH_RUNTIMES", False) and "runtime" in metafunc.fixturenames:
        metafunc.parametrize("runtime", RUNTIMES, indirect=True, scope="module")


@pytest.fixture(scope="module")
def runtime(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What an engine is told of the build that it is to run its models on."""
    if getattr(request, "param", RUNTIMES[0]) == RUNTIMES[0]:
        return ()
    return ("--llama-server", str(llama_server.computing()))


@pytest.fixture(scope="module")
def engine(
    models: Path, runtime: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineProcess]:
    """One engine for all tests of a module; each test cleans up after itself."""
    running = start_engine(models, tmp_path_factory.mktemp("engine") / "log", *runtime)
    yield running
    assert running.stop() == 0


@pytest.fixture
def client(engine: EngineProcess) -> Iterator[lmstudio.Client]:
    """The official SDK's client; what a test leaves loaded is unloaded."""
    with lmstudio.Client(engine.address) as client:
        yield client
        for instance in [*client.llm.list_loaded(), *client.embedding.list_loaded()]:
            instance.unload()


@pytest_asyncio.fixture
async def hub(tmp_path: Path) -> AsyncIterator[FlakyHub]:
    model = write_llm(tmp_path / "source.bin").read_bytes()
    async with FlakyHub({"new-F16.gguf": model}).serve() as serving:
        serving.piece_bytes = 20_000
        yield serving


@pytest_asyncio.fixture
async def fetching(
    hub: FlakyHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[EngineProcess]:
    """An engine whose downloads come from `hub`."""
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    models = tmp_path / "models"
    models.mkdir()
    engine = start_engine(models, tmp_path / "log", "--downloads", str(models))
    yield engine
    assert engine.stop() == 0


@pytest.fixture(scope="module")
def tutor_engine(
    runtime: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineProcess]:
    """An engine with the shipped models; `tutor` is loaded, with a short context."""
    engine = start_engine(SHIPPED_MODELS, tmp_path_factory.mktemp("tutor") / "log", *runtime)
    with lmstudio.Client(engine.address) as client:
        client.llm.load_new_instance("tutor-1m", "tutor", ttl=None, config={"contextLength": 256})
    yield engine
    engine.stop()


@pytest.fixture
def tutor(tutor_engine: EngineProcess) -> Iterator[lmstudio.LLM]:
    """The SDK's handle of it."""
    with lmstudio.Client(tutor_engine.address) as client:
        yield client.llm.model("tutor")
