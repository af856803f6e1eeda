"""A proxy that speaks TLS before a host that does not, and the certificate that it has signed."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiohttp import ClientSession, WSMsgType, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.loop_thread import loop_thread


def write_certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """Write a certificate that has signed itself, and its key; returns both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    place = x509.IPAddress(ipaddress.ip_address(name))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([place]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@dataclass
class TlsProxy:
    """Started with `with`; serves from a thread of its own what the host behind it says."""

    behind: str
    """The address of the host."""
    folder: Path
    """Where its certificate is to be written."""
    path: str = ""
    """What comes before the paths of the host: "/lms"."""
    address: str = ""
    asked: list[str] = field(default_factory=list)
    """The paths that somebody came for."""

    def __enter__(self) -> Self:
        self.certificate, self._key = write_certificate(self.folder)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = loop_thread(self._loop, self._serve())
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        self._transports: set[asyncio.Transport] = set()
        application = web.Application()
        application.router.add_route("*", f"{self.path}/{{rest:.*}}", self._pass_on)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self._key)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        host, port = runner.addresses[0][:2]
        self.address = f"https://{host}:{port}{self.path}"
        async with ClientSession() as self._client:
            self._ready.set()
            await self._over.wait()
            # Clients of the SDK may still be connected.
            for transport in self._transports:
                # One that is closed already has nothing to abort, and early releases of Python
                # 3.11 say so by this error.
                with contextlib.suppress(AttributeError):
                    transport.abort()
            await runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        rest = request.match_info["rest"]
        self.asked.append(rest)
        if request.transport is not None:
            self._transports.add(request.transport)
        url = f"http://{self.behind}/{rest}"
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._join(request, url)
        async with self._client.request(
            request.method, url, params=request.query, data=await request.read()
        ) as answer:
            body = await answer.read()
            return web.Response(
                body=body, status=answer.status, content_type=answer.content_type or "text/plain"
            )

    async def _join(self, request: web.Request, url: str) -> web.WebSocketResponse:
        front = web.WebSocketResponse(max_msg_size=0)
        await front.prepare(request)
        async with self._client.ws_connect(url, max_msg_size=0) as back:

            async def forth() -> None:
                async for message in front:
                    if message.type is WSMsgType.TEXT:
                        await back.send_str(message.data)
                await back.close()

            going = asyncio.create_task(forth())
            try:
                async for message in back:
                    if message.type is WSMsgType.TEXT:
                        await front.send_str(message.data)
                await front.close()
            finally:
                going.cancel()
                await asyncio.gather(going, return_exceptions=True)
        return front
