"""Several users on one gateway: each within their limits on all devices together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import aiohttp
import pytest

from lms_jupyter.engine.token import Token
from tests.engine.test_guest_tokens import write

from .conftest import (
    CHAT,
    CONFIG,
    Started,
    all_connected,
    asking,
    at_most,
    begun,
    endless,
    loaded,
    meant,
    said,
    saying,
    until,
    written,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

Users = tuple[Started, Started, Started]


@pytest.fixture(scope="module")
def users(devices: dict[str, Started], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Users]:
    """A gateway as its owner and two users see it."""
    home = tmp_path_factory.mktemp("shared")
    ada, ben = (Token.new().reveal() for _ in range(2))
    may = ["read", "predict", "load"]
    guests = write(home / "guests", ada=(ada, may), ben=(ben, may))
    (home / "limits.toml").write_text("[default]\ninstances = 1\n[ada]\ninstances = 2")
    gateway = begun(
        home,
        *("--no-default-models", "--fleet", str(written(home, devices))),
        *("--token-file", str(home / "token")),
        *("--guest-tokens", str(guests), "--limits", str(home / "limits.toml")),
    )
    yield gateway, replace(gateway, token=ada), replace(gateway, token=ben)
    gateway.stop()


async def test_limits_hold_on_all_devices_together(users: Users) -> None:
    owner, ada, ben = users
    await until(owner, all_connected)
    async with asking(ada, "llm") as hers, asking(ben, "llm") as his, asking(ben, "system") as sees:
        for device in ("alpha", "beta"):
            await loaded(hers, identifier=f"on-{device}", deviceIdentifier=device)
        channel = await hers.open("loadModel", modelKey=CHAT, loadConfigStack=CONFIG)
        _packets, end = await hers.end(channel)
        assert end["error"]["errorData"] == {"code": "limit_reached"}
        assert end["error"]["title"] == (
            "ada may have 2 instances in memory and has 2 (on-alpha, on-beta)."
        )
        # What a client says of itself does not count: the gateway names its users.
        mine = {"identifier": "mine", "deviceIdentifier": "alpha", "user": {"name": "ada"}}
        await loaded(his, **mine)
        seen = {
            one["identifier"]: one["user"] for one in (await sees.call("getActivity"))["instances"]
        }
        assert seen == {"on-alpha": "ada", "on-beta": "ada", "mine": "ben"}
        refused = await his.call("unloadModel", identifier="on-beta")
        assert refused["error"]["title"] == "'on-beta' was loaded by ada, not by you."

        assert (await said(his, "on-alpha"))[-1]["type"] == "success"

        await his.call("unloadModel", identifier="mine")
        for name in ("on-alpha", "on-beta"):
            await hers.call("unloadModel", identifier=name)


async def test_two_loads_at_once_never_pass_a_limit_together(users: Users) -> None:
    owner, _, ben = users
    await until(owner, all_connected)

    async def load(device: str) -> str | None:
        async with asking(ben, "llm") as his:
            asked = {"modelKey": CHAT, "identifier": device, "deviceIdentifier": device}
            _, end = await his.end(await his.open("loadModel", **asked, loadConfigStack=CONFIG))
            code: str | None = end["error"]["errorData"]["code"] if "error" in end else None
            return code

    ends = await asyncio.gather(load("alpha"), load("beta"))

    assert sorted(ends, key=str) == [None, "limit_reached"]
    async with asking(ben, "llm") as his:
        await his.call("unloadModel", identifier="alpha" if ends[0] is None else "beta")


async def test_who_waits_for_whom_on_a_device_is_told_by_the_gateway(users: Users) -> None:
    owner, ada, ben = users
    await until(owner, all_connected)
    one_at_once = {"key": "llm.load.numParallelSessions", "value": 1}
    layer = {"layerName": "apiOverride", "config": {"fields": [one_at_once]}}
    asked = {"modelSpecifier": meant("shared"), "history": saying("Hello")}
    async with asking(ada, "llm") as hers, asking(ben, "llm") as his:
        loading = {"modelKey": CHAT, "identifier": "shared", "deviceIdentifier": "alpha"}
        channel = await hers.open("loadModel", **loading, loadConfigStack={"layers": [layer]})
        _packets, end = await hers.end(channel)
        assert end["type"] == "channelClose", end
        first = await hers.open("predict", **asked, predictionConfigStack=endless())
        await hers.packet(first, "fragment")
        second = await his.open("predict", **asked, predictionConfigStack=at_most(2))

        waiting = [{"user": "ben", "requests": 1, "for": ["ada"]}]
        await until(owner, lambda told: [i.get("waiting") for i in told["instances"]] == [waiting])

        await hers.say(first, "cancel")
        for raw, opened in ((hers, first), (his, second)):
            assert (await raw.end(opened))[1]["type"] == "channelClose"
        await hers.call("unloadModel", identifier="shared")


async def test_limits_hold_over_http_too(users: Users) -> None:
    owner, _, ben = users
    await until(owner, all_connected)
    headers = {"Authorization": f"Bearer {ben.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        url = f"http://{ben.address}/api/v1/models"
        first = await session.post(f"{url}/load", json={"model": CHAT})
        name = (await first.json())["instance_id"]
        await until(owner, lambda told: [i["user"] for i in told["instances"]] == ["ben"])
        second = await session.post(f"{url}/load", json={"model": CHAT})
        assert (second.status, (await second.json())["error"]["code"]) == (429, "limit_reached")
        gone = await session.post(f"{url}/unload", json={"instance_id": name})
        assert gone.status == 200
