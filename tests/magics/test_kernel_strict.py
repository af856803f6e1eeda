"""Every verb on a host that takes only what LM Studio's published schemas describe."""

import os
import re
from collections.abc import Iterator

import pytest

from lms_jupyter.magics.parser import verb_names
from tests.hosts.strict import StrictHost, strict
from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel

KEY = "qwen/qwen3-4b"
LINES = [
    "%lms ls",
    "%lms ls --variants",
    f"%lms ls {KEY}",
    f"llm = %lms load {KEY} --ttl 60 --new --identifier kept -c 4096",
    f"%lms load {KEY}",
    f"%lms model {KEY}",
    f"%lms load {KEY} --device lab --new",
    f"%lms load {KEY} --estimate-only",
    f"%lms estimate {KEY} -c 8192 --gpu 0.5",
    "print(llm.respond('Hello').content)",
    "%lms ps",
    "%lms ps --json",
    "%lms status",
    "%lms extend kept 5m --reload",
    "%lms host",
    "%lms server status",
    "%lms server start",
    "%lms server stop",
    "%lms link status",
    "%lms link disable",
    "%lms link enable",
    "%lms link set-device-name desk",
    "%lms link set-preferred-device lab",
    "%lms runtime ls",
    "%lms runtime survey",
    "%lms runtime select llama.cpp-linux-cuda@2.10.0",
    "%lms preset ls",
    "%lms pin kept",
    "%lms log --seconds 0.2",
    "%lms get acme/x --yes",
    "%lms get words",
    f"%lms chat {KEY} -p Hello",
    f"%%lms {KEY}\nHello there",
    f"%%lms {KEY} --json {{}}\nHello there",
    f"%%lms compare {KEY} kept\nHello",
    f"%%lms sweep {KEY} context=[512]\nHi",
    "%lms lock",
    "%lms restore --check",
    "%lms restore",
    "%lms panel",
    "%lms doctor",
    "%lms usage",
    f"%lms delete {KEY} -y",
    "%lms free",
    "%lms unload kept",
    "%lms unload --all",
]


@pytest.fixture(scope="module")
def host() -> Iterator[StrictHost]:
    with Studio(devices={"lab-1": "lab"}) as studio, strict(studio.address) as host:
        yield host


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, host: StrictHost) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("strict")
    own = {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "XDG_STATE_HOME", "HOME")}
    notebook = {"JPY_SESSION_NAME": str(folder / "a.ipynb"), "LMS_JUPYTER_HOST": host.address}
    with Kernel({**os.environ, **own, **notebook}, str(folder)) as kernel:
        assert kernel.run("%load_ext lms_jupyter").error == ""
        yield kernel


def test_every_verb_says_what_lm_studio_understands(kernel: Kernel, host: StrictHost) -> None:
    for line in LINES:
        ran = kernel.run(line)
        assert "Traceback (most recent call last)" not in f"{ran.plain}\n{ran.error_text}", line

    assert host.wrong() == []
    assert host.sent() >= {
        *(("llm", name) for name in ("listLoaded", "loadModel", "getOrLoad", "predict")),
        *(("llm", name) for name in ("unloadModel", "getLoadConfig", "estimateModelUsage")),
        *(("repository", name) for name in ("downloadModel", "searchModels", "lmLinkStatus")),
        *(("runtime", name) for name in ("listEngines", "selectEngine", "surveyHardware")),
        *(("system", name) for name in ("listDownloadedModels", "startHttpServer")),
    }


def test_every_verb_is_tried() -> None:
    tried = {match[1] for line in LINES if (match := re.search(r"%lms (\w+)", line))}

    assert set(verb_names()) - {"help"} <= tried
