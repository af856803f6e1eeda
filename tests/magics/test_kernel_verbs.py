import re
from pathlib import Path

import pytest

from lms_jupyter.magics.parser import BOOK, verb_names
from lms_jupyter.magics.verbs.talking import CELL, COMPARE, COMPARING, SWEEP, SWEEPING

from .kernels import Kernel

LINES = [
    ("%lms ls", r"LLM +PARAMS +ARCH +SIZE +DEVICE"),
    ("%lms ls --embedding", r"EMBEDDING +PARAMS"),
    ("%lms ls tutor-1m", r"\* tutor-1m@q8_0"),
    ("%lms ls --variants", r"tutor-1m \(3 variants\)"),
    ("%lms ls --json", r'"modelKey":"tutor-1m"'),
    ("%lms ls tutor-1m --json", r'"modelKey":"tutor-1m@q4_0"'),
    (
        "%lms ps",
        r"IDENTIFIER +MODEL +STATUS +SIZE +MEMORY +CONTEXT +PARALLEL +DEVICE +TTL +LOADED BY",
    ),
    ("%lms ps", r"tutor-1m +tutor-1m +IDLE .* 2048 +4 +Local +60m / 1h +lesson.ipynb"),
    ("%lms ps", r"Nothing here outlives a kernel"),
    ("%lms ps --json", r'"parallel":4'),
    ("%lms ps --watch --seconds 0", r"IDENTIFIER"),
    ("%lms status", r"Embedded engine \S+ at 127.0.0.1:\d+ \(by LMS_JUPYTER_HOST\): 1 model"),
    ("%lms load tutor-1m", r"tutor-1m was in memory already: 2,048 tokens"),
    ("%lms model tutor-1m", r"tutor-1m was in memory already"),
    ("%lms load -y tutor-1", r"matches tutor-1m best, so it is that; also: tutor-1m-vision"),
    ("%lms load tutr-1m -y --estimate-only", r"Model: tutor-1m"),
    ("%lms estimate tutor-1m -c 1024", r"Context Length: 1,024\n(.*\n)*This load should fit"),
    (
        "%lms load tutor-1m --new -c max",
        r"Fitted: 2,048 tokens, limited by the model's maximum; estimated at [\d.]+ MB, holds",
    ),
    ("%lms load tutor-1m --fit 99%", r"Nothing was fitted: unload it first"),
    ("%lms estimate tutor-1m --fit leave=1MB", r"Context Length: 2,048\n(.*\n)*Fitted: 2,048"),
    ("%lms extend tutor-1m 1h", r"unloads when idle for 1 h, counted from now"),
    ("%lms extend tutor-1m none", r"tutor-1m has no TTL"),
    ("%lms extend tutor-1m 1h --reload", r"is loaded again, and unloads when idle for 1 h"),
    ("%lms pin tutor-1m", r"is pinned"),
    ("%lms pin tutor-1m --off", r"is no longer pinned"),
    ("%lms host", r"Using Embedded engine"),
    ("%lms host list", r"127.0.0.1:\d+  Embedded engine"),
    ("%lms server status", r"answers on port \d+"),
    ("%lms server status --json", r'"running":true'),
    ("%lms runtime ls", r"LLM ENGINE +SELECTED +MODEL FORMAT\s+xllamacpp@\S+ +✓ +GGUF"),
    ("%lms runtime ls --json", r'"selected_for":\["GGUF"\]'),
    ("%lms runtime select xllamacpp", r"xllamacpp@\S+ is selected for GGUF"),
    ("%lms runtime survey", r"(?s)Survey by xllamacpp .*No GPU.*CPU: .*RAM: [\d.]+ GB"),
    ("%lms runtime survey --json", r'"vramCapacity": 0'),
    ("%lms log --last 0 --seconds 0", r"Nothing was logged"),
    ("%lms chat tutor-1m -p Hello", r"tokens/s"),
    ("%lms usage", r"tutor-1m +lesson.ipynb .*in memory"),
    ("%lms usage --by notebook --json", r'"name":"[^"]*lesson.ipynb","loads":[1-9]'),
    ("%lms doctor", r"ok +Host +Embedded engine"),
    ("%lms doctor --json", r'"Embedded engine'),
    ("%lms help", r"(?s)ls .*load .*unload .*panel"),
    ("%lms help load", r"--context-length"),
    ("%lms load?", r"usage: lms load"),
    ("%lms", r"usage: %lms VERB"),
    ("%lms panel", r"Models in memory of Embedded engine"),
]


@pytest.mark.parametrize(("line", "said"), LINES)
def test_every_verb_does_what_it_says(kernel: Kernel, line: str, said: str) -> None:
    kernel.run("%lms load tutor-1m")

    ran = kernel.run(line)

    assert ran.error == "", ran.error_text
    assert re.search(said, ran.plain, re.MULTILINE), ran.plain


@pytest.mark.parametrize(
    ("line", "error", "sentence"),
    [
        ("%lms laod x", "CommandError", "no verb 'laod'"),
        ("%lms load tutor-1m --tll 5", "CommandError", "did you mean --ttl"),
        ("%lms load nothing-like-it", "ModelNotFoundError", "nothing-like-it"),
        ("%lms load tutor", "AmbiguousModelError", "3 models match 'tutor'"),
        ("%lms load tutor-1m -c 999999", "CommandError", "at most 2,048 tokens, not 999,999"),
        ("%lms unload nobody", "InstanceNotFoundError", "'nobody'"),
        ("%lms unload x --all", "CommandError", "do not go together"),
        ("%lms usage --by year", "CommandError", "year"),
        ("%lms log --requests --follow", "CommandError", "alone"),
        ("%lms load", "CommandError", "KEY is missing"),
        ("%lms load tutor-1m --device box", "LoadFailedError", "LM Link"),
        ("%lms estimate tutor-1m --device box", "HostError", "LM Link"),
        ("%lms load tutor-1m --new --identifier tutor-1m", "InstanceExistsError", "already exists"),
        ("%lms load tutor-1m --profile fast", "CommandError", "There is no file"),
        ("%lms server start", "CommandError", "always runs"),
        ("%lms host 127.0.0.1:9", "HostUnreachableError", "Nothing answers at 127.0.0.1:9"),
        ("%lms host http://x", "CommandError", "no address"),
        ("%lms restore", "CommandError", "There is no lock"),
        ("%lms get a@b@c", "CommandError", "more than one @"),
        ("%%lms text-embedding-tutor-embed\nHello", "CommandError", "embedding model"),
        ("%%lms tutor-1m\n ", "CommandError", "nothing to say"),
        ("%%lms tutor-1m --json nobody\nHi", "CommandError", "no Pydantic class"),
        ("%%lms tutor-1m --image no.png\nHi", "CommandError", "cannot be read"),
        ("%%lms sweep tutor-1m colour=[1]\nHi", "CommandError", "nothing that can be swept"),
        ("%%lms compare tutor-1m\nHi", "CommandError", "at least two"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_loses_nothing(
    kernel: Kernel, line: str, error: str, sentence: str
) -> None:
    kernel.run("%lms load tutor-1m")

    ran = kernel.run(line)

    assert ran.error == error, ran.error_text
    assert sentence in ran.error_text
    assert "Traceback (most recent call last)" not in ran.error_text
    assert '"tutor-1m"' in kernel.run("%lms ps --json").text


def test_the_requests_of_an_instance_are_listed(kernel: Kernel) -> None:
    kernel.run("%lms chat tutor-1m -p Hello --max-tokens 3")

    listed = kernel.run("%lms log --requests --instance tutor-1m --last 1")
    written = kernel.run("%lms log --requests --last 1 --json")
    none = kernel.run("%lms log --requests --instance nobody")

    assert re.search(r"The last 1 request\.(.*\n)+.*tutor-1m +12 +3 ", listed.plain)
    assert "token limit" in listed.plain
    assert '"predicted_tokens":3' in written.text
    assert "Nothing was asked yet" in none.plain


def test_an_unclear_name_gets_a_button_for_each_model_that_runs_the_right_line(
    empty: Kernel,
) -> None:
    ran = empty.run("%lms load tutor --as llm")
    assert any("application/vnd.jupyter.widget-view+json" in bundle for bundle in ran.bundles)
    assert empty.run("%lms ps --json").text.strip() == "[]"

    clicked = empty.click("text-embedding-tutor-embed")

    assert clicked.error == "", clicked.error_text
    assert "text-embedding-tutor-embed is loaded" in clicked.text
    assert empty.value("llm.identifier") == "text-embedding-tutor-embed"
    again = empty.click("tutor-1m")
    assert "tutor-1m is loaded" in again.text
    assert empty.value("llm.identifier") == "tutor-1m"


@pytest.mark.parametrize(
    ("line", "clicked"),
    [
        ("%lms load tutor -c 512 --new", "tutor-1m is loaded: 512 tokens"),
        ("%lms load tutor --ttl 5m --identifier 'my own'", "my own is loaded"),
        ("%lms model tutor --ttl 5m", "unloads when idle for 5 min"),
        ("%lms estimate tutor -c 512", "Context Length: 512"),
    ],
)
def test_a_button_keeps_the_flags_of_the_line(empty: Kernel, line: str, clicked: str) -> None:
    empty.run(line)

    assert clicked in empty.click("tutor-1m").text


def test_a_prompt_for_an_unclear_name_gets_buttons_too(empty: Kernel) -> None:
    ran = empty.run("%%lms tutor --as said\nWhat is a token?")
    assert ran.error == "AmbiguousModelError"

    clicked = empty.click("tutor-1m")

    assert "tokens/s" in clicked.plain, clicked.error_text
    assert empty.value("len(said) > 5") == "True"


def test_the_log_shows_what_was_said_before(empty: Kernel) -> None:
    empty.run("%%lms tutor-1m\nWhat is a token?")
    empty.run("%%lms tutor-1m\nWho are you?")

    both = empty.run("%lms log --last 4 --seconds 0").text
    one = empty.run("%lms log --last 1 --seconds 0 --filter input").text

    assert both.index("What is a token?") < both.index("Who are you?")
    assert ("Who are you?" in one, "What is a token?" in one) == (True, False)
    assert "loaded tutor-1m" in empty.run("%lms log --source server --seconds 0").text


def test_instances_are_named_in_every_form(empty: Kernel) -> None:
    empty.run("%lms load tutor-1m --identifier mine")

    assert "mine is pinned" in empty.run("%lms pin LMS-Jupyter/Tutor-1M").text
    assert "mine unloads when idle for" in empty.run("%lms extend MINE 5m").text
    assert "tutor-1m@f16" in empty.run("%lms ls lms-jupyter/Tutor-1M-GGUF").plain
    assert "mine was in memory already" in empty.run("%lms load Tutor-1M@Q8_0").text
    assert "mine is unloaded" in empty.run("%lms unload tutor-1m").text
    empty.run("import lms_jupyter\nlms_jupyter.load('lms-jupyter/tutor-embed', identifier='e')")
    empty.run("lms_jupyter.unload('tutor-embed')")
    assert empty.value("len(lms_jupyter.ps())") == "0"


def test_unload_needs_no_name_if_there_is_only_one(empty: Kernel) -> None:
    assert "which instance? Nothing is in memory" in empty.run("%lms unload").error_text
    empty.run("%lms load tutor-1m")

    assert "tutor-1m is unloaded" in empty.run("%lms unload").text


def test_a_model_of_the_package_stays_on_the_disk(kernel: Kernel) -> None:
    ran = kernel.run("%lms delete text-embedding-tutor-embed -y")

    assert "came with the package" in ran.error_text
    assert "text-embedding-tutor-embed" in kernel.run("%lms ls").plain


def test_every_verb_and_every_kind_of_cell_is_driven_through_a_real_kernel() -> None:
    """Fails when somebody adds a verb and no test that runs it where users do."""
    here = Path(__file__).parent
    sources = {path.name: path.read_text() for path in here.glob("test_kernel_*.py")}
    run_here = {line.split()[1] for line, _ in LINES if line.startswith("%lms ")}
    elsewhere = {
        verb
        for verb in set(verb_names()) - run_here
        if any(re.search(rf"(run|interrupted)\(.*%lms {verb}\b", text) for text in sources.values())
    }

    assert run_here | elsewhere >= set(verb_names())
    for kind in ("", COMPARE, SWEEP):
        assert any(f'"%%lms {kind}' in text for text in sources.values()), kind


def every_flag() -> list[tuple[str, str]]:
    verbs = [*BOOK.verbs.values(), CELL, COMPARING, SWEEPING]
    return [(verb.name, flag.names[-1]) for verb in verbs for flag in verb.flags]


@pytest.mark.parametrize(("verb", "flag"), every_flag())
def test_the_help_of_a_verb_explains_each_of_its_flags(
    kernel: Kernel, verb: str, flag: str
) -> None:
    line = f"%lms help {verb}" if verb in verb_names() else "%lms help chat"

    assert flag in kernel.run(line).text


def test_free_unloads_what_is_ours_and_idle(empty: Kernel) -> None:
    empty.run("%lms load tutor-1m")
    empty.run("%lms load text-embedding-tutor-embed")

    assert "given back" in empty.run("%lms free").text
    assert empty.run("%lms ps --json").text.strip() == "[]"


def test_running_a_load_again_never_makes_a_second_copy(empty: Kernel) -> None:
    for _ in range(2):
        empty.run("%lms load tutor-1m -c 1024 --gpu max")
    third = empty.run("%lms load tutor-1m -c 512")

    assert "is reloaded, because context_length is 1024, not 512" in third.text
    assert empty.run("%lms ps --json").text.count('"identifier"') == 1


def test_new_always_makes_another(empty: Kernel) -> None:
    empty.run("%lms load tutor-1m")

    assert "tutor-1m:2 is loaded" in empty.run("%lms load --new tutor-1m").text


def test_what_the_host_did_not_give_is_said(empty: Kernel) -> None:
    said = empty.run("%lms load tutor-1m --gpu max").text

    assert "unloads when idle for 1 h (the default)" in said
    assert "Not as asked: gpu is 0.0, not 1.0." in said


def test_profiles_and_files_give_settings_and_the_line_wins(empty: Kernel) -> None:
    empty.run(
        "import pathlib; pathlib.Path('lms_profiles.toml').write_text("
        "'[fast]\\ncontext_length = 512\\nttl = \"5m\"\\nparallel = 2\\n')"
    )
    empty.run("pathlib.Path('own.toml').write_text('context = 1024\\n')")

    assert (
        "512 tokens, unloads when idle for 5 min"
        in empty.run("%lms load tutor-1m --profile fast").text
    )
    assert "1,024 tokens" in empty.run("%lms load tutor-1m --config own.toml --reload").text
    third = empty.run("%lms load tutor-1m --profile fast -c 256 --ttl none")
    assert "256 tokens, no TTL" in third.text


def test_a_lock_brings_back_what_was_there_and_says_what_has_drifted(empty: Kernel) -> None:
    empty.run("%lms load tutor-1m -c 512 --identifier chat")
    assert "lesson.lms-lock.json holds chat" in empty.run("%lms lock").text
    empty.run("%lms unload --all")

    restored = empty.run("(llm,) = %lms restore")

    assert "chat is in memory, as lesson.lms-lock.json says" in restored.text, restored
    assert empty.value("llm.get_context_length()") == "512"
    empty.run(
        "import pathlib, lms_jupyter\n"
        "lock = pathlib.Path('lesson.lms-lock.json')\n"
        "lock.write_text(lock.read_text().replace('sha256\": \"', 'sha256\": \"0'))"
    )
    assert "its file is another one" in empty.run("%lms restore --check").text
    empty.run("lock.write_text(lock.read_text().replace('sha256\": \"0', 'sha256\": \"'))")
    assert "Everything is as" in empty.run("drifted = %lms restore --check").text
    assert empty.value("drifted, lms_jupyter.drift()") == "([], ())"

    empty.run("%lms load tutor-1m -c 256 --identifier chat")
    checked = empty.run("drifted = %lms restore --check")
    assert checked.text == "chat: context_length was 512, and is 256.\n"
    assert empty.value("bool(drifted), tuple(drifted) == lms_jupyter.drift()") == "(True, True)"
    mended = empty.run("_ = %lms restore").text
    assert "context_length was 512, and is 256. It is as before again." in mended
    assert "chat is in memory, as lesson.lms-lock.json says." in mended

    empty.run("%lms unload chat")
    checked = empty.run("%lms restore --check")
    assert checked.plain.strip() == "chat: it is not in memory."
    empty.run("lock.unlink()")
