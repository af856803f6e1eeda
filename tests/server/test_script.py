"""The panel's script from the server: the same that notebook cells have, sent once."""

import json

from lms_jupyter.widgets import STATIC
from tests.server.conftest import Door


async def test_the_sidebar_gets_the_script_and_the_style_of_the_cells(door: Door) -> None:
    answer = await door.ask("lms/panel", headers=door.key)

    files = {"script": "panel.js", "live": "live.js", "style": "panel.css"}
    wanted = {part: (STATIC / name).read_text("utf-8") for part, name in files.items()}
    assert json.loads(answer.body) == wanted


async def test_what_opens_in_the_panel_is_sent_for_the_asking(door: Door) -> None:
    answer = await door.ask("lms/panel/details", headers=door.key)

    assert json.loads(answer.body) == {"details": (STATIC / "details.js").read_text("utf-8")}


async def test_a_page_that_has_it_already_is_sent_nothing(door: Door) -> None:
    first = await door.ask("lms/panel", headers=door.key)

    again = await door.ask(
        "lms/panel", headers={**door.key, "If-None-Match": first.headers["ETag"]}
    )

    assert first.code == 200
    assert (again.code, again.body) == (304, b"")
