"""What the guides tell a reader to write can be read by what they write it for."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from lms_jupyter.engine.fleet.listed import Listed
from lms_jupyter.engine.guest_tokens import GuestTokens
from lms_jupyter.engine.limits import LimitsFile
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


CONTAINER = {"name", "image", "command", "ports", "env", "resources", "volumeMounts"}
FIELDS = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "spec": {"headGroupSpec", "workerGroupSpecs"},
    "spec.headGroupSpec": {"rayStartParams", "template"},
    "spec.workerGroupSpecs": {"groupName", "replicas", "rayStartParams", "template"},
    "template": {"spec"},
    "template.spec": {"containers", "volumes"},
    "template.spec.containers": CONTAINER,
    "template.spec.containers.env": {"name", "value", "valueFrom"},
    "template.spec.containers.env.valueFrom": {"secretKeyRef"},
    "template.spec.containers.env.valueFrom.secretKeyRef": {"name", "key"},
    "template.spec.containers.ports": {"containerPort"},
    "template.spec.containers.resources": {"limits"},
    "template.spec.containers.volumeMounts": {"name", "mountPath"},
    "template.spec.volumes": {"name", "persistentVolumeClaim"},
    "template.spec.volumes.persistentVolumeClaim": {"claimName"},
}
"""What KubeRay's `RayCluster` and Kubernetes' pods call the fields that the manifest uses."""
NAMED_FREELY = {"metadata", "rayStartParams", "limits"}


def unknown_fields(said: Any, path: str = "") -> list[str]:
    """Return the fields of a manifest that are not among those."""
    if isinstance(said, list):
        return [name for one in said for name in unknown_fields(one, path)]
    if not isinstance(said, dict) or path.rpartition(".")[2] in NAMED_FREELY:
        return []
    at = path[path.find("template") :] if "template" in path else path
    below = (unknown_fields(one, f"{path}.{name}".lstrip(".")) for name, one in said.items())
    return [f"{path}.{n}" for n in said.keys() - FIELDS[at]] + [n for each in below for n in each]


def test_the_manifest_has_fields_that_kubernetes_and_kuberay_know() -> None:
    (manifest,) = map(yaml.safe_load, blocks("kubernetes.md", "yaml"))

    assert unknown_fields(manifest) == []
    assert (manifest["apiVersion"], manifest["kind"]) == ("ray.io/v1", "RayCluster")
    (workers,) = manifest["spec"]["workerGroupSpecs"]
    for group in (manifest["spec"]["headGroupSpec"], workers):
        pod = group["template"]["spec"]
        there = {one["name"] for one in pod.get("volumes", [])}
        mounted = {
            one["name"] for each in pod["containers"] for one in each.get("volumeMounts", [])
        }
        assert mounted == there
        assert all({"name", "image"} <= set(one) for one in pod["containers"])
        assert all(set(one) & {"value", "valueFrom"} for c in pod["containers"] for one in c["env"])


@pytest.mark.parametrize("guide", sorted(path.name for path in GUIDES.glob("*.md")))
def test_every_command_of_a_guide_is_shell(guide: str) -> None:
    for script in blocks(guide, "bash"):
        subprocess.run(["/bin/bash", "-n"], input=script, text=True, check=True)


def test_the_hubs_recipe_gives_each_user_a_token_that_the_engine_knows(tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text(blocks("jupyterhub.md", "toml")[0])
    recipe, service, settings = blocks("jupyterhub.md", "python")
    users = tmp_path / "users.toml"
    recipe = recipe.replace("/home/lms/users.toml", str(users))
    hub = SimpleNamespace(Spawner=SimpleNamespace(), JupyterHub=SimpleNamespace())
    exec(recipe, {"c": hub})  # noqa: S102 - what the guide tells the reader to run

    started = {}
    for name in ("ada", "Zoë o'Neil", "visitor", "ada"):
        spawner = SimpleNamespace(environment={}, user=SimpleNamespace(name=name))
        hub.Spawner.pre_spawn_hook(spawner)
        token = spawner.environment["LMSTUDIO_API_TOKEN"]
        assert started.setdefault(name, token) == token

    guests, file = GuestTokens(users), LimitsFile(limits)
    for name, token in started.items():
        guest = guests.shown_by([token])
        assert guest is not None
        assert guest.name == name
    assert file.of("ada").instances == 1
    assert file.of("visitor").read_only
    compile(service, "lms_service.py", "exec")
    exec(settings, {"c": hub})  # noqa: S102 - the same
    assert hub.JupyterHub.services[0]["name"] == "lms"


def test_the_hubs_service_shows_a_user_their_own_token_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "users.toml"
    users.write_text('[ada]\ntoken = "hers"\n[ben]\ntoken = "his"')
    for name, value in {
        "LMS_USERS": str(users),
        "LMS_ADDRESS": "127.0.0.1:1",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/lms/",
        "JUPYTERHUB_API_TOKEN": "of-the-service",
        "JUPYTERHUB_CLIENT_ID": "service-lms",
    }.items():
        monkeypatch.setenv(name, value)
    space: dict[str, Any] = {"__name__": "lms_service"}
    exec(blocks("jupyterhub.md", "python")[1], space)  # noqa: S102 - what the reader runs
    mine = space["Mine"].get.__wrapped__
    said: list[str] = []

    def asked_by(user: str) -> SimpleNamespace:
        return SimpleNamespace(
            get_current_user=lambda: {"name": user},
            set_header=lambda *_: None,
            write=said.append,
        )

    mine(asked_by("ada"))

    assert json.loads(said[0]) == {"host": "127.0.0.1:1", "token": "hers"}
    with pytest.raises(Exception, match="Start your server once"):
        mine(asked_by("carol"))
    assert issubclass(space["Mine"], space["HubOAuthenticated"])
