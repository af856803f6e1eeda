"""A real JupyterHub on loopback: two users, a proxy, a Jupyter Server for each."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
PROXY = ROOT / "js" / "node_modules" / ".bin" / "configurable-http-proxy"
START_TIMEOUT_S = 60.0
PASSWORD = "for-the-tests"  # noqa: S105 - of a hub on loopback that lives for one run
PREFIX = "/some where/".replace(" ", "%20")

CONFIG = """
import os, sys

c.JupyterHub.bind_url = "http://127.0.0.1:{port}{prefix}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "{password}"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.cleanup_servers = True
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser", "--allow-root"]
c.Spawner.default_url = "/lab"
c.Spawner.args = ["--LabApp.expose_app_in_browser=True", "--LabApp.news_url="]
c.Spawner.pre_spawn_hook = lambda spawner: spawner.environment.update(
    {environments!r}[spawner.user.name]
)
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/home/{{username}}"
"""


@contextlib.contextmanager
def jupyterhub(
    folder: Path, environments: Mapping[str, Mapping[str, str]], recipe: str = ""
) -> Iterator[str]:
    """Run JupyterHub until the end of the block; yields its address, with the base URL.

    Args:
        folder: Where everything of it lies.
        environments: For each user, variables for the environment of their server.
        recipe: What stands in its configuration after that.
    """
    assert PROXY.exists(), "Run npm ci in js/: the proxy of JupyterHub is one of its packages."
    port, hub_port, api_port = free_ports(3)
    config = folder / "jupyterhub_config.py"
    config.write_text(
        CONFIG.format(
            port=port,
            hub_port=hub_port,
            api_port=api_port,
            prefix=PREFIX,
            password=PASSWORD,
            folder=folder,
            proxy=PROXY,
            environments={name: dict(variables) for name, variables in environments.items()},
        )
        + recipe
    )
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        "HOME": str(folder),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    with (folder / "hub.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}{PREFIX}"
    try:
        _wait(f"{address}hub/api", process, folder / "hub.log")
        yield address
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder / "home", ignore_errors=True)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url):  # noqa: S310 - loopback
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise TimeoutError(f"JupyterHub did not start: {log.read_text()[-2000:]}")
