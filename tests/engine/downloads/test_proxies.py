"""What stands between the engine and its source of models, and what is said of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from lms_jupyter.engine.downloads.hub import Hub
from lms_jupyter.engine.downloads.proxies import proxy_for
from lms_jupyter.engine.errors import DownloadFailedError
from tests.engine.flaky_hub import FlakyHub

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ws_proxy", "wss_proxy")
SOURCE = "https://source.invalid"
SECRET = "s3cret%21"  # noqa: S105 - a made-up one


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def said(source: str, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a search says that does not come through, its hint included."""

    async def search() -> None:
        hub = Hub(source)
        try:
            await hub.search("x")
        finally:
            await hub.close()

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DownloadFailedError) as caught:
        asyncio.run(search())
    assert "\n" not in caught.value.title
    return f"{caught.value.title} {caught.value.hint}"


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("kind", ["socks4", "socks5", "socks5h", "socks", "gopher"])
def test_a_proxy_of_a_kind_that_is_not_spoken_is_named_as_such(
    name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = said(SOURCE, {name: f"{kind}://127.0.0.1:9"}, monkeypatch)

    assert f"{name} names a {kind} proxy" in told
    assert "http" in told


@pytest.mark.parametrize(
    "text", ["http://[", "::::", "http://h:99999999", "http://h:port", "http://", " http://a b "]
)
def test_what_is_no_proxy_is_named_with_its_variable(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = said(SOURCE, {"https_proxy": text}, monkeypatch)

    assert told.startswith("https_proxy is no address of a proxy")


@pytest.mark.parametrize("scheme", ["", "http://", "https://"])
def test_a_proxy_that_does_not_answer_is_named_without_its_password(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = said(SOURCE, {"https_proxy": f"{scheme}me:{SECRET}@127.0.0.1:9"}, monkeypatch)

    assert f"through the proxy {scheme or 'http://'}127.0.0.1:9" in told
    assert "https_proxy" in told
    assert "s3cret" not in told


@pytest.mark.parametrize(
    "environment",
    [
        {"http_proxy": "http://127.0.0.1:9", "all_proxy": "socks5://127.0.0.1:9"},
        {"HTTP_PROXY": "http://[", "https_proxy": "http://h:99999999", "ws_proxy": "::"},
        {"all_proxy": "socks4://h:1", "NO_PROXY": "[::1],::1/128,http://[,*"},
    ],
)
def test_a_source_on_this_machine_is_reached_whatever_is_set(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    async def search() -> tuple[str, ...]:
        async with FlakyHub({}).serve() as source:
            hub = Hub(source.endpoint)
            try:
                return await hub.search("tiny")
            finally:
                await hub.close()

    assert asyncio.run(search()) == ("a/tiny-GGUF",)


def test_what_another_scheme_has_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://h:99999999")
    monkeypatch.setenv("ws_proxy", "http://[")

    assert proxy_for("https://source.invalid") is None


@pytest.mark.parametrize(
    ("environment", "url", "variable"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1", "HTTPS_PROXY"),
        ({"all_proxy": "p:1"}, "http://p:1", "all_proxy"),
        ({"all_proxy": "http://a:1", "https_proxy": "http://p:1"}, "http://p:1", "https_proxy"),
        ({"HTTPS_PROXY": "http://a:1", "https_proxy": "http://p:1"}, "http://p:1", "https_proxy"),
    ],
)
def test_the_proxy_of_a_scheme_counts_more_than_that_of_all(
    environment: dict[str, str], url: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    proxy = proxy_for("https://source.example")

    assert proxy is not None
    assert (proxy.url, proxy.variable) == (url, variable)


@pytest.mark.parametrize("exceptions", ["*", "source.example", ".example", "b, source.example"])
def test_no_proxy_makes_exceptions(exceptions: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://p:1")
    monkeypatch.setenv("NO_PROXY", exceptions)

    assert proxy_for("https://source.example:443") is None


@pytest.mark.asyncio
async def test_downloads_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Queue[str]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked.put((await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[0])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        hub = Hub("http://source.invalid")
        assert await hub.search("x") == ()
        await hub.close()

    assert (await asked.get()).startswith("GET http://source.invalid/api/models?")
