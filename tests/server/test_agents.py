"""What agents may do by the tools of jupyter-server-mcp, and what they may not."""

import asyncio
import importlib
import inspect
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from lms_jupyter.errors import CommandError
from lms_jupyter.manager.leases import LeaseBook
from lms_jupyter.server import LmsExtension, agent_tools
from lms_jupyter.server.agents import GIGABYTE, AgentDesk, agents_here, desk_here, open_desk
from lms_jupyter.server.manager_pool import ManagerPool
from tests.hosts.fake import FakeHost
from tests.installed import installed

from .conftest import QWEN

GROUP = "jupyter_server_mcp.tools"
ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENTRY_POINTS: dict[str, str] = PROJECT["entry-points"][GROUP]
REFUSED = "The user does not let agents"


@pytest.fixture
def pool(board: ManagerPool, tmp_path: Path) -> ManagerPool:
    board.leases = LeaseBook(tmp_path / "leases")
    return board


@pytest.fixture
def desk(pool: ManagerPool) -> Iterator[AgentDesk]:
    desk = AgentDesk(pool, "manage", 8 * GIGABYTE)
    open_desk(desk)
    yield desk
    open_desk(None)


async def test_nothing_is_allowed_until_the_user_says_so(extension: LmsExtension) -> None:
    assert extension.agents == "off"
    for call in (
        agent_tools.list_local_models(),
        agent_tools.list_models_in_memory(),
        agent_tools.estimate_model_memory(QWEN),
        agent_tools.load_model(QWEN),
        agent_tools.unload_model(QWEN),
        agent_tools.free_model_memory(),
    ):
        with pytest.raises(CommandError, match=REFUSED) as error:
            await call
        assert "c.LmsExtension.agents = " in error.value.hint


async def test_who_may_look_may_not_load(pool: ManagerPool, host: FakeHost) -> None:
    desk = AgentDesk(pool, "look", 8 * GIGABYTE)

    assert [model.model_key for model in await desk.models()] == [QWEN]
    assert (await desk.estimate(QWEN, 4096)).total_bytes > 0
    with pytest.raises(CommandError, match=REFUSED):
        await desk.load(QWEN, None, 60)
    with pytest.raises(CommandError, match=REFUSED):
        await desk.free()
    assert host.memory == []


@pytest.mark.usefixtures("desk")
async def test_what_an_agent_loads_is_its_own_and_goes_by_itself(
    host: FakeHost, pool: ManagerPool
) -> None:
    loaded = await agent_tools.load_model(QWEN, context_length=2048, ttl_minutes=5)

    assert (loaded["identifier"], loaded["ttl_seconds"]) == (QWEN, 300)
    (lease,) = pool.leases.all()
    assert lease.holder == agents_here()
    assert (lease.loaded, lease.expires) == (True, True)
    assert [row["yours"] for row in await agent_tools.list_models_in_memory()] == [True]
    again = await agent_tools.load_model(QWEN)
    assert again["identifier"] == QWEN
    assert len(host.memory) == 1
    assert await agent_tools.free_model_memory() == [QWEN]
    assert host.memory == []


@pytest.mark.usefixtures("desk")
async def test_what_a_person_loaded_is_used_and_never_ended_or_changed(host: FakeHost) -> None:
    await agent_tools.list_local_models()
    host.put(host.disk[0], identifier="mine")

    assert (await agent_tools.load_model(QWEN))["identifier"] == "mine"
    with pytest.raises(CommandError, match="mine was not loaded by an agent"):
        await agent_tools.unload_model("mine")
    assert await agent_tools.free_model_memory() == []
    other = await agent_tools.load_model(QWEN, context_length=1024)
    assert other["identifier"] != "mine"
    assert {instance.identifier for instance in host.memory} == {"mine", other["identifier"]}


async def test_a_limit_counts_for_all_of_them_together(pool: ManagerPool, host: FakeHost) -> None:
    size_bytes = host.disk[0].size_bytes
    desk = AgentDesk(pool, "manage", round(size_bytes * 1.5))

    both = await asyncio.gather(
        desk.load(QWEN, 512, 60), desk.load(QWEN, 1024, 60), return_exceptions=True
    )

    (refused,) = [one for one in both if isinstance(one, CommandError)]
    assert "and may take" in refused.title
    assert len(host.memory) == 1


@pytest.mark.parametrize("minutes", [0, -1, 61, float("nan"), float("inf")])
@pytest.mark.usefixtures("desk")
async def test_nothing_of_an_agent_stays_for_good(host: FakeHost, minutes: float) -> None:
    with pytest.raises(CommandError, match="idle minutes"):
        await agent_tools.load_model(QWEN, ttl_minutes=minutes)
    assert host.memory == []


async def test_without_our_extension_the_tools_say_so() -> None:
    open_desk(None)
    with pytest.raises(CommandError, match="does not run in this Jupyter Server"):
        desk_here()


def test_the_entry_point_names_functions_that_an_agent_can_read() -> None:
    module, _, name = ENTRY_POINTS["lms_jupyter"].partition(":")
    specs = getattr(importlib.import_module(module), name)

    assert len(specs) == 6
    for spec in specs:
        module, _, name = spec.partition(":")
        function = getattr(importlib.import_module(module), name)
        assert inspect.iscoroutinefunction(function)
        assert inspect.getdoc(function)
        assert "return" in function.__annotations__


class TestConfigured:
    @pytest.fixture
    def jp_server_config(self) -> Config:
        extension = {"agents": "manage", "agent_memory_gb": 0.001}
        enabled = {"ServerApp": {"jpserver_extensions": {"lms_jupyter.server": True}}}
        return Config(enabled | {"LmsExtension": extension})

    @pytest.mark.usefixtures("extension")
    async def test_the_users_setting_counts(self, host: FakeHost) -> None:
        assert await agent_tools.list_local_models()
        with pytest.raises(CommandError, match=r"may take 1\.00 MB in all"):
            await agent_tools.load_model(QWEN)
        assert host.memory == []


REAL = """
import asyncio, json
from jupyter_server_mcp.extension import MCPExtensionApp
from jupyter_server_mcp.mcp_server import MCPServer
from fastmcp import Client

app = MCPExtensionApp()
app.mcp_server_instance = MCPServer(name="test")
specs = app._discover_entrypoint_tools()
app._register_tools(specs, "entry points")

async def ask():
    async with Client(app.mcp_server_instance.mcp) as client:
        tools = {tool.name: tool.inputSchema for tool in await client.list_tools()}
        reply = await client.call_tool("load_model", {"model_key": "x"}, raise_on_error=False)
        return tools, reply.is_error, reply.content[0].text

print(json.dumps(asyncio.run(ask())))
"""


def test_jupyter_server_mcp_itself_finds_and_calls_them(tmp_path: Path) -> None:
    packages = installed("jupyter-server-mcp-0.4.1", "jupyter-server-mcp==0.4.1")
    # What an installation of today says, whenever this environment was made.
    about = tmp_path / "ours-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1\n")
    lines = "\n".join(f"{name} = {value}" for name, value in ENTRY_POINTS.items())
    (about / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}\n")
    paths = (str(packages), str(ROOT), str(tmp_path))
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run(
        [sys.executable, "-c", REAL], capture_output=True, env=environ, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    tools: dict[str, Any]
    tools, is_error, text = json.loads(ran.stdout.splitlines()[-1])

    assert {spec.partition(":")[2] for spec in agent_tools.TOOLS} <= set(tools)
    assert tools["load_model"]["required"] == ["model_key"]
    assert is_error
    assert "does not run in this Jupyter Server" in text
