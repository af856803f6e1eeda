"""Reasoning is told apart from the answer, however the text is cut into pieces."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.engine.prediction.prediction import Fragment, ReasoningTags
from lms_jupyter.engine.prediction.reasoning import ReasoningSplitter

ON_BOTH_RUNTIMES = True

TAGS = ReasoningTags()
TEXTS = st.lists(
    st.sampled_from(["<think>", "</think>", "<", "th", "ink>", "a", " b\n", "</", "é"]), max_size=20
).map("".join)


def _split(pieces: list[str], prompt: str = "") -> list[Fragment]:
    splitter = ReasoningSplitter(TAGS, prompt)
    fragments = [fragment for piece in pieces for fragment in splitter.feed(piece, 1)]
    return fragments + list(splitter.end())


def _kinds(fragments: list[Fragment]) -> list[tuple[str, str]]:
    """Join neighbours of one kind."""
    joined: list[tuple[str, str]] = []
    for fragment in fragments:
        if joined and joined[-1][1] == fragment.reasoning and not fragment.structural:
            joined[-1] = (joined[-1][0] + fragment.content, fragment.reasoning)
        else:
            joined.append((fragment.content, fragment.reasoning))
    return [part for part in joined if part[0]]


@given(TEXTS, st.lists(st.integers(0, 60)))
def test_cutting_changes_neither_text_nor_kinds_nor_the_count_of_tokens(
    text: str, cuts: list[int]
) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:stop] for start, stop in pairwise(edges)]
    fragments = _split(pieces)
    assert "".join(fragment.content for fragment in fragments) == text
    assert sum(fragment.tokens for fragment in fragments) == len(pieces)
    assert _kinds(fragments) == _kinds(_split([text]))


def test_thought_tags_and_answer_have_their_own_kinds() -> None:
    kinds = _kinds(_split(["<thi", "nk>why", " not</think", ">yes"]))
    assert kinds == [
        ("<think>", "reasoningStartTag"),
        ("why not", "reasoning"),
        ("</think>", "reasoningEndTag"),
        ("yes", "none"),
    ]


def test_a_prompt_that_opens_a_thought_makes_the_answer_begin_with_one() -> None:
    kinds = _kinds(_split(["hm", "</think>ok"], prompt="<|assistant|><think>\n"))
    assert [kind for _, kind in kinds] == ["reasoning", "reasoningEndTag", "none"]


def test_without_tags_all_is_answer() -> None:
    splitter = ReasoningSplitter(None)
    assert list(splitter.feed("<think>x", 2)) == [Fragment("<think>x", 2)]
    assert list(splitter.end()) == []
