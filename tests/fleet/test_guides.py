"""What the guides tell a reader to write can be read by what they write it for."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from lms_jupyter.engine.fleet.listed import Listed
from lms_jupyter.engine.settings import Settings

GUIDES = Path(__file__).parents[2] / "docs" / "fleet"


def blocks(guide: str, language: str) -> list[str]:
    text = (GUIDES / guide).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_fleet_that_is_written_down_can_be_read(tmp_path: Path) -> None:
    (told,) = blocks("workstations.md", "toml")
    file = tmp_path / "fleet.toml"
    file.write_text(told)

    (node,) = Listed.read(file).nodes

    assert (node.device, node.address) == ("gpu-box", "192.168.0.7:41500")
    assert node.token is not None
    assert (tmp_path / "gpu-box.token").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("guide", ["workstations.md", "slurm.md"])
def test_the_engines_command_lines_are_understood(
    guide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    text = "\n".join(blocks(guide, "bash")).replace("\\\n", " ")
    lines = [line.partition("lms-jupyter engine")[2] for line in text.splitlines()]
    found = [Settings.from_arguments(_words(line, tmp_path)) for line in lines if line.strip()]

    assert any(settings.fleet for settings in found)


def _words(line: str, home: Path) -> list[str]:
    return [word.replace("~", str(home)) for word in shlex.split(line.replace("$HOME", str(home)))]


def test_the_batch_file_is_a_shell_script() -> None:
    script = blocks("slurm.md", "bash")[0]

    assert script.startswith("#!/bin/bash\n#SBATCH")
    subprocess.run(["/bin/bash", "-n"], input=script, text=True, check=True)


def test_the_manifest_wants_a_token_everywhere_and_starts_a_gateway() -> None:
    (manifest,) = map(yaml.safe_load, blocks("kubernetes.md", "yaml"))
    head = manifest["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    (workers,) = manifest["spec"]["workerGroupSpecs"]
    every = [*head, *workers["template"]["spec"]["containers"]]
    for container in every:
        assert {"name": "RAY_AUTH_MODE", "value": "token"} in container["env"]
    command = head[1]["command"]

    token = {"LMS_JUPYTER_TOKEN": "sk-lm-abcdefgh:abcdefghijklmnopqrst"}
    settings = Settings.from_arguments(command[2:], token)

    assert command[:2] == ["lms-jupyter", "engine"]
    assert (settings.fleet, settings.host) == ("ray:127.0.0.1:6379", "0.0.0.0")  # noqa: S104 - what the manifest says
