"""A chat template that cannot be used is told where a user looks: in the tables and on the card."""

import json
from collections.abc import Iterator
from pathlib import Path

import lmstudio
import pytest

from lms_jupyter.api import views
from lms_jupyter.api.draw import instances_json, models_json
from lms_jupyter.api.session import Session
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.commands import UnloadInstance
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.shown import DRAWERS
from tests.engine.synthetic import write_llm
from tests.engines import engine

SENTENCE = "odd: its chat template cannot be used: "


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    models = tmp_path / "models"
    write_llm(models / "a" / "odd" / "odd.gguf", chat_template="{% if %}{{")
    write_llm(models / "a" / "good" / "good.gguf")
    with engine(tmp_path / "home", "--no-default-models", "--models", str(models)) as address:
        local = LocalManager(Manager(host=address))
        yield Session(local)
        local.close()


def test_a_template_that_cannot_be_used_is_shown_in_ls_and_ps(
    session: Session, tmp_path: Path
) -> None:
    manager = session.local.manager
    before = session.run(views.models(manager))
    assert "template" not in repr(before)
    for key in ("odd", "good"):
        session.run(run(LoadRequest(model_key=key, mode="new"), manager))

    for table in (session.run(views.models(manager)), session.run(views.instances(manager))):
        for shown in (repr(table), table._repr_html_(), table._repr_markdown_()):
            assert shown.count("its chat template cannot be used") == 1, shown
        assert SENTENCE in repr(table)
        (odd,) = [one for one in table if one.template_problem]
        assert odd.model_key == "odd"
        assert str(odd.template_problem).startswith("Unexpected token")
        card = DRAWERS[type(odd)](odd).bundle()["text/plain"]
        assert f"cannot be used: {odd.template_problem}" in card
    models, instances = (
        session.run(views.models(manager)),
        session.run(views.instances(manager)),
    )
    for told in (json.loads(models_json(models)), json.loads(instances_json(instances))):
        assert [one["modelKey"] for one in told if one.get("templateProblem")] == ["odd"]

    with lmstudio.Client(manager.activity.host.address) as client:
        assert {one.model_key for one in client.list_downloaded_models()} == {"good", "odd"}
        assert len(client.list_loaded_models()) == 2

    session.run(run(UnloadInstance(identifier="odd"), manager))
    assert SENTENCE in repr(session.run(views.models(manager))), "it is known from now on"
    write_llm(tmp_path / "models" / "a" / "odd" / "odd.gguf")
    assert SENTENCE not in repr(session.run(views.models(manager))), "it is another file now"
