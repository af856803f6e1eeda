"""Who is on the LM Link of a host, and what can be changed about it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from lms_jupyter.errors import CommandError, HostError, HostReplyError, HostTimeoutError
from lms_jupyter.hosts import link_status
from lms_jupyter.hosts.link_status import LinkDevice
from lms_jupyter.hosts.sdk import SdkHost
from tests.hosts.studio import Studio

BOX = "0f3a9c27d1"


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio(devices={BOX: "gpu-box", "77": "twin", "78": "twin"}) as studio:
        yield studio


@pytest_asyncio.fixture
async def host(studio: Studio) -> AsyncIterator[SdkHost]:
    host = SdkHost(studio.address)
    await host.connect()
    yield host
    await host.close()


@pytest.mark.asyncio
async def test_who_is_on_the_link(host: SdkHost) -> None:
    now = await link_status.link_status(host)

    assert (now.status, now.name, now.device) == ("online", "desk", "of-this-machine")
    assert now.devices[0] == LinkDevice(device=BOX, name="gpu-box", connected=True)
    assert now.preferred_device is None


@pytest.mark.asyncio
async def test_a_link_that_is_lost_says_when_it_comes_back(studio: Studio, host: SdkHost) -> None:
    error = {"message": "no route\nto host", "timestamp": 1}
    studio.link = {"status": "offline", "reconnectInSeconds": 12, "lastError": error}

    now = await link_status.link_status(host)

    assert (now.status, now.reconnect_in_s, now.last_error) == ("offline", 12, "no route to host")


@pytest.mark.asyncio
async def test_it_is_switched_off_and_on(studio: Studio, host: SdkHost) -> None:
    off = await link_status.disable(host)
    on = await link_status.enable(host)

    assert (off.status, off.issues) == ("offline", ("deviceDisabled",))
    assert on.status == "online"
    sent = [asked for call, asked in studio.calls if call == "lmLinkSetDisabled"]
    assert sent == [{"disabled": True}, {"disabled": False}]


@pytest.mark.asyncio
async def test_one_that_cannot_come_up_is_not_waited_for(studio: Studio, host: SdkHost) -> None:
    def not_signed_in(endpoint: str, answer: Any) -> Any:
        if endpoint != "lmLinkStatus":
            return answer
        status = answer["result"] | {"status": "offline", "issues": ["notLoggedIn"]}
        return answer | {"result": status}

    studio.twist = not_signed_in

    with pytest.raises(HostTimeoutError, match="did not come up: notLoggedIn"):
        await link_status.enable(host)


@pytest.mark.asyncio
@pytest.mark.parametrize("wanted", [BOX, "gpu-box"])
async def test_a_device_is_preferred_by_its_name_or_its_identifier(
    host: SdkHost, wanted: str
) -> None:
    now = await link_status.set_preferred_device(host, wanted)

    assert now.preferred_device == BOX


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wanted", "sentence"), [("nobody", "No device is called"), ("twin", "Several devices are")]
)
async def test_a_device_that_is_not_meant_clearly_is_not_preferred(
    studio: Studio, host: SdkHost, wanted: str, sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence) as caught:
        await link_status.set_preferred_device(host, wanted)

    assert "gpu-box (0f3a9c27d1)" in caught.value.hint
    assert "lmLinkSetPreferredDevice" not in studio.asked


@pytest.mark.asyncio
async def test_the_own_device_is_named_anew(host: SdkHost) -> None:
    assert (await link_status.set_device_name(host, "workshop")).name == "workshop"
    for name in ("", "  ", "two\nlines", "bell\a"):
        with pytest.raises(CommandError, match="is no name of a device"):
            await link_status.set_device_name(host, name)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "said", [{"status": "elsewhere"}, {"peers": 7}, {"peers": [{}]}, {"reconnectInSeconds": "soon"}]
)
async def test_an_answer_that_cannot_be_read_is_an_error_of_ours(
    studio: Studio, host: SdkHost, said: dict[str, Any]
) -> None:
    studio.link = said

    with pytest.raises(HostReplyError):
        await link_status.link_status(host)


@pytest.mark.asyncio
async def test_the_engine_says_that_it_has_no_link(address: str) -> None:
    host = SdkHost(address)
    await host.connect()

    assert (await link_status.link_status(host)).devices == ()
    with pytest.raises(HostError, match=r"no .*links"):
        await link_status.disable(host)
    await host.close()
