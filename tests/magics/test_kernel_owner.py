"""A kernel and an engine that was started for it: it gets in everywhere, and keeps the token."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_jupyter.hosts import announcements, embedded

from .kernels import Kernel, Ran

EVERYTHING = """
import asyncio, logging, lmstudio
from lms_jupyter import aio
logging.basicConfig(level=logging.DEBUG, force=True)
llm = %lms load tutor-1m
print("magic", len(llm.complete("a", config={"maxTokens": 1}).content) >= 0)
print("convenience", lmstudio.llm("tutor-1m").identifier)
handle = await aio.load("tutor-1m")
print("async", len((await handle.complete("a", config={"maxTokens": 1})).content) >= 0)
address = lms_jupyter.openai()["base_url"].removeprefix("http://").removesuffix("/v1")
with lmstudio.Client(address) as own:
    print("own", own.list_loaded_models()[0].identifier)
await aio.close()
"""
SHOWN = (
    "lms_jupyter.openai()",
    "%lms ps",
    "%lms status",
    "%lms host list",
    "%lms doctor",
    "[vars(o) for o in __import__('gc').get_objects() if type(o).__name__ == 'SdkHost']",
    "lms_jupyter.panel()",
    "lms_jupyter.hosts.announcements.announced()",
    "lms_jupyter.hosts.credentials.new_client(lmstudio.Client, address)._auth_details",
)
FAILS = """
%xmode Verbose
from lms_jupyter.hosts import credentials, downloads, sdk
def fails(address):
    token = credentials.token_for(address)
    halves = credentials.parts(token)
    handshake = credentials.new_client(lmstudio.Client, address, token)._auth_details
    jobs = downloads.DownloadJobs(address, token)
    raise ValueError(address)
fails(address)
"""
OPENAI = """
import httpx
api = lms_jupyter.openai()
key = {"Authorization": f"Bearer {api['api_key']}"}
print(httpx.get(f"{api['base_url']}/models", headers=key, trust_env=False).status_code)
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment of a kernel with a home of its own, where no LM Studio is looked for."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield dict(os.environ)
    asyncio.run(embedded.stop_engine())


def everything(ran: Ran) -> str:
    return "\n".join([ran.text, ran.error_text, json.dumps([ran.bundles, ran.updates])])


def test_the_kernel_is_let_in_everywhere_and_tells_the_token_nobody(
    state: dict[str, str], tmp_path: Path
) -> None:
    with Kernel(state, str(tmp_path)) as kernel:
        kernel.run("%load_ext lms_jupyter\nimport lms_jupyter")
        used = kernel.run(EVERYTHING)
        assert used.error == "", used.error_text
        known = announcements.announced()
        assert known is not None
        assert known.token is not None
        shown = [kernel.run(code) for code in SHOWN]
        failed = kernel.run(FAILS)
        asked = kernel.run(OPENAI)
        pid = kernel.value("__import__('os').getpid()")
        seen = [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
        kernel.run("%lms unload --all")

    for way in ("magic True", "convenience tutor-1m", "async True", "own tutor-1m"):
        assert way in used.text
    assert asked.text.strip().endswith("200")
    assert failed.error == "ValueError"
    assert "halves" in failed.error_text, "the values of names are shown"
    assert [ran.error for ran in shown] == [""] * len(SHOWN), [ran.error_text for ran in shown]
    told = "\n".join(map(everything, (used, failed, asked, *shown)))
    told += b"".join(seen).decode(errors="replace")
    for half in known.token.removeprefix("sk-lm-").split(":"):
        assert half not in told
