import pytest

from lms_jupyter.api.session import Wish
from lms_jupyter.errors import CommandError
from lms_jupyter.magics.parser import parse, verb_names
from lms_jupyter.magics.verbs.listing import ListModels
from lms_jupyter.magics.verbs.loading import LoadLine
from lms_jupyter.magics.verbs.memory import Unload
from lms_jupyter.magics.verbs.notebook import ShowHelp
from lms_jupyter.protocol.models import LoadConfig


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("ls --llm", ListModels(kinds=("llm",))),
        ("ls", ListModels(kinds=("llm", "embedding"))),
        ("unload chat", Unload(identifier="chat")),
        ("unload 'my chat'", Unload(identifier="my chat")),
        ("load m", LoadLine(wish=Wish(name="m", ttl_s=3600.0))),
        (
            "load m --ttl 1h30m -c 4096 --gpu max --parallel 2 --identifier x --as llm --new",
            LoadLine(
                wish=Wish(
                    name="m",
                    how="new",
                    identifier="x",
                    ttl_s=5400.0,
                    config=LoadConfig(context_length=4096, gpu=1.0, parallel=2),
                ),
                name="llm",
                says_ttl=True,
            ),
        ),
        ("load m --ttl none", LoadLine(wish=Wish(name="m", ttl_s=None), says_ttl=True)),
    ],
)
def test_a_line_becomes_a_request(line: str, request_: object) -> None:
    assert parse(line) == request_


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("laod m", "no verb 'laod'"),
        ("load", "KEY is missing"),
        ("load m n", "one word too many: 'n'"),
        ("load m --tll 5", "no flag --tll, did you mean --ttl?"),
        ("load m --ttl 0", "TTL of 0 makes no sense"),
        ("load m --ttl -1", "TTL of -1 makes no sense"),
        ("load m --ttl abc", "'abc' is no TTL"),
        ("load m -c many", "'many' is not a whole number"),
        ("load m -c 0", "must be at least 1"),
        ("load m --gpu 2", "must be from 0 to 1"),
        ("load m --gpu auto", "'auto' is not off, max or a number"),
        ("load m --as 1st", "no name that Python allows"),
        ("load 'm", "a quote that does not end"),
    ],
)
def test_a_line_that_makes_no_sense_is_answered_with_a_sentence(line: str, sentence: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse(line)

    assert sentence in caught.value.title


def test_an_unknown_verb_names_the_nearest() -> None:
    with pytest.raises(CommandError) as caught:
        parse("unlaod m")

    assert caught.value.hint == "Did you mean %lms unload?"


@pytest.mark.parametrize("verb", verb_names())
def test_every_verb_explains_itself(verb: str) -> None:
    assert parse(f"help {verb}") == parse(f"{verb} --help")


def test_no_verb_is_a_call_for_help() -> None:
    request = parse("")

    assert isinstance(request, ShowHelp)
    assert all(verb in request.text for verb in verb_names())
