"""Whose instances are, and who waits for whom, where a host has users with names."""

from types import SimpleNamespace
from typing import cast

from msgspec.structs import replace

from lms_jupyter.api.cards import draw_instance
from lms_jupyter.api.draw import draw_instances
from lms_jupyter.api.users import whose
from lms_jupyter.api.views import owners_of, waiting_note
from lms_jupyter.manager import Manager
from lms_jupyter.protocol.shares import WaitingUser
from tests.hosts.fake import FakeHost, fake_model

MODEL = fake_model()
ADAS = replace(
    FakeHost(MODEL, clock=lambda: 1.0).put(MODEL, identifier="chat"),
    owner="train.ipynb",
    user="ada",
    waiting=(
        WaitingUser(user="ben", requests=2, waits_for=("ada", "")),
        WaitingUser(user="", requests=1, waits_for=("ada",)),
    ),
)


def test_ps_says_as_whom_it_was_loaded_and_who_waits_for_whom() -> None:
    owners, _ = owners_of(cast("Manager", SimpleNamespace(leases=None)), (ADAS,))

    shown = draw_instances([ADAS], 1.0, owners=owners, after=waiting_note([ADAS])).text()

    assert "train.ipynb (ada)" in shown
    assert "chat: ben waits for ada and the host's owner (2 requests)." in shown
    assert "chat: the host's owner waits for ada (1 request)." in shown
    assert "LOADED BY       train.ipynb (ada)" in draw_instance(ADAS).text()


def test_nobody_is_named_twice_and_nothing_is_said_of_nobody() -> None:
    assert whose(ADAS, None) == "ada"
    assert whose(ADAS, "ada") == "ada"
    assert whose(replace(ADAS, user=None), "train.ipynb") == "train.ipynb"
    assert waiting_note([replace(ADAS, waiting=())]) == ""
