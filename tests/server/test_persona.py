"""Our persona in Jupyter AI: the real base class, a chat made of a list, a host made of lists."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lms_jupyter.errors import CommandError
from lms_jupyter.server.agents import open_desk
from lms_jupyter.server.persona_replies import ChatLine, conversation, reply
from tests.installed import installed

ROOT = Path(__file__).parents[2]


def test_jupyter_ais_own_base_class_lets_it_answer_and_stop(tmp_path: Path) -> None:
    version = "0.3.0"
    packages = installed(
        f"jupyter-ai-persona-manager-{version}", f"jupyter-ai-persona-manager=={version}"
    )
    environ = os.environ | {"PYTHONPATH": os.pathsep.join((str(packages), str(ROOT)))}
    environ |= {"XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, str(Path(__file__).with_name("persona_story.py"))]
    ran = subprocess.run(command, capture_output=True, env=environ, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    story = json.loads(ran.stdout.splitlines()[-1])

    assert (story["is_persona"], story["name"], story["avatar"]) == (True, "LocalModel", True)
    (_, hello), (is_own, advice), (_, question), (_, answer), *left = story["said"]
    assert hello == "@LocalModel Hello"
    assert is_own
    assert advice.startswith("No model is in memory that could answer. Load one in the sidebar")
    assert (
        answer == "Why is it blue? ".replace("Why", "Hello Why")
        or question in f"@LocalModel {answer}"
    )
    assert story["asked"][0][-1] == ["user", "Why is it blue?"]
    assert [body for _, body in left] == ["A long story"]


def test_the_entry_point_names_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    value = project["entry-points"]["jupyter_ai.personas"]["lms_jupyter"]
    module, _, name = value.partition(":")

    source = (ROOT / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
    assert f"class {name}(BasePersona)" in source


@pytest.mark.parametrize(
    ("lines", "turns"),
    [
        ([("ada", "@Me Hi")], [("user", "Hi")]),
        ([("me", "Welcome"), ("ada", "Hi")], [("user", "Hi")]),
        ([("ada", "a"), ("bob", "b")], [("user", "a\n\nb")]),
        (
            [("ada", "a"), ("me", "b"), ("ada", "c")],
            [("user", "a"), ("assistant", "b"), ("user", "c")],
        ),
        ([("ada", "a"), ("me", "b")], [("user", "a")]),
        ([("ada", "a"), ("ada", " "), ("me", "")], [("user", "a")]),
    ],
)  # fmt: skip
def test_a_chat_becomes_turns_that_alternate(
    lines: list[tuple[str, str]], turns: list[tuple[str, str]]
) -> None:
    chat = [ChatLine(sender=sender, body=body) for sender, body in lines]

    assert [(turn.role, turn.text) for turn in conversation(chat, "me")] == turns


def test_an_empty_message_has_no_answer() -> None:
    with pytest.raises(CommandError, match="nothing to say"):
        conversation([ChatLine(sender="ada", body="@Me  ")], "me")


async def test_without_our_extension_it_says_so() -> None:
    open_desk(None)
    with pytest.raises(CommandError, match="does not run in this Jupyter Server"):
        async for _ in reply([ChatLine(sender="ada", body="Hi")], "me"):
            pass
