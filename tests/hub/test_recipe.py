"""The recipe of the guide for JupyterHub, in a real one: each user has a token of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests import engines
from tests.fleet.test_guides import blocks
from tests.hub.hub import PASSWORD, jupyterhub
from tests.ports import free_ports

pytestmark = [pytest.mark.large, pytest.mark.timeout(180)]

XSRF = re.compile(r'name="_xsrf" value="([^"]+)"')
SCOPE = re.compile(r'name="scopes" value="([^"]+)"')


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[str]:
    """An engine as the guide starts it, which knows the users of the Hub."""
    (tmp_path / "users.toml").touch(0o600)
    (tmp_path / "limits.toml").write_text(blocks("jupyterhub.md", "toml")[0])
    process, address = engines.start(
        tmp_path / "log",
        *("--token-file", str(tmp_path / "engine.token")),
        *("--guest-tokens", str(tmp_path / "users.toml")),
        *("--limits", str(tmp_path / "limits.toml")),
        HOME=str(tmp_path),
    )
    yield address
    engines.end(process)


@pytest.fixture
def hub(shared: str, tmp_path: Path) -> Iterator[str]:
    spawning, service, settings = blocks("jupyterhub.md", "python")
    (tmp_path / "lms_service.py").write_text(service)
    (port,) = free_ports(1)
    recipe = f"{spawning}\n{settings}"
    for told, here in {
        "/home/lms/users.toml": str(tmp_path / "users.toml"),
        "/etc/lms/lms_service.py": str(tmp_path / "lms_service.py"),
        "127.0.0.1:41500": shared,
        "127.0.0.1:41510": f"127.0.0.1:{port}",
    }.items():
        assert told in recipe
        recipe = recipe.replace(told, here)
    (tmp_path / "hub").mkdir()
    with jupyterhub(tmp_path / "hub", {}, recipe) as address:
        yield address


def logged_in(hub: str, name: str) -> httpx.Client:
    """Log in, start the user's server and wait for it."""
    client = httpx.Client(follow_redirects=True, timeout=60)
    form = client.get(f"{hub}hub/login").text
    asked = {"username": name, "password": PASSWORD, "_xsrf": XSRF.findall(form)[0]}
    client.post(f"{hub}hub/login?next=", data=asked).raise_for_status()
    while not client.get(f"{hub}user/{name}/lab").url.path.endswith(f"/user/{name}/lab"):
        continue  # the Hub says that the server is being started
    return client


def own_token(hub: str, client: httpx.Client) -> str:
    """Ask the service for one's token, and let it know who one is, as its page asks."""
    answer = client.get(f"{hub}services/lms/")
    if "json" not in answer.headers["content-type"]:
        asked = {"_xsrf": XSRF.findall(answer.text)[0], "scopes": SCOPE.findall(answer.text)}
        answer = client.post(answer.url, data=asked)
    answer.raise_for_status()
    token: str = answer.json()["token"]
    return token


def test_each_user_of_the_hub_has_a_token_that_the_engine_knows(hub: str, shared: str) -> None:
    tokens = {}
    for name in ("ada", "visitor"):
        with closing(logged_in(hub, name)) as client:
            tokens[name] = own_token(hub, client)
    assert tokens["ada"] != tokens["visitor"]

    answers = {}
    for name, token in tokens.items():
        headers = {"Authorization": f"Bearer {token}"}
        load = f"http://{shared}/api/v1/models/load"
        answer = httpx.post(load, json={"model": "tutor-1m"}, headers=headers, timeout=60)
        answers[name] = answer.status_code, answer.json().get("error", {}).get("code", "")
    assert answers["ada"] == (200, "")
    assert answers["visitor"][0] == 403
    assert httpx.get(f"http://{shared}/api/v1/models").status_code == 401
