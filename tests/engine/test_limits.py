"""What each user may take of an engine, and that nobody waits for all that another one asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.instances.instance import Request, Work
from lms_jupyter.engine.instances.shares import Shares
from lms_jupyter.engine.instances.turns import Turns
from lms_jupyter.engine.limits import Limits, LimitsFile, User, read
from lms_jupyter.engine.token import Token
from lms_jupyter.engine.wire.activity import waiting_users
from tests import engines

from .test_guest_tokens import ask, called, write

OWNER, ADA, BEN, EVE = (Token.new().reveal() for _ in range(4))
LIMITS = """
[ada]
instances = 1
[ben]
memory-gb = 0.000001
[eve]
read-only = true
"""


@pytest.fixture(scope="module")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("limits") / "limits.toml"


@pytest.fixture(scope="module")
def address(models: Path, limits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    own = home / "own"
    own.touch(mode=0o600)
    own.write_text(OWNER)
    limits.write_text(LIMITS)
    may = ["read", "predict", "load"]
    guests = write(home / "guests", ada=(ADA, may), ben=(BEN, may), eve=(EVE, may))
    options = ("--no-default-models", "--models", str(models), "--token-file", str(own))
    more = ("--guest-tokens", str(guests), "--limits", str(limits))
    with engines.engine(home, *options, *more) as address:
        yield address


def load(address: str, token: str) -> tuple[int, str, str]:
    answer = ask(address, token, "POST", "/api/v1/models/load", model="tiny-llm")
    error = answer.json().get("error", {})
    said = error.get("message") or answer.json()["instance_id"]
    return answer.status_code, error.get("code", ""), said


@pytest.mark.asyncio
async def test_each_user_has_what_the_file_says_and_keeps_to_their_own(
    address: str, limits: Path
) -> None:
    status, _, ours = load(address, ADA)
    assert status == 200
    status, code, said = load(address, ADA)
    assert (status, code) == (429, "limit_reached")
    assert said.startswith(f"ada may have 1 instance in memory and has 1 ({ours}).")
    status, code, said = load(address, BEN)
    assert (status, code) == (429, "limit_reached")
    assert said.startswith("ben may have 0.00 GB in memory; 'tiny-llm' would take ")
    assert load(address, EVE)[:2] == (403, "read_only")
    assert ask(address, EVE, "GET", "/api/v1/models").status_code == 200

    # A user ends what is theirs; the owner, who has no limits here, ends everything.
    refused = await called(address, BEN, "llm", "unloadModel", identifier=ours)
    assert refused["error"]["title"] == f"{ours!r} was loaded by ada, not by you."
    pinned = await called(address, BEN, "system", "pinInstance", identifier=ours, pinned=True)
    assert pinned["error"]["errorData"] == {"code": "not_yours"}
    (seen,) = (await called(address, OWNER, "system", "getActivity"))["instances"]
    assert seen["user"] == "ada"
    assert await called(address, ADA, "llm", "unloadModel", identifier=ours) is None
    assert load(address, OWNER)[0] == load(address, OWNER)[0] == 200

    limits.write_text(LIMITS.replace("instances = 1", "instances = 0"))
    assert load(address, ADA)[2].startswith("ada may have 0 instances in memory and has none.")
    limits.write_text("[")
    assert load(address, ADA)[0] == 429


@pytest.mark.asyncio
async def test_users_take_turns_whatever_one_of_them_asks() -> None:
    turns, served = Turns(1), []

    async def ask_it(user: str, number: int) -> None:
        async with turns.turn(user):
            served.append(f"{user}{number}")
            await asyncio.sleep(0)

    asked = [("ada", 1), ("ada", 2), ("ada", 3), ("ben", 1), ("cleo", 1), ("ben", 2)]
    await asyncio.gather(*(ask_it(*one) for one in asked))

    assert served == ["ada1", "ben1", "cleo1", "ada2", "ben2", "ada3"]


@pytest.mark.asyncio
async def test_who_gives_up_waiting_leaves_the_turn_to_the_next() -> None:
    turns, served = Turns(1), []

    async def ask_it(user: str) -> None:
        async with turns.turn(user):
            served.append(user)

    async with turns.turn("ada"):
        waiting = {user: asyncio.create_task(ask_it(user)) for user in ("ben", "cleo", "dan")}
        await asyncio.sleep(0)
        waiting["ben"].cancel()
        await asyncio.sleep(0)
    waiting["cleo"].cancel()  # in the moment in which it was given the turn
    await asyncio.wait(waiting.values())

    assert served == ["dan"]
    async with turns.turn("ada"):
        served.append("ada")


def test_it_is_told_who_waits_for_whom() -> None:
    served, idle = Request("ada", Work.GENERATING), Request("", Work.WAITING)
    waiting = [Request("ben"), Request("cleo"), Request("ben")]

    assert waiting_users([served, *waiting]) == [
        {"user": "ben", "requests": 2, "for": ["ada"]},
        {"user": "cleo", "requests": 1, "for": ["ada"]},
    ]
    assert waiting_users([idle, Request("", Work.GENERATING)]) == []


@pytest.mark.asyncio
async def test_tokens_that_were_said_are_waited_for_by_who_had_them() -> None:
    now = 0.0
    shares = Shares(clock=lambda: now)
    ada, ben = (User(name=name, limits=Limits(tokens_per_second=10)) for name in ("ada", "ben"))

    shares.spend(ada, 40)

    await shares.good(ben)
    waiting = asyncio.create_task(shares.good(ada))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.01)
    waiting.cancel()
    now = 4.0
    await shares.good(ada)


def test_who_lends_their_engine_is_bound_by_their_own_entry_alone(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("[default]\ninstances = 1\n[root]\ninstances = 9")
    found = LimitsFile(file)

    assert found.of("anybody") == Limits(instances=1)
    assert found.owner("me", has_guests=True) == User()
    assert found.owner("me", has_guests=False).limits == Limits(instances=1)
    assert found.owner("root", has_guests=True).limits == Limits(instances=9)
    assert LimitsFile().owner("me", has_guests=False) == User()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "is no TOML"),
        ("ada = 1", "'ada' in .* is no table of limits"),
        ("[ada]\ninstance = 1", "the limit 'instance'; there are instances, memory-gb"),
        ("[ada]\ninstances = 1.5", "a whole number, not 1.5"),
        ("[ada]\nmemory-gb = -1", "a number from 0, not -1"),
        ("[ada]\nmemory-gb = nan", "a number from 0, not nan"),
        ("[ada]\ntokens-per-second = 0", "cannot be 0"),
        ("[ada]\ninstances = true", "a number from 0, not True"),
        ('[ada]\nread-only = "yes"', "is true or false, not 'yes'"),
    ],
)
def test_limits_that_make_no_sense_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(text)

    with pytest.raises(BadRequestError, match=sentence):
        read(file)
    with pytest.raises(BadRequestError, match="cannot be read"):
        read(tmp_path / "none.toml")
