"""The private names of the official SDK that this package needs: all of them, in this one module.

The SDK hides its channels, its handshake, its threads and its default client, and has no public way
to any of them. A later SDK may rename or lose each without notice: `lost` says which, so that one
test names what has to be looked at.

This imports nothing of the SDK, since it is used while the SDK is being imported. What it is handed
are the SDK's own objects, which are typed as `Any` because their private parts have no types.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from lmstudio.async_api import _AsyncSession

AsyncSession: TypeAlias = "_AsyncSession"
"""The SDK's connection to one namespace of the host, for annotations."""

HANDSHAKE = "_auth_details"
"""Where a client keeps what it shows to the host."""
POINTING = frozenset(
    {
        "get_model_info",
        "_get_load_config",
        "_get_context_length",
        "_tokenize",
        "_count_tokens",
        "_apply_prompt_template",
        "_complete_stream",
        "_respond_stream",
        "_embed",
    }
)
"""What a session does to the instance that is named first."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    "lmstudio.json_api:ClientBase": ("_format_auth_message",),
    "lmstudio.sync_api:Client": ("_query_probe_url",),
    "lmstudio.async_api:AsyncClient": ("_query_probe_url",),
    **dict.fromkeys(
        ("lmstudio.sync_api:_SyncSession", "lmstudio.async_api:_AsyncSession"),
        ("_create_channel", "_get_lmsws"),
    ),
    **dict.fromkeys(
        ("lmstudio.sync_api:_SyncSessionLlm", "lmstudio.async_api:_AsyncSessionLlm"),
        (*sorted(POINTING - {"_embed"}), "_get_api_model_info", "_API_TYPES"),
    ),
    **dict.fromkeys(
        ("lmstudio.sync_api:_SyncSessionEmbedding", "lmstudio.async_api:_AsyncSessionEmbedding"),
        ("_embed", "_get_api_model_info", "_API_TYPES"),
    ),
    "lmstudio.sync_api": ("_default_client", "_default_api_host"),
    "lmstudio._ws_impl": ("aconnect_ws",),
}
"""By module and class, what is looked up there."""
NEEDED_OF_CLIENTS = (HANDSHAKE, "_api_host", "_resources", "_sessions")
NEEDED_OF_SESSIONS = ("_client", "_lmsws", "_resources")
NEEDED_OF_WEBSOCKETS = ("_ws_handler",)
"""What objects have from their making on."""


def lost(client: Any, handle: Any, async_session: Any) -> list[str]:
    """Return which of the names the installed SDK does not have.

    Args:
        client: A synchronous client whose `llm` is connected: part of them only objects have.
        handle: One of its handles.
        async_session: A session of an asynchronous client that is connected.
    """
    absent = [
        f"{place}.{name}" for place, names in NEEDED.items() for name in _absent(place, names)
    ]
    websocket = getattr(async_session, "_lmsws", None)
    for what, kind, names in (
        (client, "client", (*NEEDED_OF_CLIENTS, "_ws_thread")),
        (handle, "handle", ("_session",)),
        (client.llm, "session", NEEDED_OF_SESSIONS),
        (websocket, "websocket", NEEDED_OF_WEBSOCKETS),
        (getattr(websocket, "_ws_handler", None), "handler", ("_ws",)),
        (getattr(client, "_ws_thread", None), "thread", ("task_manager",)),
        (_tasks(client), "tasks", ("_event_loop",)),
    ):
        absent += [f"{kind}.{name}" for name in names if not hasattr(what, name)]
    return absent


def new_session(client: Any, namespace: str) -> AsyncSession:
    """Return a session of an asynchronous client in a namespace that the SDK has none for."""
    base = importlib.import_module("lmstudio.async_api")._AsyncSession
    session: AsyncSession = type(base)(namespace, (base,), {"API_NAMESPACE": namespace})(client)
    return session


def handshake(
    client: Any, identifier: str | None = None, passkey: str | None = None
) -> dict[str, Any]:
    """Return what a client shows to the host with such a token; without one, a random name."""
    return dict(client._format_auth_message(identifier, passkey))


def show(client: Any, details: dict[str, Any]) -> None:
    """Have a client show this to the host from its next connection on."""
    setattr(client, HANDSHAKE, details)


def address_of(client: Any) -> str | None:
    """Return the address that a client was given; it may not have been found yet."""
    address: str | None = vars(client).get("_api_host")
    return address


def client_of(session: Any) -> Any:
    """Return the client that a session is of."""
    return session._client


def create_channel(session: Any, endpoint: Any) -> Any:
    """Return the context manager of a new channel of a session."""
    return session._create_channel(endpoint)


def websocket_handler(session: Any) -> Any:
    """Return what reads the websocket of a connected session."""
    return session._get_lmsws("wait for its end")._ws_handler


def is_connected(handler: Any) -> bool:
    """Whether a handler still has its websocket."""
    return handler._ws is not None


def ask_by_name(session: Any, identifier: str) -> Any:
    """Ask for whatever is called like this now; of an asynchronous session, to be awaited."""
    return session._get_api_model_info(identifier)


def instance_info(session: Any, raw: Any) -> Any:
    """Return the SDK's own noun for such an answer."""
    return session._API_TYPES.MODEL_INSTANCE_INFO._from_any_api_dict(raw)


def end_with(client: Any, end: Callable[[], object]) -> None:
    """Call something when a synchronous client is closed."""
    client._resources.callback(end)


def forget_parent(client: Any, thread: Any) -> None:
    """Let go of what a forked child's client has of its parent alone, without closing it there."""
    # Else whoever ends it, as Python does when it exits, waits for a thread that is not there.
    thread.task_manager._event_loop = None
    for session in client._sessions.values():
        session._lmsws = None
        session._resources.pop_all()


def default_client(sync_api: Any) -> Any:
    """Return the client of the SDK's convenience calls, `None` before the first of them."""
    return sync_api._default_client


def set_default_client(sync_api: Any, client: Any) -> None:
    """Have the SDK's convenience calls use this client; `None`: make one with the next call."""
    sync_api._default_client = client


def default_address(sync_api: Any) -> Any:
    """Return the address that the user configured for the convenience calls, if any."""
    return sync_api._default_api_host


def sockets(package: Any) -> Any:
    """Return the SDK's module that opens websockets by `aconnect_ws`, or `None`."""
    found = getattr(package, "_ws_impl", None)
    return found if hasattr(found, "aconnect_ws") else None


def _tasks(client: Any) -> Any:
    return getattr(getattr(client, "_ws_thread", None), "task_manager", None)


def _absent(place: str, names: tuple[str, ...]) -> list[str]:
    module, _, kind = place.partition(":")
    try:
        found: Any = importlib.import_module(module)
        found = getattr(found, kind) if kind else found
    except (ImportError, AttributeError):
        return list(names)
    return [name for name in names if not hasattr(found, name)]
