"""A host of ours is reached straight, whatever the environment says of proxies."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import httpx_ws
import lmstudio
import pytest
from lmstudio import sync_api

from lms_jupyter.errors import DownloadFailedError
from lms_jupyter.hosts import handles, rest, sdk_sockets
from lms_jupyter.hosts.base import Offer
from lms_jupyter.hosts.downloads import DownloadJobs
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.hosts.sdk_default import DefaultClient

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ws_proxy", "wss_proxy")
PROXY = "{proxy}"
"""Stands for the address of a proxy that must not be asked."""
ENVIRONMENTS = {
    "socks5": {"ALL_PROXY": f"socks5://{PROXY}"},
    "socks5h": {"all_proxy": f"socks5h://{PROXY}"},
    "socks4": {"ALL_PROXY": f"socks4://{PROXY}"},
    "socks4a": {"all_proxy": f"socks4a://{PROXY}"},
    "socks": {"HTTP_PROXY": f"socks://{PROXY}", "http_proxy": f"socks://{PROXY}"},
    "socks_and_exceptions": {"ALL_PROXY": f"socks5://{PROXY}", "NO_PROXY": "127.0.0.1,localhost"},
    "http": {"HTTP_PROXY": f"http://{PROXY}", "http_proxy": f"http://{PROXY}"},
    "all": {"all_proxy": f"http://{PROXY}", "ALL_PROXY": f"http://{PROXY}"},
    "https": {"HTTPS_PROXY": f"https://{PROXY}", "ALL_PROXY": f"https://{PROXY}"},
    "ws": {"ws_proxy": f"http://{PROXY}", "wss_proxy": f"http://{PROXY}"},
    "dead": {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"},
    "password": {"http_proxy": f"http://user:p%40ss@{PROXY}"},
    "no_scheme": {"http_proxy": PROXY, "ALL_PROXY": PROXY},
    "unknown_scheme": {"ALL_PROXY": f"gopher://{PROXY}"},
    "garbage": {"http_proxy": "http://[", "ALL_PROXY": "::::", "HTTPS_PROXY": "http://:99999999"},
    "bad_port": {"http_proxy": "http://proxy.example:port", "all_proxy": "http://h:70000"},
    "spaces": {"http_proxy": "  ", "ALL_PROXY": " http://a b "},
    "not_ascii": {"http_proxy": "http://прокси:1", "ALL_PROXY": "http://\u2028:1"},
    "exceptions_ipv6": {"http_proxy": f"http://{PROXY}", "NO_PROXY": "[::1]"},
    "exceptions_network": {"http_proxy": f"http://{PROXY}", "no_proxy": "::1/128,10.0.0.0/8,[f::"},
    "exceptions_all": {"http_proxy": f"http://{PROXY}", "NO_PROXY": "*"},
    "exceptions_wild": {"ALL_PROXY": f"socks5://{PROXY}", "NO_PROXY": "*.example,.local,*.*,,"},
    "exceptions_garbage": {"no_proxy": "http://[,:::,%zz,\u00e9, ", "http_proxy": f"http://{PROXY}"},
    "certificates": {"SSL_CERT_FILE": "/nowhere/at/all.pem", "SSL_CERT_DIR": "/nowhere"},
    "not_certificates": {"SSL_CERT_FILE": __file__, "REQUESTS_CA_BUNDLE": "/nowhere"},
    "netrc": {"NETRC": "/nowhere/netrc", "HOME": "/nonexistent"},
}  # fmt: skip


class Bystander:
    """Listens like a proxy, hangs up, and counts who came."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.came = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                guest, _ = self._listener.accept()
                self.came += 1
                guest.close()


@pytest.fixture
def proxy() -> Iterator[Bystander]:
    bystander = Bystander()
    yield bystander
    bystander.close()


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest, proxy: Bystander) -> dict[str, str]:
    told = ENVIRONMENTS[request.param]
    return {name: value.replace(PROXY, proxy.address) for name, value in told.items()}


@pytest.fixture
def _set(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def greet(address: str) -> None:
    assert asyncio.run(rest.greet(address)).is_engine


def use_host(address: str) -> None:
    async def use() -> None:
        host = SdkHost(address)
        await host.connect()
        assert await host.models()
        await host.close()

    asyncio.run(use())


def use_sync_client(address: str) -> None:
    with handles.sync_client(address) as client:
        assert client.llm.list_loaded() == []
        assert client.embedding.list_loaded() == []


def use_async_client(address: str) -> None:
    async def use() -> None:
        client = await handles.async_client(address)
        assert await client.list_downloaded_models()
        await client.aclose()

    asyncio.run(use())


def use_convenience_calls(address: str) -> None:
    default = DefaultClient(lambda: address)
    default.install()
    try:
        assert list(lmstudio.list_loaded_models()) == []
    finally:
        default.remove()
        sync_api._reset_default_client()


def download(address: str) -> None:
    offer = Offer(name="a/b", download_id="nothing", size_bytes=1)

    async def follow() -> None:
        async for _ in DownloadJobs(address).follow(offer):
            pass

    # The engine has answered, and says what hinders it.
    with pytest.raises(DownloadFailedError, match="does not name a repository"):
        asyncio.run(follow())


@pytest.mark.usefixtures("_set")
@pytest.mark.parametrize(
    "use", [greet, use_host, use_sync_client, use_async_client, use_convenience_calls, download]
)
def test_every_client_goes_straight_to_the_host(
    address: str, use: Callable[[str], None], proxy: Bystander
) -> None:
    before = dict(os.environ)

    use(address)

    assert proxy.came == 0
    assert dict(os.environ) == before


def test_a_client_that_somebody_made_for_another_host_keeps_its_proxy(
    proxy: Bystander, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    monkeypatch.setenv("all_proxy", f"http://{proxy.address}")

    async def visit() -> None:
        async with sdk_sockets.open_plain("ws://elsewhere.invalid:1234/llm"):
            pass

    with pytest.raises((httpx.HTTPError, httpx_ws.HTTPXWSException)):
        asyncio.run(visit())
    assert proxy.came == 1


SESSION = """
import lms_jupyter
print(lms_jupyter.load("tutor-1m", ttl=60).respond("Hello").stats.stop_reason)
lms_jupyter.unload("tutor-1m")
"""


@pytest.mark.parametrize(
    "name", ["socks5", "socks4", "garbage", "exceptions_ipv6", "dead", "certificates"]
)
def test_a_whole_session_and_the_doctor_reach_the_host(
    address: str, name: str, proxy: Bystander, tmp_path: Path
) -> None:
    environment = {k: v.replace(PROXY, proxy.address) for k, v in ENVIRONMENTS[name].items()}
    everything = {**os.environ, "HOME": str(tmp_path), "LMS_JUPYTER_HOST": address, **environment}

    used = subprocess.run(
        [sys.executable, "-c", SESSION], env=everything, capture_output=True, text=True, check=False
    )
    doctor = subprocess.run(
        [sys.executable, "-m", "lms_jupyter.cli", "doctor"],
        env=everything,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (used.stdout.strip(), used.returncode) == ("eosFound", 0), used.stderr
    (line,) = [line for line in doctor.stdout.splitlines() if "  Host " in line]
    assert line.startswith("ok"), doctor.stdout
