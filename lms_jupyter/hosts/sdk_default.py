"""Lets the SDK's convenience calls (`lmstudio.llm()`, …) talk to our host.

They all go through `get_default_client`, which is replaced by one that first asks where our host
is. That is asked with the first call, not before: finding a host takes time, and importing the SDK
too. What the user configured in the SDK stands.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

PACKAGE = "lmstudio"

Where = Callable[[], str]


class DefaultClient:
    """The replacement, from `install` until `remove`."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._original: Callable[..., Any] | None = None
        self._hook = _ImportHook(self._replace)

    def install(self) -> None:
        """Replace `get_default_client` now, or as soon as somebody imports the SDK."""
        if PACKAGE in sys.modules:
            self._replace(sys.modules[PACKAGE])
        else:
            sys.meta_path.insert(0, self._hook)

    def remove(self) -> None:
        """Put the SDK's own function back."""
        if self._hook in sys.meta_path:
            sys.meta_path.remove(self._hook)
        if self._original is not None:
            for module in _homes(sys.modules[PACKAGE]):
                vars(module)["get_default_client"] = self._original
            self._original = None

    def _replace(self, package: ModuleType) -> None:
        sync_api = package.sync_api
        original = self._original = sync_api.get_default_client

        def get_default_client(api_host: str | None = None) -> Any:
            """Return the SDK's default client, on the host that `%lms` uses."""
            untouched = sync_api._default_client is None and sync_api._default_api_host is None
            return original(self._where() if api_host is None and untouched else api_host)

        for module in _homes(package):
            vars(module)["get_default_client"] = get_default_client


class _ImportHook(importlib.abc.MetaPathFinder):
    """Calls back once, when the SDK has been imported."""

    def __init__(self, imported: Callable[[ModuleType], None]) -> None:
        self._imported = imported

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol of finders
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the SDK as everybody else would, and stay around until it has run."""
        if fullname != PACKAGE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._imported)
        return spec


class _Loader(importlib.abc.Loader):
    """The real loader, and a call when it is done."""

    def __init__(self, real: Any, done: Callable[[ModuleType], None]) -> None:
        self._real = real
        self._done = done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Make the module as the real loader does."""
        module: ModuleType | None = self._real.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then call."""
        self._real.exec_module(module)
        self._done(module)


def _homes(package: ModuleType) -> tuple[ModuleType, ModuleType]:
    """Return the modules in which the SDK looks its function up."""
    return package, package.sync_api
