"""Lets the SDK's convenience calls (`lmstudio.llm()`, …) talk to our host.

They all go through `get_default_client`, which is replaced by one that first asks where our host
is. That is asked with the first call, not before: finding a host takes time, and importing the SDK
too. The client carries the API token of the environment, which the SDK itself cannot do (1.5) or
forgets on the way (1.6). What the user configured in the SDK stands.

What these calls load is this kernel's, as if `%lms load` had loaded it: it has the kernel's lease.
What they only find stays whose it was, and what a client of the user's own loads is nobody's.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from lms_jupyter.hosts import sdk_private
from lms_jupyter.hosts.carrying import carry_tokens
from lms_jupyter.hosts.forks import fork_safe_lock

PACKAGE = "lmstudio"

Where = Callable[[], str]
Claim = Callable[[str], None]
"""Called with the identifier of what a convenience call has loaded or found."""
Watch = Callable[[str], Claim]
"""Called with the address before a convenience call that may load something."""
LOADS = ("model", "load_new_instance")
REPLACED = ("get_default_client", "configure_default_client")


def watch_nothing(_address: str) -> Claim:
    """Take no interest in what the convenience calls load."""
    return lambda _identifier: None


class DefaultClient:
    """The replacement, from `install` until `remove`."""

    def __init__(self, where: Where, watch: Watch = watch_nothing) -> None:
        self._where = where
        self._watch = watch
        self._found: dict[str, Callable[..., Any]] = {}
        self._lock = fork_safe_lock()
        self._ours: Any = None
        self._configured_token: Any = None

    def install(self) -> None:
        """Replace `get_default_client` now, or as soon as somebody imports the SDK."""
        _HOOK.subscribe(self._replace)
        if PACKAGE in sys.modules:
            # Another thread may be in the middle of importing it: this waits for the end of that.
            self._replace(importlib.import_module(PACKAGE))

    def remove(self) -> None:
        """Put the SDK's own functions back."""
        _HOOK.unsubscribe(self._replace)
        if not self._found:
            return
        package = sys.modules[PACKAGE]
        for module in _homes(package):
            vars(module).update(self._found)
        self._found = {}
        sync_api = package.sync_api
        if self._ours is not None and sdk_private.default_client(sync_api) is self._ours:
            # Handles that came from it live on; only the next call gets the SDK's own client.
            sdk_private.set_default_client(sync_api, None)
        self._let_go()
        self._configured_token = None

    def _let_go(self) -> None:
        """Watch our client no more; it closes itself when nobody has a handle of it."""
        if self._ours is not None:
            for session in (self._ours.llm, self._ours.embedding):
                for name in LOADS:
                    vars(session).pop(name, None)
        self._ours = None

    def _replace(self, package: ModuleType) -> None:
        with self._lock:
            if not self._found or not self._is_replaced(package):
                self._put_ours(package)

    def _is_replaced(self, package: ModuleType) -> bool:
        """Whether our functions are there: a module that is reloaded has its own again."""
        return all(vars(package)[name] is not found for name, found in self._found.items())

    def _put_ours(self, package: ModuleType) -> None:
        carry_tokens(package.json_api.ClientBase)
        sync_api = package.sync_api
        self._found = {name: getattr(sync_api, name) for name in REPLACED}
        original, configure = (self._found[name] for name in REPLACED)

        def get_default_client(api_host: str | None = None) -> Any:
            """Return the SDK's default client, on the host that `%lms` uses."""
            default = sdk_private.default_client(sync_api)
            is_ours = self._ours is not None and default is self._ours
            untouched = default is None and sdk_private.default_address(sync_api) is None
            if api_host is None and (untouched or is_ours):
                address = self._where()
                if not is_ours or self._ours.api_host != address or _is_cut_off(self._ours):
                    self._let_go()
                    self._ours = self._client(address)
                    sdk_private.set_default_client(sync_api, self._ours)
                return self._ours
            is_new = default is None
            client = original(api_host)
            if is_new:
                self._give_token(client)
            return client

        def configure_default_client(api_host: str, *args: Any, **kwargs: Any) -> None:
            """Set the host, and from SDK 1.6 on the API token, of the default client."""
            configure(api_host, *args, **kwargs)
            self._configured_token = kwargs.get("api_token", args[0] if args else None)

        for module in _homes(package):
            vars(module)["get_default_client"] = get_default_client
            vars(module)["configure_default_client"] = configure_default_client

    def _client(self, address: str) -> Any:
        """Make the client of our host, and see to it that it is let in."""
        from lms_jupyter.hosts.credentials import (  # noqa: PLC0415 - the SDK is there by now
            let_in,
            new_client,
            token_for,
        )
        from lms_jupyter.hosts.sdk_errors import translated  # noqa: PLC0415 - as above
        from lms_jupyter.hosts.sdk_sockets import QuickSyncClient  # noqa: PLC0415 - as above

        token = token_for(address)
        client = new_client(QuickSyncClient, address, token)
        with translated(address), let_in(address, token):
            client.llm.connect()
        for session in (client.llm, client.embedding):
            for name in LOADS:
                setattr(session, name, self._watched(getattr(session, name), address))
        return client

    def _give_token(self, client: Any) -> None:
        """Give the user's own default client the token that it was meant to have."""
        from lms_jupyter.hosts.credentials import (  # noqa: PLC0415 - the SDK is there by now
            api_token,
            handshake,
        )

        token = self._configured_token or api_token()
        if token:
            sdk_private.show(client, handshake(client, token))

    def _watched(self, load: Callable[..., Any], address: str) -> Callable[..., Any]:
        """Report what a call has loaded."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            claim = self._watch(address)
            handle = load(*args, **kwargs)
            claim(handle.identifier)
            return handle

        watched.__doc__ = load.__doc__
        return watched


class _ImportHook(importlib.abc.MetaPathFinder):
    """Calls back when the SDK has been imported.

    Once it is among the finders it stays there, and finds nothing while it has no listeners:
    other threads may be walking along that list, and would miss the one behind it.
    """

    def __init__(self) -> None:
        self._listeners: tuple[Callable[[ModuleType], None], ...] = ()

    def subscribe(self, listener: Callable[[ModuleType], None]) -> None:
        """Call a function with the SDK each time it is imported from now on."""
        self._listeners = (*self._listeners, listener)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def unsubscribe(self, listener: Callable[[ModuleType], None]) -> None:
        """Forget a function."""
        self._listeners = tuple(known for known in self._listeners if known != listener)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the SDK as everybody else would, and stay around until it has run."""
        if fullname != PACKAGE or not self._listeners:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._imported)
        return spec

    def _imported(self, module: ModuleType) -> None:
        for listener in self._listeners:
            listener(module)


_HOOK = _ImportHook()
"""One for the process, however often it is asked for."""


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


def _is_cut_off(client: Any) -> bool:
    """Whether the host has gone since: the SDK itself never connects again."""
    import lmstudio  # noqa: PLC0415 - it is there by now

    try:
        client.llm.remote_call("listLoaded")
    except lmstudio.LMStudioWebsocketError:
        return True
    except lmstudio.LMStudioError:
        return False
    return False


def _homes(package: ModuleType) -> tuple[ModuleType, ModuleType]:
    """Return the modules in which the SDK looks its function up."""
    return package, package.sync_api
