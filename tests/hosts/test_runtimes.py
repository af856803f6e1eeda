"""The runtimes of a host, as our engine tells them and as a fake does."""

from pathlib import Path

import pytest

from lms_jupyter.errors import CommandError, HostReplyError
from lms_jupyter.hosts import runtimes
from lms_jupyter.hosts.sdk import SdkHost
from tests import engines
from tests.engine.stub_server import write_stub
from tests.hosts.fake import FakeHost
from tests.hosts.studio import Studio

pytestmark = pytest.mark.asyncio


async def test_one_is_listed_and_selected_by_its_name() -> None:
    host = FakeHost()
    one, other = await runtimes.runtimes(host)
    assert (one.full_name, one.selected_for, other.selected_for) == (
        "fake-cpu@1.0.0",
        ("GGUF",),
        (),
    )
    assert (await runtimes.select(host, "fake-gpu")).name == "fake-gpu"
    assert [one.selected_for for one in await runtimes.runtimes(host)] == [(), ("GGUF",)]
    with pytest.raises(CommandError, match=r"No runtime is called 'nothing'"):
        await runtimes.select(host, "nothing")


async def test_what_cannot_be_read_is_said_so() -> None:
    class Odd(FakeHost):
        async def runtime(self, endpoint: str, parameters: object = None) -> object:
            del endpoint, parameters
            return {"json": [["GGUF"]]}

    with pytest.raises(HostReplyError, match="runtimes"):
        await runtimes.runtimes(Odd())


async def test_a_real_lm_studio_says_the_same_over_its_own_namespace() -> None:
    with Studio() as studio:
        host = SdkHost(studio.address)
        await host.connect()
        try:
            listed = await runtimes.runtimes(host)
            assert [one.full_name for one in listed if one.selected_for] == [
                "llama.cpp-linux-cuda@2.9.1"
            ]
            with pytest.raises(CommandError, match="Several runtimes"):
                await runtimes.select(host, "llama.cpp-linux-cuda")
            newest = await runtimes.select(host, "llama.cpp-linux-cuda", latest=True)
            assert newest.version == "2.10.0"
            assert studio.asked[-1] == "selectEngine"
            _, (survey,) = await runtimes.survey(host)
            assert [gpu.total_bytes for gpu in survey.gpus] == [25_757_220_864]
            assert survey.cpu_extensions == ("AVX", "AVX2")
        finally:
            await host.close()


async def test_our_engine_lists_selects_and_surveys_what_lies_on_the_path(tmp_path: Path) -> None:
    stub = write_stub(tmp_path / "bin" / "llama-server")
    with engines.engine(tmp_path / "home", "--llama-server", str(stub)) as address:
        host = SdkHost(address)
        await host.connect()
        try:
            listed = await runtimes.runtimes(host)
            assert [(one.name, one.selected_for) for one in listed] == [
                ("xllamacpp", ()),
                ("llama-server", ("GGUF",)),
            ]
            _, (survey,) = await runtimes.survey(host)
            assert (survey.name, survey.version) == ("llama-server", "b10434")
            assert [gpu.name for gpu in survey.gpus] == ["NVIDIA GeForce RTX 4090"]
            assert survey.vram_bytes == 24564 * 2**20
            assert survey.ram_bytes > 10**8
            await runtimes.select(host, "xllamacpp")
            _, (survey,) = await runtimes.survey(host)
            assert (survey.name, survey.gpus, survey.vram_bytes) == ("xllamacpp", (), 0)
        finally:
            await host.close()
