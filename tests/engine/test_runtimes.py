"""Which builds of llama.cpp there are, which one is taken, and what happens if it is no good."""

from __future__ import annotations

import os
from pathlib import Path

import lmstudio
import pytest

from lms_jupyter.engine.errors import RuntimeNotFoundError, RuntimeUnusableError
from lms_jupyter.engine.gpus.device import Device
from lms_jupyter.engine.runtimes import discover
from lms_jupyter.engine.runtimes.choose import choose
from lms_jupyter.engine.runtimes.runtime import Runtime, installed
from lms_jupyter.engine.runtimes.runtimes import Runtimes
from lms_jupyter.errors import HostUnreachableError

from .conftest import start_engine
from .raw import introduced
from .stub_server import write_stub

GPU = Device(name="CUDA0", description="A GPU", total_bytes=2**33, free_bytes=2**33)
OWN = installed()
PLAIN = Runtime(name="llama-server", version="b1", program=Path("/bin/x"))
FAST = Runtime(name="fast", version="b2", backend="cuda", program=Path("/bin/y"), devices=(GPU,))
BROKEN = Runtime(
    name="broken", version="", program=Path("/bin/z"), devices=(GPU,), problem="It is broken."
)


@pytest.mark.parametrize(
    ("runtimes", "selected", "chosen", "why"),
    [
        ((OWN,), "", OWN, "no other computes on a GPU"),
        ((OWN, PLAIN), "", OWN, "no other computes on a GPU"),
        ((OWN, PLAIN, FAST), "", FAST, "it computes on A GPU"),
        ((OWN, BROKEN), "", OWN, "no other computes on a GPU"),
        ((OWN, BROKEN), "broken", OWN, "no other computes on a GPU"),
        ((OWN, PLAIN, FAST), "llama-server", PLAIN, "it was selected"),
        ((OWN, FAST), "xllamacpp", OWN, "it was selected"),
    ],
)
def test_the_best_one_is_taken(
    runtimes: tuple[Runtime, ...], selected: str, chosen: Runtime, why: str
) -> None:
    assert choose(runtimes, selected) == (chosen, why)


def test_programs_are_found_where_they_are_put_each_once(tmp_path: Path) -> None:
    on_path = write_stub(tmp_path / "path" / "llama-server")
    conda = write_stub(tmp_path / "conda" / "bin" / "llama-server")
    studio = write_stub(tmp_path / ".lmstudio/extensions/backends/cuda-1/llama-server")
    unusable = tmp_path / ".lmstudio/extensions/backends/node-2/llama-server"
    unusable.mkdir(parents=True)
    (tmp_path / "more").mkdir()
    os.link(on_path, tmp_path / "more/llama-server")
    environ = {"PATH": str(on_path.parent), "CONDA_PREFIX": str(conda.parent.parent)}
    found = {one.name: one.program for one in discover.candidates(environ, tmp_path)}
    assert found == {
        "llama-server": on_path,
        "llama-server-conda": conda,
        "llama-server-cuda-1": studio,
    }
    again = {"PATH": str(conda.parent), "CONDA_PREFIX": str(conda.parent.parent)}
    assert [one.program for one in discover.candidates(again, Path("/nowhere"))] == [conda]


@pytest.mark.asyncio
async def test_one_that_computes_on_a_gpu_is_taken_and_a_selection_outlives_it(
    tmp_path: Path,
) -> None:
    program = write_stub(tmp_path / "llama-server")
    kept = tmp_path / "engine.runtime"
    environ = {"PATH": str(tmp_path)}
    first = Runtimes(environ=environ, kept=kept)
    heard: list[str] = []
    first.listen(lambda: heard.append(first.selected.name))
    await first.start()
    assert first.selected == installed()
    own, stub = await first.surveyed()
    assert (own.name, stub.program) == ("xllamacpp", program)
    assert await first.chosen() == stub
    await first.select("xllamacpp")
    assert heard == ["llama-server", "xllamacpp"]
    second = Runtimes(environ=environ, kept=kept)
    await second.start()
    assert (await second.chosen()).name == "xllamacpp"
    with pytest.raises(RuntimeNotFoundError, match="There is no runtime 'else@1'"):
        await second.select("else", "1")
    await second.close()


@pytest.mark.asyncio
async def test_what_is_no_good_is_known_and_cannot_be_selected(tmp_path: Path) -> None:
    write_stub(tmp_path / "llama-server", first="exit 3")
    runtimes = Runtimes(environ={"PATH": str(tmp_path)})
    await runtimes.start()
    _, stub = await runtimes.surveyed()
    assert "it ended with code 3" in stub.problem
    assert (await runtimes.chosen()).name == "xllamacpp"
    with pytest.raises(RuntimeUnusableError, match="it ended with code 3"):
        await runtimes.select("llama-server")


@pytest.mark.parametrize(
    ("first", "reason"),
    [("exit 3", "it ended with code 3"), (None, "There is no llama-server at")],
)
def test_a_program_that_was_named_and_is_no_good_ends_the_start(
    models: Path, tmp_path: Path, first: str | None, reason: str
) -> None:
    program = tmp_path / "llama-server"
    if first is not None:
        write_stub(program, first=first)
    with pytest.raises(HostUnreachableError, match=reason) as caught:
        start_engine(models, tmp_path / "log", "--llama-server", str(program))
    assert not str(caught.value).endswith("..")


@pytest.mark.asyncio
async def test_a_program_that_dies_while_it_loads_takes_nobody_with_it(
    models: Path, tmp_path: Path
) -> None:
    program = write_stub(tmp_path / "llama-server", devices="")
    engine = start_engine(models, tmp_path / "log", "--llama-server", str(program))
    own = {"name": "xllamacpp", "version": installed().version}
    stub = {"name": "llama-server", "version": "b10434"}
    with lmstudio.Client(engine.address) as client:
        async with introduced(engine.address, "runtime") as runtime:
            await runtime.call("selectEngine", engine=own, modelFormatName="GGUF")
            kept = client.llm.load_new_instance("tiny-llm", "kept")
            await runtime.call("selectEngine", engine=stub, modelFormatName="GGUF")
            with pytest.raises(lmstudio.LMStudioServerError, match="the driver is not what"):
                client.llm.load_new_instance("tiny-llm", "lost")
            # One that was loaded before stays where it is.
            assert kept.respond("Hi", config={"maxTokens": 2}).content is not None
            (instance,) = (await _activity(engine.address))["instances"]
            assert instance["runtime"] == f"xllamacpp {installed().version} (CPU)"
            refused = await runtime.call("removeEngine", **stub)
            assert "was installed without it" in refused["error"]["title"]
    assert engine.stop() == 0


async def _activity(address: str) -> dict[str, object]:
    async with introduced(address, "system") as system:
        activity: dict[str, object] = await system.call("getActivity")
        return activity


def test_a_program_that_is_gone_by_the_time_of_a_load_is_named(
    models: Path, tmp_path: Path
) -> None:
    program = write_stub(tmp_path / "llama-server", devices="")
    engine = start_engine(models, tmp_path / "log", "--llama-server", str(program))
    program.unlink()
    gone = pytest.raises(lmstudio.LMStudioServerError, match="cannot be run: No such file")
    with lmstudio.Client(engine.address) as client, gone:
        client.llm.load_new_instance("tiny-llm")
    assert engine.stop() == 0
