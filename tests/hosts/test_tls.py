"""A host behind a proxy that speaks TLS, with a certificate that no authority has signed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import lmstudio
import pytest
from lmstudio import sync_api

from lms_jupyter.errors import CommandError, HostUnreachableError
from lms_jupyter.hosts import handles, host_names
from lms_jupyter.hosts.addresses import url_of
from lms_jupyter.hosts.base import LoadOrigin
from lms_jupyter.hosts.discover import find_host
from lms_jupyter.hosts.sdk_default import DefaultClient
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.studio import Studio
from tests.hosts.tls import TlsProxy, write_certificate

HALVES = ("Ab3dEf9h", "0123456789abcdefghij")
TOKEN = f"sk-lm-{HALVES[0]}:{HALVES[1]}"


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio(token=HALVES) as studio:
        yield studio


@pytest.fixture(params=["", "/lms"])
def proxy(request: pytest.FixtureRequest, studio: Studio, tmp_path: Path) -> Iterator[TlsProxy]:
    with TlsProxy(studio.address, tmp_path, path=request.param) as proxy:
        yield proxy


@pytest.fixture
def named(proxy: TlsProxy) -> host_names.NamedHost:
    return host_names.add("gpu", proxy.address, token=TOKEN, certificate=str(proxy.certificate))


@pytest.mark.asyncio
@pytest.mark.usefixtures("named")
async def test_a_named_host_is_used_over_tls_with_its_own_token(
    proxy: TlsProxy, studio: Studio
) -> None:
    found = await find_host("gpu", start=False)
    await found.host.connect()
    (model,) = await found.host.models()
    request, by = LoadRequest(model_key=model.model_key), LoadOrigin(load_id="1")
    async for _ in found.host.load(request, by):
        pass
    (instance,) = (await found.host.poll()).instances

    assert found.host.info.address == proxy.address
    assert found.host.info.given_name == "gpu"
    assert instance.model_key == model.model_key
    assert "llm" in proxy.asked
    assert {(i["clientIdentifier"], i["clientPasskey"]) for i in studio.introductions} == {HALVES}
    await found.host.close()


@pytest.mark.usefixtures("named")
def test_clients_of_the_sdk_speak_tls_too(proxy: TlsProxy) -> None:
    with handles.sync_client(proxy.address, TOKEN) as client:
        assert client.llm.list_loaded() == []

    async def use() -> None:
        client = await handles.async_client(proxy.address, TOKEN)
        assert await client.list_downloaded_models()
        await client.aclose()

    asyncio.run(use())
    default = DefaultClient(lambda: proxy.address)
    default.install()
    try:
        assert list(lmstudio.list_loaded_models()) == []
    finally:
        default.remove()
        sync_api._reset_default_client()
    assert url_of(proxy.address) == proxy.address


@pytest.mark.asyncio
async def test_a_certificate_that_nobody_vouches_for_is_one_clear_sentence(
    proxy: TlsProxy, studio: Studio
) -> None:
    with pytest.raises(HostUnreachableError, match="is not trusted: self-signed") as refusal:
        await find_host(proxy.address, start=False)

    assert "--ca FILE" in refusal.value.hint
    assert studio.introductions == []


@pytest.mark.asyncio
async def test_another_certificate_than_the_one_that_was_named_is_not_trusted(
    proxy: TlsProxy, studio: Studio, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    stranger, _ = write_certificate(other)
    host_names.add("gpu", proxy.address, token=TOKEN, certificate=str(stranger))

    with pytest.raises(HostUnreachableError, match="is not trusted"):
        await find_host("gpu", start=False)

    assert studio.introductions == []


@pytest.mark.asyncio
@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_that_holds_no_certificate_is_said(
    proxy: TlsProxy, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    host_names.add("gpu", proxy.address, certificate=str(file))

    with pytest.raises(CommandError, match="holds no certificate that can be read"):
        await find_host("gpu", start=False)
