"""The extension itself: what is configured, and what starts and stops with Jupyter Server."""

import os
from pathlib import Path
from typing import Any, Final

from jupyter_server.extension.application import ExtensionApp
from traitlets import CaselessStrEnum, Float, List, TraitError, Unicode, validate

from lms_jupyter.hosts.addresses import normal_address
from lms_jupyter.hosts.host_names import known_hosts
from lms_jupyter.manager.leases import GRACE_S
from lms_jupyter.server.agents import GIGABYTE, AgentDesk, open_desk
from lms_jupyter.server.assistants import AssistantsHandler
from lms_jupyter.server.folder import FolderHandler
from lms_jupyter.server.handlers import (
    CommandHandler,
    EngineHandler,
    LeasesHandler,
)
from lms_jupyter.server.host_list import HostsHandler
from lms_jupyter.server.kernels import Kernels
from lms_jupyter.server.lease_reaper import LeaseReaper
from lms_jupyter.server.limits import SEND_TIMEOUT_S, Allowance
from lms_jupyter.server.manager_pool import ManagerPool
from lms_jupyter.server.profiles import shelf_beside
from lms_jupyter.server.prompting import PromptHandler
from lms_jupyter.server.script import DetailsHandler, PanelHandler
from lms_jupyter.server.socket import SlicesHandler
from lms_jupyter.server.tutorials import TutorialsHandler

LIMITS: Final = "LMS_JUPYTER_LIMITS"
"""Tells an engine which file has the limits of its users."""


class LmsExtension(ExtensionApp):
    """Models in memory, for every page of this Jupyter Server."""

    name = "lms"
    description = "See, load and unload local language models from JupyterLab's sidebar."
    load_other_extensions = True

    hosts = List(
        Unicode(),
        help="The hosts that the sidebar may show: addresses, or names of `%lms host add`. Empty: "
        "the one that is found as notebooks find theirs, and all that have a name; none is started "
        "until somebody asks for it.",
    ).tag(config=True)

    lease_grace_s = Float(
        GRACE_S,
        min=0,
        help="Seconds that an instance stays when the kernel that loaded it has ended.",
    ).tag(config=True)

    send_timeout_s = Float(
        SEND_TIMEOUT_S,
        min=0.1,
        help="Seconds that a page may take to read one message before it is dropped.",
    ).tag(config=True)

    agents = CaselessStrEnum(
        ("off", "look", "manage"),
        "off",
        help="What agents may do by the tools of jupyter-server-mcp: nothing, look at models and "
        "memory, or also load models and unload what they have loaded.",
    ).tag(config=True)

    agent_memory_gb = Float(
        8.0,
        min=0,
        help="Gigabytes that the models of agents may take together.",
    ).tag(config=True)

    limits = Unicode(
        "",
        help="A file that says how much each user may take: instances, memory-gb, "
        "tokens-per-second, read-only. Engines that start from this server and its kernels keep "
        "to it.",
    ).tag(config=True)

    @validate("limits")
    def _check_limits(self, proposal: Any) -> str:
        file = str(proposal["value"])
        if file and not os.access(file, os.R_OK):
            raise TraitError(f"LmsExtension.limits: {file!r} cannot be read.")
        return str(Path(file).absolute()) if file else ""

    @validate("hosts")
    def _check_hosts(self, proposal: Any) -> list[str]:
        if not proposal["value"]:
            return []
        names = {known.name for known in known_hosts()}
        return [
            host if host in names else normal_address(host) for host in map(str, proposal["value"])
        ]

    def initialize_settings(self) -> None:
        """Make the switchboard; nobody is connected to a host yet."""
        profiles = shelf_beside(self.settings["contents_manager"])
        named = None if self.hosts else known_hosts
        if self.limits:
            # Kernels inherit it, and so does every engine that is started from here or there.
            os.environ[LIMITS] = self.limits
        self.switchboard = ManagerPool(self.hosts, profiles=profiles, named=named)
        most_bytes = round(self.agent_memory_gb * GIGABYTE)
        open_desk(AgentDesk(self.switchboard, self.agents, most_bytes))
        self.steward: LeaseReaper | None = None
        self.settings["lms_switchboard"] = self.switchboard
        self.settings["lms_allowance"] = Allowance()
        self.settings["lms_send_timeout_s"] = self.send_timeout_s

    def initialize_handlers(self) -> None:
        """Add our addresses; Jupyter Server puts them below its base URL."""
        self.handlers.extend(
            [
                (r"/lms/slices", SlicesHandler),
                (r"/lms/prompt", PromptHandler),
                (r"/lms/hosts", HostsHandler),
                (r"/lms/assistants", AssistantsHandler),
                (r"/lms/folder", FolderHandler),
                (r"/lms/panel", PanelHandler),
                (r"/lms/panel/details", DetailsHandler),
                (r"/lms/leases", LeasesHandler),
                (r"/lms/command", CommandHandler),
                (r"/lms/engine", EngineHandler),
                (r"/lms/tutorials", TutorialsHandler),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Begin to see to what kernels leave behind."""
        kernels = Kernels(serverapp.kernel_manager)
        book = self.switchboard.leases
        self.steward = LeaseReaper(book, kernels, self.switchboard, grace_s=self.lease_grace_s)
        self.steward.start()

    async def stop_extension(self) -> None:
        """End every manager; hosts and engines go on."""
        if self.steward is not None:
            await self.steward.stop()
        open_desk(None)
        await self.switchboard.close()
