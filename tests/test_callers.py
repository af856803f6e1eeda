from pathlib import Path
from types import ModuleType

import pytest

import lms_jupyter
from lms_jupyter.callers import user_calls
from lms_jupyter.errors import CommandError, LmsError

HELPER = """
from lms_jupyter.manager.duration import parse_ttl

def prepare(ttl):
    return parse_ttl(ttl)
"""


@pytest.fixture
def helper(tmp_path: Path) -> ModuleType:
    path = tmp_path / "helper.py"
    path.write_text(HELPER)
    module = ModuleType("helper")
    exec(compile(HELPER, str(path), "exec"), module.__dict__)  # noqa: S102 - a user's own file
    return module


def test_an_error_names_the_users_lines_and_none_of_ours(helper: ModuleType) -> None:
    with pytest.raises(CommandError) as caught:
        helper.prepare("soon")

    shown = caught.value._render_traceback_()
    assert shown[0].startswith("CommandError: 'soon' is no TTL")
    assert shown[-1] == "  helper.py, line 5, in prepare: return parse_ttl(ttl)"
    assert "test_callers.py" in shown[-2]
    assert not any("duration.py" in line for line in shown)


def test_frames_of_libraries_are_left_out(helper: ModuleType) -> None:
    with pytest.raises(CommandError) as caught:
        sorted(["soon"], key=helper.prepare)

    calls = user_calls(caught.value.__traceback__)
    assert [call.partition(",")[0] for call in calls] == ["test_callers.py", "helper.py"]


def test_an_error_that_was_never_raised_has_no_calls() -> None:
    assert LmsError("It failed.")._render_traceback_() == ["LmsError: It failed."]


def test_a_name_in_an_error_cannot_command_the_terminal() -> None:
    error = LmsError("No model is called '\x1b[2J'.", hint="Is it \x07?")

    assert str(error) == error.title == r"No model is called '\x1b[2J'."
    assert error.hint == r"Is it \x07?"


def test_the_package_is_told_from_a_users_folder_of_a_similar_name() -> None:
    package = str(Path(lms_jupyter.__file__).parent)
    code = compile("raise ValueError('of the user')", f"{package}_notes/mine.py", "exec")
    with pytest.raises(ValueError, match="of the user") as caught:
        exec(code)  # noqa: S102 - a user's own file

    assert any(
        call.startswith("mine.py, line 1") for call in user_calls(caught.value.__traceback__)
    )
