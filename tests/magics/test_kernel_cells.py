import itertools
import time

import pytest

from .kernels import Kernel, Ran

STORY = "Count as far as you can."
MANY = 5
"""Updates of an answer that are looked at."""


@pytest.fixture(autouse=True)
def _a_model(kernel: Kernel) -> None:
    kernel.run("%lms load tutor-1m")


def test_an_answer_is_markdown_with_its_figures_below(kernel: Kernel) -> None:
    ran = kernel.run("%%lms tutor-1m --as answer\nWhat is a GGUF file?")

    assert ran.error == "", ran.error_text
    assert any("text/markdown" in bundle for bundle in ran.bundles)
    assert "tokens/s" in ran.bundles[-1]["text/plain"]
    assert "finished" in ran.bundles[-1]["text/plain"]
    assert kernel.value("isinstance(answer, str) and 'file' in answer") == "True"
    assert kernel.value("answer.told.predicted_tokens > 3, answer.model") == "(True, 'tutor-1m')"


def test_without_a_name_what_is_in_memory_answers(kernel: Kernel) -> None:
    assert "tutor-1m" in kernel.run("%%lms\nHello").bundles[-1]["text/plain"]


def test_an_answer_is_seen_growing_and_not_too_often(kernel: Kernel) -> None:
    kernel.run("endless = {'type': 'array', 'items': {'type': 'integer'}, 'minItems': 5000}")
    stopped = []

    def stop(ran: Ran) -> None:
        if len(ran.updates) > MANY and not stopped:
            stopped.append(True)
            kernel.manager.interrupt_kernel()

    ran = kernel.run(f"%%lms slow-llm --json endless --ttl 1m\n{STORY}", stop)

    texts = [data["text/plain"] for _, data in ran.updates[:MANY]]
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(ran.updates)]
    assert len(texts) == MANY
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))
    assert len(ran.updates) <= 10 * sum(gaps) + 2


def test_interrupting_stops_the_host_and_keeps_what_there_is(kernel: Kernel) -> None:
    # A long list that the model may not end early, whatever it makes up.
    kernel.run("endless = {'type': 'array', 'items': {'type': 'integer'}, 'minItems': 5000}")
    kernel.run("%lms load slow-llm")
    stopped = []

    def stop(ran: Ran) -> None:
        if ran.updates and not stopped:
            stopped.append(time.monotonic())
            kernel.manager.interrupt_kernel()

    ran = kernel.run(f"%%lms slow-llm --json endless --as story\n{STORY}", stop)

    assert ran.error == "", ran.error_text
    assert "stopped" in ran.bundles[-1]["text/plain"]
    assert int(kernel.value("len(story)")) > 0
    wait_until_idle = (
        "import time, lms_jupyter\n"
        "until = time.monotonic() + 60\n"
        "while time.monotonic() < until:\n"
        "    states = {i.identifier: i.status for i in lms_jupyter.ps()}\n"
        "    if states['slow-llm'] == 'idle': break\n"
        "    time.sleep(0.05)\n"
    )
    kernel.run(wait_until_idle)
    assert kernel.value("states['slow-llm']") == "idle"


def test_names_are_filled_in_and_other_braces_stay(kernel: Kernel) -> None:
    kernel.run("town = 'Delft'")
    kernel.run('%%lms tutor-1m --chat filled\nSay {town}, {{town}}, {nobody}, {"a": 1}')

    prompt = kernel.value(
        "get_ipython().magics_manager.magics['line']['lms'].__self__.context.chats['filled'][0].text"
    )
    assert prompt == 'Say Delft, {town}, {nobody}, {"a": 1}'


def test_a_chat_is_kept_across_cells_and_begins_anew_if_asked(kernel: Kernel) -> None:
    turns = (
        "[m.role for m in "
        "get_ipython().magics_manager.magics['line']['lms'].__self__.context.chats['talk']]"
    )
    kernel.run("%%lms tutor-1m --chat talk --system 'Be brief.'\nHello")
    kernel.run("%%lms tutor-1m --chat talk\nWhat is a token?")
    assert kernel.value(turns) == "['system', 'user', 'assistant', 'user', 'assistant']"

    kernel.run("%%lms tutor-1m --chat talk --fresh\nHello")
    assert kernel.value(turns) == "['user', 'assistant']"


def test_an_answer_fits_a_schema_as_a_dict_and_as_a_class(kernel: Kernel) -> None:
    kernel.run(
        "schema = {'type': 'object', 'properties': {'name': {'type': 'string', 'maxLength': 20}},"
        " 'required': ['name'], 'additionalProperties': False}"
    )
    kernel.run(
        "class Person:\n"
        "    def __init__(self, text): self.text = text\n"
        "    @staticmethod\n"
        "    def model_json_schema(): return schema\n"
        "    @classmethod\n"
        "    def model_validate_json(cls, text): return cls(text)\n"
    )
    as_dict = kernel.run("%%lms tutor-1m --json schema --as person --temperature 0\nWho is Ada?")
    as_class = kernel.run("%%lms tutor-1m --json Person --as ada --temperature 0\nWho is Ada?")

    assert (as_dict.error, as_class.error) == ("", ""), as_dict.error_text + as_class.error_text
    assert kernel.value("sorted(person)") == "['name']"
    assert kernel.value("type(ada).__name__") == "Person"


def test_an_answer_that_was_cut_short_is_no_json_and_is_kept(kernel: Kernel) -> None:
    kernel.run("schema = {'type': 'object', 'properties': {'n': {'type': 'string'}}}")

    ran = kernel.run("%%lms tutor-1m --json schema --as cut --max-tokens 1\nWho is Ada?")

    assert ran.error == "CommandError"
    assert "is not what schema asks for" in ran.error_text
    assert kernel.value("type(cut).__name__") == "Answer"


PIXEL = (
    "import base64; picture = base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADU"
    "lEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==')"
)


def test_a_vision_model_is_shown_an_image_and_another_is_not(kernel: Kernel) -> None:
    kernel.run(PIXEL)

    seen = kernel.run("%%lms tutor-1m-vision --image picture --max-tokens 20\nWhat is this?")
    blind = kernel.run("%%lms tutor-1m --image picture\nWhat is this?")

    assert seen.error == "", seen.error_text
    assert "tokens/s" in seen.plain
    assert "cannot see" in blind.error_text


def test_comparing_puts_answers_side_by_side(kernel: Kernel) -> None:
    ran = kernel.run("%%lms compare tutor-1m tutor-1m-vision --as both\nHello")

    assert ran.error == "", ran.error_text
    assert ran.latest["text/html"].count("<b>") == 2
    assert kernel.value("sorted(both)") == "['tutor-1m', 'tutor-1m-vision']"


def test_comparing_leaves_all_of_them_in_memory(kernel: Kernel) -> None:
    kernel.run("%lms unload --all")

    ran = kernel.run("%%lms compare tutor-1m-vision tutor-1m\nHello")

    assert ran.error == "", ran.error_text
    shown = ran.latest["text/plain"]
    assert shown.index("tutor-1m-vision\n---") < shown.index("\ntutor-1m\n---")
    identifiers = "sorted(i.identifier for i in __import__('lms_jupyter').ps())"
    assert kernel.value(identifiers) == "['tutor-1m', 'tutor-1m-vision']"


def test_a_sweep_measures_each_combination_and_leaves_nothing_behind(kernel: Kernel) -> None:
    kernel.run("%lms unload --all")
    ran = kernel.run(
        "%%lms sweep tutor-1m context=[512, 1024] kv=[f16,q8_0] --max-tokens 8 --as table\nHello"
    )

    assert ran.error == "", ran.error_text
    assert kernel.value("len(table), {r.problem for r in table}") == "(4, {''})"
    measured = "r.load_s > 0 and r.memory_bytes > 0 and r.tokens_per_second > 0"
    assert kernel.value(f"all({measured} for r in table)") == "True"
    assert any("image/svg+xml" in bundle for bundle in ran.bundles)
    assert kernel.run("%lms ps --json").text.strip() == "[]"


def test_sampling_flags_reach_the_host(kernel: Kernel) -> None:
    flags = "--temperature 0 --seed 7 --top-k 5 --top-p 0.9 --min-p 0.1 --repeat-penalty 1.1"

    ran = kernel.run(f"%%lms tutor-1m {flags} --max-tokens 2 --stop x,y\nHello")

    assert ran.error == "", ran.error_text
    assert "2 out · reached max tokens" in ran.bundles[-1]["text/plain"]


def test_probabilities_of_tokens_are_kept_where_they_are_asked_for(kernel: Kernel) -> None:
    kernel.run("%%lms tutor-1m --as sure --log-probs 2 --temperature 0\nWhat is a GGUF file?")

    assert kernel.value("len(sure.log_probs) == sure.stats.predicted_tokens") == "True"
    assert kernel.value("{len(token.top) for token in sure.log_probs}") == "{2}"
    assert kernel.value("sure.startswith(sure.log_probs[0].token)") == "True"
    kernel.run("%%lms tutor-1m --as plain --reasoning-budget 20 --presence-penalty 0.2\nHello")
    assert kernel.value("plain.log_probs is None and len(plain) > 0") == "True"


def test_a_name_in_braces_that_nobody_has_is_told(kernel: Kernel) -> None:
    ran = kernel.run("%%lms tutor-1m\nWhat is a {tokken}?")

    assert "No variable for {tokken}" in ran.text
    assert "No variable" not in kernel.run("%%lms tutor-1m --no-fill\nWhat is a {tokken}?").text


def test_an_error_names_the_lines_of_the_cell_that_led_to_it(kernel: Kernel) -> None:
    ran = kernel.run(
        "import lms_jupyter\n"
        "def f(key):\n    return g(key)\n"
        "def g(key):\n    return lms_jupyter.load(key)\n"
        "f('nosuch')"
    )

    *_, cell, f, g = ran.error_text.splitlines()
    assert [line.partition(", line ")[2] for line in (cell, f, g)] == [
        "6: f('nosuch')",
        "3, in f: return g(key)",
        "5, in g: return lms_jupyter.load(key)",
    ]
    assert "Cell In[" in cell
    assert kernel.run("x = 1\n%lms load nosuch").error_text.endswith("line 2: %lms load nosuch")
    assert "line" not in kernel.run("%lms load nosuch").error_text.rpartition("lists")[2]
