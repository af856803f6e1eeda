import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from lms_jupyter.errors import CommandError, HostUnreachableError
from lms_jupyter.hosts.addresses import normal_address
from lms_jupyter.hosts.discover import find_host
from lms_jupyter.hosts.rest import greet
from lms_jupyter.hosts.sdk import SdkHost


@asynccontextmanager
async def server(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """Serve one answer to every request; yields the address."""
    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    # What never answers must not hold up the end of a test.
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


async def lm_studio(request: web.Request) -> web.Response:
    if request.path == "/lmstudio-greeting":
        return web.json_response({"lmstudio": True})
    return web.json_response({"package": "lm-studio", "version": "0.4.9"})


async def somebody_else(_request: web.Request) -> web.Response:
    return web.Response(text="<h1>It works</h1>", content_type="text/html")


async def silence(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost", "localhost:1234"),
        (" 127.0.0.1:41343 ", "127.0.0.1:41343"),
        ("gpu-box.local:9000", "gpu-box.local:9000"),
        ("[::1]:1234", "[::1]:1234"),
        ("https://gpu.example", "https://gpu.example:443"),
        ("wss://gpu.example:8443/lms/", "https://gpu.example:8443/lms"),
        ("HTTPS://[::1]:9000/", "https://[::1]:9000"),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: str) -> None:
    assert normal_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:1234",
        "ws://localhost:1234",
        "a:b",
        "a:99999",
        "a:0",
        "a b",
        "",
        "https://",
        "https://a:0",
        "https://a/b?c",
        "https://user:secret@a",
        "a\0b",
        "\ud800",
        "xn--",
        "\u2028",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is no address of a host") as refusal:
        normal_address(text)

    assert "secret" not in f"{refusal.value.title} {refusal.value.hint}"


@pytest.mark.asyncio
async def test_lm_studio_says_who_it_is() -> None:
    async with server(lm_studio) as address:
        greeting = await greet(address)

    assert (greeting.name, greeting.version, greeting.is_engine) == ("LM Studio", "0.4.9", False)


@pytest.mark.asyncio
async def test_somebody_else_on_the_port_is_told_apart_from_nobody() -> None:
    async with server(somebody_else) as address:
        with pytest.raises(HostUnreachableError, match="but it is no LM Studio host"):
            await greet(address)
    with pytest.raises(HostUnreachableError, match="Nothing answers at"):
        await greet(address)


@pytest.mark.asyncio
async def test_a_listener_that_never_answers_is_given_up() -> None:
    async with server(silence) as address:
        with pytest.raises(HostUnreachableError):
            await greet(address, timeout_s=0.2)


@pytest.mark.asyncio
async def test_a_host_that_is_lost_after_it_was_greeted_is_unreachable() -> None:
    greetings = itertools.count()

    async def greets_once(request: web.Request) -> web.Response:
        if request.path == "/lmstudio-greeting" and next(greetings):
            assert request.transport is not None
            request.transport.abort()
        return await lm_studio(request)

    async with server(greets_once) as address:
        with pytest.raises(HostUnreachableError, match=r"The connection to .* is gone"):
            await SdkHost(address).connect()


@pytest.mark.asyncio
async def test_what_the_user_says_comes_before_the_environment_and_the_ports() -> None:
    async with server(lm_studio) as named, server(lm_studio) as other:
        environ = {"LMS_JUPYTER_HOST": other}
        port = int(other.rpartition(":")[2])

        said = await find_host(named, environ=environ, ports=[port], start=False)
        set_ = await find_host("", environ=environ, ports=[], start=False)
        found = await find_host("", environ={}, ports=[port], start=False)

    assert (said.host.info.address, said.why) == (named, "as you asked")
    assert (set_.host.info.address, set_.why) == (other, "by LMS_JUPYTER_HOST")
    assert (found.host.info.address, found.why) == (other, "found running here")


@pytest.mark.asyncio
async def test_a_named_host_that_does_not_answer_is_an_error_and_nothing_else_is_tried() -> None:
    async with server(lm_studio) as address:
        port = int(address.rpartition(":")[2])
        with pytest.raises(HostUnreachableError, match=r"Nothing answers at 127\.0\.0\.1:9"):
            await find_host("127.0.0.1:9", environ={}, ports=[port])


@pytest.mark.asyncio
async def test_no_host_at_all_is_said_so() -> None:
    with pytest.raises(HostUnreachableError, match="No LM Studio was found"):
        await find_host("", environ={}, ports=[], start=False)
