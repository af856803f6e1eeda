import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.errors import AmbiguousModelError, ModelNotFoundError
from lms_jupyter.manager.resolve import rank, resolve, score, serves
from tests.hosts.fake import FakeHost, fake_model

QWEN = fake_model(
    "qwen/qwen3-4b",
    variants=("qwen/qwen3-4b@q4_k_m", "qwen/qwen3-4b@q8_0"),
    selected_variant="qwen/qwen3-4b@q4_k_m",
)
THINKING = fake_model("qwen/qwen3-4b-thinking")
GEMMA = fake_model("google/gemma-3-4b")
CLIP = fake_model("mmproj-gemma", architecture="clip")
DISK = (QWEN, THINKING, GEMMA, CLIP)

words = st.text(alphabet="abcQ3-/ü", max_size=12)


@pytest.mark.parametrize(
    ("pattern", "text", "rating"),
    [
        ("qwen3-4b", "qwen3-4b", math.inf),
        ("QWEN3-4b", "qwen3-4B", math.inf),
        ("qwen3-4b", "qwen/qwen3-4b", 52.0),
        ("qwen3-4b", "qwen/qwen3-4b-thinking", 52.0),
        ("", "anything", 0.0),
        ("gma3", "google/gemma-3-4b", 4.0),
        ("b4", "qwen3-4b", None),
    ],
)
def test_matches_are_rated_as_the_command_line_does(
    pattern: str, text: str, rating: float | None
) -> None:
    assert score(pattern, text) == rating


@given(words, words)
def test_a_match_is_a_subsequence_and_nothing_else_is(pattern: str, text: str) -> None:
    letters = iter(text.lower())
    is_subsequence = all(letter in letters for letter in pattern.lower())

    assert (score(pattern, text) is not None) == is_subsequence


@given(words, words)
def test_case_never_matters(pattern: str, text: str) -> None:
    assert score(pattern, text) == score(pattern.upper().lower(), text.lower())


@given(words, st.lists(words, unique=True))
def test_ranking_keeps_the_order_of_equals_and_puts_equality_first(
    pattern: str, keys: list[str]
) -> None:
    ranked = rank(pattern, keys)
    ratings = [score(pattern, key) for key in ranked]

    assert set(ranked) == {key for key in keys if score(pattern, key) is not None}
    assert ratings == sorted(ratings, key=lambda rating: -(rating or 0.0))
    for earlier, later in itertools.pairwise(ranked):
        if score(pattern, earlier) == score(pattern, later):
            assert keys.index(earlier) < keys.index(later)


@pytest.mark.parametrize(
    ("name", "how", "told"),
    [
        ("qwen/qwen3-4b", "key", "qwen/qwen3-4b"),
        ("qwen/qwen3-4b@q8_0", "variant", "qwen/qwen3-4b@q8_0"),
        (QWEN.path, "path", QWEN.path),
        ("thinking", "fuzzy", "qwen/qwen3-4b-thinking"),
        ("gma3", "fuzzy", "google/gemma-3-4b"),
        ("QWEN/QWEN3-4B", "key", "qwen/qwen3-4b"),
        ("qwen3-4b", "key", "qwen/qwen3-4b"),
    ],
)
def test_exact_names_come_before_guesses(name: str, how: str, told: str) -> None:
    meant = resolve(name, DISK)

    assert (meant.how, meant.name) == (how, told)


def test_several_matches_are_an_error_that_names_them_best_first() -> None:
    with pytest.raises(AmbiguousModelError) as caught:
        resolve("qwen3", DISK)

    assert caught.value.candidates == ("qwen/qwen3-4b", "qwen/qwen3-4b-thinking")


def test_the_first_of_several_is_taken_if_the_user_says_yes() -> None:
    meant = resolve("qwen3", DISK, first=True)

    assert (meant.name, meant.how) == ("qwen/qwen3-4b", "first")
    assert meant.passed_over == ("qwen/qwen3-4b-thinking",)


def test_what_was_used_last_wins_among_equals() -> None:
    host = FakeHost(*DISK, clock=lambda: 1000.0)
    host.put(THINKING)

    meant = resolve("qwen3", DISK, host.memory, first=True)

    assert meant.name == "qwen/qwen3-4b-thinking"


def test_projectors_are_never_guessed_at() -> None:
    with pytest.raises(ModelNotFoundError):
        resolve("mmproj", DISK)


def test_an_identifier_names_its_instance_and_no_other() -> None:
    host = FakeHost(*DISK)
    chat, other = host.put(QWEN, identifier="chat"), host.put(QWEN)

    meant = resolve("chat", DISK, host.memory)

    assert (meant.how, meant.instance) == ("identifier", chat)
    assert (serves(chat, meant), serves(other, meant)) == (True, False)


def test_a_key_is_served_by_any_variant_and_a_variant_only_by_itself() -> None:
    host = FakeHost(*DISK)
    plain = host.put(QWEN)

    assert serves(plain, resolve(QWEN.model_key, DISK))
    assert serves(plain, resolve("qwen/qwen3-4b@q4_k_m", DISK))
    assert not serves(plain, resolve("qwen/qwen3-4b@q8_0", DISK))


def test_exact_means_the_path_to_the_letter() -> None:
    assert resolve(GEMMA.path, DISK, exact=True).model == GEMMA
    with pytest.raises(ModelNotFoundError):
        resolve(GEMMA.model_key, DISK, exact=True)
