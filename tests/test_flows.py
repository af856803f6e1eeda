"""The page of the seven flows names what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")
HOP = r"`([\w/.-]+\.(?:py|tsx?)):(\w+)`"
HOPS = sorted(set(re.findall(HOP, PAGE)))
CALLS = re.findall(rf"{HOP}\s+→\s+(?={HOP})", PAGE)
"""Each hop with the next: a lookahead leaves the next one for a pair of its own."""
DEFINED = {
    ".py": r"^\s*(?:async )?(?:def|class) {name}\b",
    ".ts": r"^\s*(?:export )?(?:async )?(?:function|const|class|interface) {name}\b",
}


def source(path: str) -> str:
    """Return a file's text, by its path on the page."""
    folder = ROOT if path.startswith("js/") else ROOT / "lms_jupyter"
    return (folder / path).read_text(encoding="utf-8")


def test_there_are_seven_flows() -> None:
    assert re.findall(r"^## (\d)\.", PAGE, re.MULTILINE) == list("1234567")
    assert len(HOPS) > 80


@pytest.mark.parametrize(("path", "name"), HOPS)
def test_each_hop_is_there(path: str, name: str) -> None:
    pattern = DEFINED[Path(path).suffix.removesuffix("x")].format(name=re.escape(name))

    assert re.search(pattern, source(path), re.MULTILINE)


@pytest.mark.parametrize(("path", "_name", "_next_path", "next_name"), CALLS)
def test_each_hop_names_the_next(path: str, _name: str, _next_path: str, next_name: str) -> None:
    assert re.search(rf"\b{next_name}\b", source(path))


def test_what_contributors_are_shown_is_there() -> None:
    guide = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|tsx?|mjs|md|json))`", guide))
    folders = (ROOT, ROOT / "lms_jupyter", ROOT / "js" / "src")

    assert len(named) > 60
    assert {
        path for path in named if not any((folder / path).is_file() for folder in folders)
    } == set()
