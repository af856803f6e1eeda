"""Tables on a page, and single things: what nbconvert, GitHub and JupyterLab get to see."""

import re
from html.parser import HTMLParser

import pytest
from IPython.core.formatters import DisplayFormatter
from msgspec.structs import replace

import lms_jupyter.api.views  # noqa: F401 - brings the drawings
from lms_jupyter.api.draw import draw_instances, draw_models
from lms_jupyter.api.tables import RichOutput
from lms_jupyter.printable import printable_line
from lms_jupyter.protocol.models import Estimate, Instance, Model
from tests.hosts.fake import FakeHost, fake_model

QWEN = fake_model(variants=("qwen/qwen3-4b@q4_k_m",))
CHAT = replace(FakeHost(QWEN, clock=lambda: 1.0).put(QWEN, identifier="chat"), ttl_s=None)
ESTIMATE = Estimate(
    total_bytes=4_917_000_000, vram_bytes=0, confidence="high", passes_guardrails=True
)
MEASURED = replace(ESTIMATE, source="measured")
EVIL = "<img src=x onerror=alert(1)>|*_`[a](b)$x$ &amp;\n# h"


def forms(thing: object) -> dict[str, str]:
    """Return what IPython makes of a value."""
    data, _ = DisplayFormatter().format(thing)
    return dict(data)


@pytest.mark.parametrize(
    ("thing", "lead", "fact"),
    [
        (QWEN, "qwen/qwen3-4b: LLM on the disk.", "QUANTIZATION       Q4_K_M"),
        (CHAT, "chat: LLM in memory.", "CONTEXT         4,096 tokens"),
        (ESTIMATE, "This load should fit.", "TOTAL MEMORY    4.92 GB"),
        (MEASURED, "This load should fit.", "SOURCE          measured here"),
    ],
)
def test_one_thing_shows_itself_as_a_card(
    thing: Model | Instance | Estimate, lead: str, fact: str
) -> None:
    shown = forms(thing)

    assert shown["text/plain"].splitlines()[0] == lead
    assert fact in shown["text/plain"]
    assert f"<p>{lead}</p>" in shown["text/html"]
    assert "| :--- | :--- |" in shown["text/markdown"]


def test_a_thing_among_others_stays_on_a_line() -> None:
    shown = forms([ESTIMATE])

    assert set(shown) == {"text/plain"}
    assert shown["text/plain"].replace("\n", "").startswith("[Estimate(")


class Cells(HTMLParser):
    """Reads a table as a browser does."""

    def __init__(self) -> None:
        super().__init__()
        self.sides: list[str] = []
        self.words: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in ("td", "th"):
            told = dict(attrs)
            assert (told["style"] or "").startswith(f"text-align:{told['align']};")
            self.sides.append(told["align"])
            self.words.append("")

    def handle_data(self, data: str) -> None:
        if self.words:
            self.words[-1] += data


def test_text_stands_left_and_numbers_right_wherever_the_page_is_read() -> None:
    drawing = draw_instances([CHAT], 1.0, {CHAT.instance_reference: 4})
    cells = Cells()
    cells.feed(drawing.html())

    sides = dict(zip(cells.words[:8], cells.sides[:8], strict=True))
    assert {name for name, side in sides.items() if side == "right"} == {
        "SIZE",
        "CONTEXT",
        "PARALLEL",
    }
    assert cells.sides[:8] == cells.sides[8:16], "a heading stands above its column"
    dashes = drawing.markdown().splitlines()[3]
    assert dashes == "| :--- | :--- | :--- | ---: | ---: | ---: | :--- | :--- |"


@pytest.mark.parametrize(
    "drawing",
    [
        draw_models([replace(QWEN, model_key=EVIL, architecture=EVIL, variants=())], []),
        draw_instances([replace(CHAT, identifier=EVIL, device=EVIL)], 1.0, {}, {"x": EVIL}),
        RichOutput(EVIL, [((EVIL,), [(EVIL,)])], after=EVIL),
    ],
)
def test_nothing_from_outside_becomes_markup(drawing: RichOutput) -> None:
    cells = Cells()
    cells.feed(drawing.html())
    assert cells.tags <= {"p", "table", "thead", "tbody", "tr", "td", "th"}
    assert printable_line(EVIL) in cells.words

    markdown = drawing.markdown()
    bare = re.sub(r"\\.", "", markdown)
    assert not set("<`[$&#") & set(bare)
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) <= 2


def test_a_special_kind_is_drawn_as_what_it_stands_on() -> None:
    class Other(Estimate, frozen=True, kw_only=True):
        """An estimate of some other maker."""

    other = Other(total_bytes=1, vram_bytes=0, confidence="low", passes_guardrails=False)

    assert "is more than the host allows" in forms(other)["text/plain"]
