"""The verbs as functions, in a kernel with a real engine."""

import pytest

from .kernels import Kernel


@pytest.fixture(autouse=True)
def _imported(kernel: Kernel) -> None:
    ran = kernel.run("import lms_jupyter\nfrom lms_jupyter import aio\nimport pandas as pd")
    assert ran.error == "", ran.error_text


def test_a_handle_shows_what_its_instance_does(empty: Kernel) -> None:
    kernel = empty
    ran = kernel.run("lms_jupyter.load('tutor-1m', ttl='10m')")

    assert ran.error == "", ran.error_text
    page = ran.bundles[-1]["text/html"]
    assert "tutor-1m is in memory." in page
    assert "10m / 10m" in page
    assert "LLM(identifier='tutor-1m')" in ran.bundles[-1]["text/plain"]
    kernel.run("llm = lms_jupyter.load('tutor-1m')\nlms_jupyter.unload(llm)")
    assert "not in memory now" in kernel.run("llm").bundles[-1]["text/html"]


def test_an_awaited_handle_shows_the_same(empty: Kernel) -> None:
    ran = empty.run("await aio.load('tutor-1m', ttl='10m')")

    assert ran.error == "", ran.error_text
    assert "10m / 10m" in ran.bundles[-1]["text/html"]


def test_chat_answers_with_and_without_await(kernel: Kernel) -> None:
    ran = kernel.run(
        "first = lms_jupyter.chat('What is a GGUF file?', 'tutor-1m', temperature=0)\n"
        "second = await aio.chat('What is a GGUF file?', temperature=0)"
    )

    assert ran.error == "", ran.error_text
    assert kernel.value("first == second and 'file' in first, second.stats.stop_reason") == (
        "(True, 'eosFound')"
    )


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("lms_jupyter.host() == await aio.host() != ''", "True"),
        ("lms_jupyter.host() in lms_jupyter.host('list')", "True"),
        ("{'name', 'selected_for'} <= set(pd.DataFrame(lms_jupyter.runtime()).columns)", "True"),
        ("await aio.runtime() == lms_jupyter.runtime()", "True"),
        ("'identifier' in pd.DataFrame(lms_jupyter.status()).columns", "True"),
        ("len(await aio.log(5)) > 0 and len(lms_jupyter.log(3)) <= 3", "True"),
        ("{'name', 'state'} <= set(pd.DataFrame(lms_jupyter.examine()).columns)", "True"),
        ("isinstance(lms_jupyter.preset(), tuple) and await aio.preset() == ()", "True"),
        ("(await aio.openai())['base_url'] == lms_jupyter.openai()['base_url']", "True"),
        ("await aio.tutorial_model()", "tutor-1m"),
    ],
)
def test_both_kinds_say_the_same(kernel: Kernel, expression: str, value: str) -> None:
    kernel.run("lms_jupyter.load('tutor-1m')\nlms_jupyter.chat('Hello')")

    assert kernel.value(expression) == value


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("lms_jupyter.link('stauts')", "is none of its words"),
        ("lms_jupyter.serve('start')", "one server, and it always runs"),
        ("lms_jupyter.runtime('select', 'nothing')", "No runtime is called 'nothing'."),
        ("lms_jupyter.preset('nothing')", "nothing"),
        ("lms_jupyter.host('127.0.0.1:9')", "127.0.0.1:9"),
        ("lms_jupyter.chat('Hello', 'text-embedding-tutor-embed')", "has no answers"),
    ],
)
def test_what_cannot_be_is_one_sentence(kernel: Kernel, line: str, sentence: str) -> None:
    ran = kernel.run(line)

    assert sentence in ran.error_text
    assert "Traceback" not in ran.error_text
    assert kernel.value("lms_jupyter.host() != ''") == "True"


def test_presets_are_listed_alike(kernel: Kernel) -> None:
    ran = kernel.run("%lms preset ls")

    assert ran.error == "", ran.error_text
    assert "There are no presets" in ran.plain
    assert kernel.value("len(lms_jupyter.preset())") == "0"
