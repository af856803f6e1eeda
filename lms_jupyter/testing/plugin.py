"""pytest fixtures: test code that uses the `lmstudio` SDK without LM Studio.

    def test_it_answers(lms_client):
        llm = lms_client.llm.load_new_instance("tutor-1m")
        assert "small piece of text" in llm.respond("What is a token?").content

Every pytest run of an environment with `lms-jupyter` imports this module: it brings nothing else.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import lmstudio

    from lms_jupyter.hosts.handles import Handle


@pytest.fixture(scope="session")
def lms_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private embedded engine with the tutorial models; its address, `127.0.0.1:port`.

    It starts with the first test that asks for it and is gone at the end of the run, also if the
    run is killed. `monkeypatch.setenv("LMS_JUPYTER_HOST", lms_engine)` lets `%lms` use it, and
    `http://{lms_engine}/v1` is its OpenAI-compatible address, with `lms_token` as the API key.
    """
    from lms_jupyter.testing.engine import private_engine  # noqa: PLC0415 - see above

    with private_engine(tmp_path_factory.mktemp("lms_engine")) as address:
        yield address


@pytest.fixture(scope="session")
def lms_token(lms_engine: str) -> str:
    """The API token of `lms_engine`, for other clients than the SDK's, which carry it already."""
    from lms_jupyter.testing.engine import token_of  # noqa: PLC0415 - see above

    return token_of(lms_engine)


@pytest.fixture
def lms_client(lms_engine: str) -> "Iterator[lmstudio.Client]":
    """A client of the SDK on `lms_engine`; what the test loads is unloaded after it."""
    from lms_jupyter.hosts.handles import sync_client  # noqa: PLC0415 - brings the SDK

    with sync_client(lms_engine) as client:
        before = {reference for reference, _ in _loaded(client)}
        yield client
        for reference, instance in _loaded(client):
            if reference not in before:
                instance.unload()


def _loaded(client: "lmstudio.Client") -> "list[tuple[str, Handle]]":
    every: list[Handle] = [*client.llm.list_loaded(), *client.embedding.list_loaded()]
    return [(handle.get_info().instance_reference, handle) for handle in every]
