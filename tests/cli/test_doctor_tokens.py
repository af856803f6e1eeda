"""What the doctor says of the tokens that are kept for hosts with names."""

import pytest

from lms_jupyter.doctor import connection
from lms_jupyter.doctor.finding import CheckContext
from lms_jupyter.hosts import host_names

HALVES = ("Ab3dEf9h", "0123456789abcdefghij")


@pytest.mark.parametrize(
    ("address", "state"), [("https://gpu.example", "good"), ("10.0.0.7", "look")]
)
def test_a_token_that_is_kept_for_a_named_host_is_said_and_not_shown(
    address: str, state: str
) -> None:
    host_names.add("gpu", address, token=f"sk-lm-{':'.join(HALVES)}")

    (finding,) = connection.token(CheckContext(named="gpu", environ={}))

    assert finding.state == state
    assert "There is one in the file that keeps it for gpu" in finding.says
    assert not any(half in repr(finding) for half in HALVES)


def test_a_host_that_has_a_name_and_no_token_needs_none() -> None:
    host_names.add("gpu", "10.0.0.7")

    (finding,) = connection.token(CheckContext(named="gpu", environ={}))

    assert finding.says.startswith("None, which is right unless the host wants one.")
