"""`%lms ps` says of an instance that it began with prompts which one before it had read."""

from pathlib import Path

import lmstudio

from lms_jupyter.api import views
from lms_jupyter.api.session import Session
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.commands import UnloadInstance
from lms_jupyter.protocol.loads import LoadRequest
from tests.engines import engine

LOAD = LoadRequest(model_key="tutor-1m", mode="new", identifier="chat")


def test_an_instance_that_came_back_warm_is_said_to_be(tmp_path: Path) -> None:
    with engine(tmp_path / "home") as address:
        local = LocalManager(Manager(host=address))
        session = Session(local)
        try:
            session.run(run(LOAD, local.manager))
            with lmstudio.Client(address) as client:
                client.llm.model("chat").respond("Why is the sea blue? " * 20)
            assert "Warm" not in repr(session.run(views.instances(local.manager)))
            session.run(run(UnloadInstance(identifier="chat"), local.manager))
            session.run(run(LOAD, local.manager))

            table = session.run(views.instances(local.manager))
        finally:
            local.close()

    (chat,) = table
    assert chat.warm_tokens > 50
    for shown in (repr(table), table._repr_html_()):
        assert f"chat {chat.warm_tokens:,} tokens" in shown
