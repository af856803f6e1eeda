"""LM Studio's own clients, as the registries have them, from the first listing to the last unload.

Each runs as a program of its own, so that several versions can be tried; none may hang.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.installed import INSTALL_S, newest_sdk

from .conftest import EngineProcess, start_engine
from .flaky_hub import FlakyHub
from .published import CLIENTS, node

HANGS_S = 60
TOKEN = "sk-lm-Ab3dEf9h:0123456789abcdefghij"  # noqa: S105 - a made-up one

JAVASCRIPT = {"lmstudio-sdk-1": "1.5.0", "@lmstudio/sdk": "2.0.0"}
"""The packages that the JavaScript SDK is installed as, and their versions."""

Report = dict[str, Any]


@pytest.fixture(scope="session")
def newest_python_sdk() -> Path:
    return newest_sdk()


@pytest.mark.timeout(INSTALL_S + HANGS_S)
@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("version", ["1.5.0", "1.6.0b1"])
def test_the_python_sdk_sees_lm_studio(
    engine: EngineProcess, newest_python_sdk: Path, version: str, way: str
) -> None:
    path = str(newest_python_sdk) if version == "1.6.0b1" else ""

    seen = _python(engine, way, path)

    assert seen["version"] == version
    _check_what_every_client_sees(seen)
    assert "No downloaded model has the key or path 'nothing'" in seen["unknown_key"]
    assert "No loaded model matches identifier 'mine'" in seen["after_unload"]
    assert seen["config"]["contextLength"] == 512
    (instance,) = seen["activity"]["instances"]
    assert (instance["identifier"], instance["ttlMs"]) == ("mine", 90_000)
    assert "owner" not in instance, "who a guest is, nobody knows"


@pytest.mark.timeout(INSTALL_S + HANGS_S)
def test_a_token_in_the_environment_is_no_hindrance(
    engine: EngineProcess, newest_python_sdk: Path
) -> None:
    seen = _python(engine, "async", str(newest_python_sdk), LMSTUDIO_API_TOKEN=TOKEN)
    assert (seen["version"], seen["left"]) == ("1.6.0b1", [])


@pytest.fixture
def locked(models: Path, tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine that wants `TOKEN`."""
    (tmp_path / "token").write_text(TOKEN)
    running = start_engine(models, tmp_path / "log", "--token-file", str(tmp_path / "token"))
    yield running
    assert running.stop() == 0


@pytest.mark.timeout(INSTALL_S + HANGS_S)
@pytest.mark.parametrize("way", ["sync", "async"])
def test_the_python_sdk_with_the_token_sees_an_engine_that_wants_one(
    locked: EngineProcess, newest_python_sdk: Path, way: str
) -> None:
    seen = _python(locked, way, str(newest_python_sdk), LMSTUDIO_API_TOKEN=TOKEN)

    assert seen["version"] == "1.6.0b1"
    _check_what_every_client_sees(seen)


@pytest.mark.timeout(INSTALL_S + HANGS_S)
def test_the_javascript_sdk_with_the_token_sees_an_engine_that_wants_one(
    locked: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LM_API_TOKEN", TOKEN)

    _check_what_every_client_sees(node("javascript_client.mjs", locked.address, "@lmstudio/sdk"))


@pytest.mark.timeout(INSTALL_S + HANGS_S)
@pytest.mark.parametrize(("sdk", "version"), JAVASCRIPT.items())
def test_the_javascript_sdk_sees_lm_studio_and_never_waits_in_vain(
    engine: EngineProcess, sdk: str, version: str
) -> None:
    seen = node("javascript_client.mjs", engine.address, sdk)

    assert seen["sdk"] == version
    _check_what_every_client_sees(seen)
    assert 'Cannot find a model with path "nothing"' in seen["unknown_key"]
    assert "already exists" in seen["twice"]
    assert seen["stopped"] == "userStopped"
    assert seen["aborted"] == "enough"
    assert "already been unloaded" in seen["after_unload"]
    assert "No loaded model satisfies" in seen["again"]
    assert seen["parsed"] == "First.\n\nSecond."
    assert seen["retrieved"] == [["First.\n\nSecond.", "notes.txt"]]
    config = seen["config"]
    fields = {field["key"]: field["value"] for field in config.get("fields", [])}
    assert fields.get("llm.load.contextLength", config.get("contextLength")) == 512
    assert (seen["info"]["identifier"], seen["info"]["contextLength"]) == ("mine", 512)


@pytest.mark.timeout(INSTALL_S + HANGS_S)
@pytest.mark.asyncio
@pytest.mark.parametrize(("sdk", "version"), JAVASCRIPT.items())
async def test_lms_get_downloads_by_a_plan(
    fetching: EngineProcess, hub: FlakyHub, sdk: str, version: str
) -> None:
    seen = await asyncio.to_thread(node, "get_client.mjs", fetching.address, sdk)

    size = len(hub.files["new-F16.gguf"])
    assert seen["plans"] == [[size, ["completed"] * 2], [0, ["satisfied"] * 2]]
    assert seen["progress"][-1] == size
    assert (seen["exact"], seen["key"]) == (True, "new")
    assert "has no model 'a/ghost'" in seen["ghost"]
    assert [one for one in seen["warnings"] if "deprecat" not in one.lower()] == []
    if version.startswith("2."):
        assert (seen["picks"], seen["catalog"]) == (["a/tiny-gguf"], [])
        assert (seen["survey"], seen["engines"]) == ("ok", 1)
        assert "has no variants" in seen["no_variants"]


def _check_what_every_client_sees(seen: Report) -> None:
    assert seen["keys"] == ["big-llm", "odd-llm", "text-embedding-tiny-embed", "tiny-llm"]
    assert seen["progress"] == sorted(seen["progress"])
    assert (seen["progress"][0], seen["progress"][-1]) == (0.0, 1.0)
    assert seen["context"] == 512
    assert seen["result"] == "".join(seen["fragments"])
    assert seen["stats"]["stopReason"] == "maxPredictedTokensReached"
    assert seen["stats"]["predictedTokensCount"] == 8
    assert seen["tokens"] == [[97, 98, 99], 3]
    assert seen["prompt"] == "<|im_start|>user\nhi<|im_end|><|im_start|>assistant\n"
    assert seen["completion"]
    assert seen["embedding"] == 64
    assert seen["just_in_time"] == "tiny-llm"
    assert seen["evicted"] is True
    assert seen["left"] == []


def _python(engine: EngineProcess, way: str, path: str, **variables: str) -> Report:
    program = str(CLIENTS / "python_client.py")
    said = _run(
        [sys.executable, program, engine.address, way],
        HANGS_S,
        variables={"PYTHONPATH": path, **variables},
    )
    report: Report = json.loads(said)
    return report


def _run(
    command: list[str],
    patience_s: float,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=patience_s,
        cwd=folder,
        env={**os.environ, **(variables or {})},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
