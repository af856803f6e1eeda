"""A kernel whose host has the same identifier on two devices of its LM Link."""

from collections.abc import Iterator

import pytest

from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel
from tests.magics.test_kernel_old_host import environment

KEY = "qwen/qwen3-4b"
BOX = "0f3a9c27d1"
REMOTE = f"twin on {BOX}"


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio(devices={BOX: "gpu-box"}) as studio:
        yield studio


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, studio: Studio) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("link")
    with Kernel(environment(folder, studio), str(folder)) as kernel:
        assert kernel.run("import lms_jupyter\n%load_ext lms_jupyter").error == ""
        yield kernel


@pytest.fixture
def twins(kernel: Kernel, studio: Studio) -> dict[str, dict[str, object]]:
    """One identifier here and on the other device, each with a handle of its own."""
    kernel.run("%lms unload --all")
    for name, device, context in (("here", "Local", 1024), ("there", "gpu-box", 2048)):
        line = f"{name} = %lms load {KEY} --new --identifier twin --device {device} -c {context}"
        ran = kernel.run(line)
        assert ran.error == "", ran.error_text
    assert set(studio.memory) == {"twin", REMOTE}
    return dict(studio.memory)


@pytest.mark.usefixtures("twins")
def test_both_rows_are_shown_each_with_its_device(kernel: Kernel) -> None:
    plain = kernel.run("%lms ps").plain

    rows = {line for line in plain.splitlines() if line.startswith("twin")}
    assert len(rows) == 2
    assert any("1024" in row and "Local" in row for row in rows)
    assert any("2048" in row and "gpu-box" in row for row in rows)
    assert "LOADED (2)" not in kernel.run("%lms ls").plain


@pytest.mark.usefixtures("twins")
def test_a_name_of_two_rows_is_refused_with_both_devices(kernel: Kernel, studio: Studio) -> None:
    for line in ("%lms unload twin", "%lms extend twin 5m --reload", "%lms model twin"):
        ran = kernel.run(line)
        assert ran.error == "CommandError"
        assert "There are 2 instances called 'twin': on Local and gpu-box." in ran.error_text
    assert set(studio.memory) == {"twin", REMOTE}


@pytest.mark.parametrize("device", ["gpu-box", "GPU-BOX", BOX])
@pytest.mark.usefixtures("twins")
def test_the_row_of_the_device_that_is_named_is_unloaded(
    kernel: Kernel, studio: Studio, device: str
) -> None:
    assert kernel.run(f"%lms unload twin --device {device}").error == ""

    assert set(studio.memory) == {"twin"}


@pytest.mark.usefixtures("twins")
def test_the_row_of_this_host_is_unloaded_as_local(kernel: Kernel, studio: Studio) -> None:
    assert kernel.run("%lms unload --device Local").error == ""
    assert set(studio.memory) == {REMOTE}

    ran = kernel.run("%lms unload twin --device local")
    assert "Nothing is in memory on device 'local'." in ran.error_text
    assert "Instances are on: gpu-box." in ran.error_text


@pytest.mark.usefixtures("twins")
def test_all_of_both_devices_are_unloaded(kernel: Kernel, studio: Studio) -> None:
    assert kernel.run("%lms unload --all").error == ""
    assert studio.memory == {}


@pytest.mark.usefixtures("twins")
def test_a_row_of_ps_ends_itself(kernel: Kernel, studio: Studio) -> None:
    ran = kernel.run("lms_jupyter.unload([i for i in lms_jupyter.ps() if i.device])")

    assert ran.error == "", ran.error_text
    assert set(studio.memory) == {"twin"}


def test_a_reload_stays_on_its_device_with_its_own_settings(
    kernel: Kernel, studio: Studio, twins: dict[str, dict[str, object]]
) -> None:
    ran = kernel.run("%lms extend twin 5m --reload --device gpu-box")

    assert ran.error == "", ran.error_text
    assert studio.memory["twin"] == twins["twin"]
    assert studio.memory[REMOTE]["contextLength"] == 2048
    assert studio.memory[REMOTE]["ttlMs"] == 300_000


@pytest.mark.usefixtures("twins")
def test_a_device_without_the_verb_is_refused_as_without_a_device(kernel: Kernel) -> None:
    ran = kernel.run("%lms pin twin --device gpu-box")

    assert "LM Studio cannot pin an instance" in ran.error_text


def test_handles_talk_to_their_own_row(
    kernel: Kernel, studio: Studio, twins: dict[str, dict[str, object]]
) -> None:
    kernel.run("def add(a: int, b: int) -> int:\n    'Add two numbers.'\n    return a + b")
    for name, place in (("here", "twin"), ("there", REMOTE)):
        for use in ("respond('Hello')", "complete('Hello')", "act('Hello', [add])"):
            studio.predictions.clear()
            ran = kernel.run(f"{name}.{use}")
            assert ran.error == "", ran.error_text
            asked = studio.predictions[-1]["modelSpecifier"]
            assert asked["instanceReference"] == twins[place]["instanceReference"]
        length = twins[place]["contextLength"]
        assert kernel.value(f"{name}.get_context_length()") == str(length)
    assert kernel.value("here == there, here == here") == "(False, True)"


@pytest.mark.usefixtures("twins")
def test_a_handle_ends_its_own_row(kernel: Kernel, studio: Studio) -> None:
    assert kernel.run("there.unload()").error == ""
    assert set(studio.memory) == {"twin"}


def test_a_handle_comes_back_on_its_own_device(
    kernel: Kernel, studio: Studio, twins: dict[str, dict[str, object]]
) -> None:
    # Taken just in time, so that the host may have evicted it for another.
    assert kernel.run("here = %lms model twin --device Local").error == ""
    del studio.memory["twin"]

    ran = kernel.run("here.respond('Hello')")

    assert ran.error == "", ran.error_text
    assert studio.memory[REMOTE] == twins[REMOTE]
    assert studio.memory["twin"]["deviceIdentifier"] is None


def test_a_handle_of_aio_talks_to_its_own_row(
    kernel: Kernel, studio: Studio, twins: dict[str, dict[str, object]]
) -> None:
    studio.predictions.clear()
    ran = kernel.run(
        "from lms_jupyter import aio\n"
        f"far = await aio.load('{KEY}', identifier='twin', device='gpu-box')\n"
        "said = await far.respond('Hello')\n"
    )
    assert ran.error == "", ran.error_text
    asked = studio.predictions[-1]["modelSpecifier"]
    assert asked["instanceReference"] == twins[REMOTE]["instanceReference"]
    assert kernel.run("await far.unload()\nawait aio.close()").error == ""
    assert set(studio.memory) == {"twin"}


@pytest.mark.usefixtures("twins")
def test_an_estimate_is_of_the_device_that_is_named(kernel: Kernel, studio: Studio) -> None:
    for line in (
        f"%lms load {KEY} --estimate-only --device gpu-box",
        f"%lms estimate {KEY}",
        f"%lms estimate {KEY} --device gpu-box",
        f"%lms estimate {KEY} --device={BOX}",
        f"%lms estimate {KEY} --device local",
        f"%lms estimate {KEY} --local",
        f"lms_jupyter.estimate('{KEY}', device='gpu-box')",
        f"await lms_jupyter.aio.estimate('{KEY}', device='gpu-box')",
    ):
        ran = kernel.run(f"import lms_jupyter.aio\n{line}")
        assert ran.error == "", ran.error_text

    asked = [told["deviceIdentifier"] for name, told in studio.calls if "estimate" in name]
    assert asked[-8:] == [BOX, None, BOX, BOX, None, None, BOX, BOX]
    assert kernel.complete("%lms estimate x --device gp") == ["gpu-box"]


def test_a_pause_brings_back_what_it_took_away_on_its_own_device(
    kernel: Kernel, studio: Studio, twins: dict[str, dict[str, object]]
) -> None:
    kernel.run("row, = [i for i in lms_jupyter.ps() if i.device]")
    ran = kernel.run("with lms_jupyter.paused(row):\n    print(len(lms_jupyter.ps()))")

    assert ran.error == "", ran.error_text
    assert "1" in ran.plain
    assert studio.memory["twin"] == twins["twin"]
    assert studio.memory[REMOTE]["contextLength"] == 2048
