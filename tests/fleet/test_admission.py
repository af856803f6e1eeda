"""How a user's loads are counted: from when they are let in, and each once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from lms_jupyter.engine.fleet.admission import Admission
from lms_jupyter.engine.limits import LimitReachedError, Limits, User

GB = 10**9


def device(name: str) -> Any:
    return SimpleNamespace(device=name, instances=(), loads=())


def counting(*devices: Any) -> Admission:
    registry = SimpleNamespace(instances=(), loads=())
    return Admission(cast("Any", devices), cast("Any", registry))


def loading(number: int, user: str = "ada") -> dict[str, Any]:
    return {"loadId": f"load-{number}", "identifier": f"m{number}", "user": user}


def instance(number: int, user: str = "ada", size: int = GB) -> dict[str, Any]:
    named = {"instanceReference": f"ref-{number}", "identifier": f"m{number}"}
    return named | {"user": user, "memoryBytes": size}


ADA = User(name="ada", limits=Limits(instances=2, memory_bytes=3 * GB), may_manage=False)


def test_a_load_counts_before_any_device_tells_of_it() -> None:
    admission = counting(device("alpha"))
    with admission.admitted(ADA, "one", GB), admission.admitted(ADA, "two", GB):
        with (
            pytest.raises(LimitReachedError, match=r"has 2 \(one, two\)"),
            admission.admitted(ADA, "three", 0),
        ):
            pass
        with admission.admitted(User(name="ben", limits=Limits(instances=1)), "his", GB):
            pass
    with admission.admitted(ADA, "again", GB):
        pass


def test_what_a_device_tells_of_a_load_is_not_counted_beside_it() -> None:
    alpha, beta = device("alpha"), device("beta")
    admission = counting(alpha, beta)
    with admission.admitted(ADA, "one", GB) as one:
        admission.place(one, beta)
        for told in ({"loads": (loading(1),)}, {"loads": (), "instances": (instance(1),)}):
            vars(beta).update(told)
            with admission.admitted(ADA, "two", 2 * GB):
                pass
    with (
        pytest.raises(LimitReachedError, match=r"would take 2\.10 GB beside 1\.00 GB"),
        admission.admitted(ADA, "two", 2 * GB + GB // 10),
    ):
        pass


def test_what_was_there_before_counts_beside_a_load() -> None:
    alpha = device("alpha")
    alpha.instances = (instance(1),)
    admission = counting(alpha)
    with admission.admitted(ADA, "two", GB) as two:
        admission.place(two, alpha)
        for came in ((), (instance(2),)):
            alpha.instances = (instance(1), *came)
            with (
                pytest.raises(LimitReachedError, match="and has 2"),
                admission.admitted(ADA, "three", 0),
            ):
                pass


def test_two_loads_that_end_on_one_device_are_two() -> None:
    alpha = device("alpha")
    admission = counting(alpha)
    with admission.admitted(ADA, "one", GB) as one:
        admission.place(one, alpha)
        with admission.admitted(ADA, "two", GB) as two:
            alpha.loads = (loading(1),)
            admission.place(two, alpha)
            alpha.loads, alpha.instances = (), (instance(1), instance(2))
            with (
                pytest.raises(LimitReachedError, match="and has 2"),
                admission.admitted(ADA, "three", 0),
            ):
                pass
