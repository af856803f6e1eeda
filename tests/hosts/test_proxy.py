"""Exceptions from proxies: made when needed, and taken back."""

import os
from collections.abc import Iterator

import pytest

from lms_jupyter.hosts.proxy import EXCEPTIONS, PROXIES, go_back, go_direct


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*PROXIES, *EXCEPTIONS):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield
    go_back()


def test_without_a_proxy_the_environment_is_left_alone() -> None:
    go_direct("127.0.0.1:1234")

    assert not set(EXCEPTIONS) & set(os.environ)


@pytest.mark.parametrize(
    ("address", "host"),
    [("127.0.0.1:1234", "127.0.0.1"), ("gpu-box:9000", "gpu-box"), ("[::1]:1234", "::1")],
)
def test_the_host_is_added_to_the_exceptions_once(
    address: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "intranet")

    for _ in range(2):
        go_direct(address)

    assert os.environ["NO_PROXY"] == f"intranet,{host}"
    assert os.environ["no_proxy"] == host


def test_the_environment_is_put_back_but_not_over_what_somebody_else_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "intranet")
    go_direct("127.0.0.1:1234")
    go_direct("gpu-box:1234")
    go_back()
    assert os.environ["NO_PROXY"] == "intranet"
    assert "no_proxy" not in os.environ

    go_direct("127.0.0.1:1234")
    os.environ["NO_PROXY"] = "mine"
    go_back()
    assert os.environ["NO_PROXY"] == "mine"
