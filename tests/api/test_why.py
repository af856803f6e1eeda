"""`%lms status --why` says of each instance what keeps it, and what will end it."""

import time

import pytest
from msgspec.structs import replace

from lms_jupyter.api.why import Reasons
from lms_jupyter.manager import Manager
from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import Lease
from lms_jupyter.protocol.models import HostInfo, Instance, Keep
from tests.hosts.fake import FakeHost, fake_model

HOLDER = Identity(kernel_id="k", notebook="/home/train.ipynb", pid=1, machine="here")


def _instance(**changes: object) -> Instance:
    put = FakeHost(fake_model("chat")).put(fake_model("chat"), ttl_s=600.0)
    return replace(put, idle_since=time.time() - 60, **changes)


def _lease(instance: Instance, **changes: object) -> Lease:
    lease = Lease(
        address="",
        instance_reference=instance.instance_reference,
        identifier=instance.identifier,
        model_key=instance.model_key,
        holder=HOLDER,
    )
    return replace(lease, **changes)


def _said(instance: Instance, *leases: Lease, features: tuple[str, ...] = ()) -> tuple[str, str]:
    manager = Manager()
    manager.reset(HostInfo(name="Fake", address="fake:0", features=features))
    reasons = Reasons([instance], leases, manager, is_watched=True)
    assert instance.identifier in repr(reasons.draw().text(200))
    return "; ".join(reasons.kept_by(instance)), "; ".join(reasons.ends(instance))


def test_a_ttl_says_how_much_is_left() -> None:
    kept_by, ends = _said(_instance())
    assert kept_by.startswith("its TTL of 10 min, ")
    assert kept_by.endswith(" left")
    assert ends == "when nobody has used it for so long"


def test_a_pin_ends_by_an_unload_alone() -> None:
    assert _said(_instance(pinned=True)) == ("a pin", "by an unload alone")


def test_a_time_is_named() -> None:
    at = time.time() + 60
    kept_by, ends = _said(_instance(keep=Keep(until=at)))
    clock = time.strftime("%H:%M", time.localtime(at))
    assert clock in kept_by
    assert clock in ends


def test_a_notebook_that_keeps_it_is_named_and_so_is_the_rule() -> None:
    instance = _instance(keep=Keep())
    lease = _lease(instance, while_open=True, rule="rule 1 of rules.toml")
    kept_by, ends = _said(instance, lease)
    assert kept_by == "--keep while-open: train.ipynb; rule 1 of rules.toml"
    assert ends == "when these have ended, 5 min later"


def test_what_may_go_for_others_is_said_to() -> None:
    instance = _instance(jit=True, owner="train.ipynb")
    _, ends = _said(instance, _lease(instance), features=("givesWay",))
    assert ends.split("; ")[1:] == [
        "when train.ipynb has ended, 5 min later",
        "when a request names another model",
        "when another program needs the memory",
    ]


@pytest.mark.parametrize("status", ["generating", "processing_prompt"])
def test_work_comes_first(status: str) -> None:
    kept_by, _ = _said(_instance(status=status))
    assert kept_by.startswith(f"it works ({status.replace('_', ' ')})")
