import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import lms_jupyter
from lms_jupyter.hosts.base import Found
from lms_jupyter.magics.magic import LmsMagics
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from tests import engines
from tests.engine.synthetic import Shape, write_llm
from tests.hosts.fake import FEATURES, FakeHost, fake_model

from .kernels import Kernel


@pytest.fixture
def host() -> FakeHost:
    embed = fake_model(
        "nomic-embed",
        kind="embedding",
        size_bytes=84_106_624,
        max_context_length=2048,
        params=None,
        architecture="nomic-bert",
    )
    variants = ("qwen/qwen3-4b@q4_k_m", "qwen/qwen3-4b@q8_0")
    return FakeHost(fake_model(variants=variants), embed, features=FEATURES)


@pytest.fixture
def local(host: FakeHost) -> Iterator[LocalManager]:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    local = LocalManager(Manager(find))
    yield local
    local.close()


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()
    asyncio.set_event_loop(None)


@pytest.fixture
def magics(shell: InteractiveShell, local: LocalManager) -> LmsMagics:
    magics = LmsMagics(shell, local)
    shell.register_magics(magics)
    return magics


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a private engine with the tutorial models and one that takes its time."""
    folder = tmp_path_factory.mktemp("models")
    shape = Shape(layers=8, width=512, heads=8, kv_heads=8, feed_forward=1408)
    write_llm(folder / "acme/slow-llm-GGUF/slow-llm-F16.gguf", shape=shape)
    shipped = Path(lms_jupyter.__file__).parent / "engine" / "models"
    options = ("--no-default-models", "--models", str(shipped), "--models", str(folder))
    with engines.engine(tmp_path_factory.mktemp("engine"), *options) as address:
        yield address


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the notebook of the kernel lies."""
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def environ(engine: str, folder: Path) -> dict[str, str]:
    """The environment of a kernel: folders of its own, and our engine as the host."""
    own = {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "XDG_STATE_HOME")}
    notebook = {"JPY_SESSION_NAME": str(folder / "lesson.ipynb"), "LMS_JUPYTER_HOST": engine}
    # With room for every column of a table.
    own["COLUMNS"] = "160"
    return {**os.environ, **own, **notebook}


@pytest.fixture(scope="module")
def kernel(environ: dict[str, str], folder: Path) -> Iterator[Kernel]:
    """A kernel with the extension loaded, one for all tests of a module."""
    with Kernel(environ, str(folder)) as kernel:
        assert kernel.run("%load_ext lms_jupyter").error == ""
        # The engine is one for all modules of a worker: what another has left goes first.
        assert kernel.run("%lms unload --all").error == ""
        yield kernel


@pytest.fixture
def empty(kernel: Kernel) -> Iterator[Kernel]:
    """That kernel, with nothing in memory before and after."""
    kernel.run("%lms unload --all")
    yield kernel
    kernel.run("%lms unload --all")
