from pathlib import Path

import pytest

from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.errors import CommandError
from lms_jupyter.magics.parser import parse, verb_names
from lms_jupyter.magics.verbs.listing import ListModels
from lms_jupyter.magics.verbs.loading import LoadLine
from lms_jupyter.magics.verbs.memory import Free, Unload
from lms_jupyter.magics.verbs.notebook import ShowHelp
from lms_jupyter.magics.verbs.talking import Sweep, parse_cell
from lms_jupyter.protocol.commands import KeepInstance
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Keep, LoadConfig


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("ls --llm", ListModels(kinds=("llm",))),
        ("ls", ListModels(kinds=("llm", "embedding"))),
        ("unload chat", Unload(identifier="chat")),
        ("unload chat --forget", Unload(identifier="chat", forget=True)),
        ("unload 'my chat'", Unload(identifier="my chat")),
        ("load m", LoadLine(asked=NotebookRequest(request=LoadRequest(model_key="m")))),
        (
            "load m --ttl 1h30m -c 4096 --gpu max --parallel 2 --identifier x --as llm --new",
            LoadLine(
                asked=NotebookRequest(
                    request=LoadRequest(
                        model_key="m",
                        mode="new",
                        identifier="x",
                        config=LoadConfig(context_length=4096, gpu=1.0, parallel=2),
                    )
                ),
                name="llm",
                ttl_s=5400.0,
            ),
        ),
        (
            "load m -c max",
            LoadLine(asked=NotebookRequest(request=LoadRequest(model_key="m", fit="max"))),
        ),
        (
            "load m -c max --fit 85%",
            LoadLine(asked=NotebookRequest(request=LoadRequest(model_key="m", fit="85%"))),
        ),
        (
            "load m --ttl none",
            LoadLine(asked=NotebookRequest(request=LoadRequest(model_key="m")), ttl_s=None),
        ),
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
        ("load m --tll 5", "no flag --tll (did you mean --ttl?)."),
        ("load m --ttl 0", "TTL of 0 makes no sense"),
        ("load m --ttl -1", "TTL of -1 makes no sense"),
        ("load m --ttl abc", "'abc' is no TTL"),
        ("load m -c many", "'many' is not a whole number"),
        ("load m --fit much", "'much' is no fit: write max, 85% or leave=4GB"),
        ("load m -c 0", "must be at least 1"),
        ("load m --gpu 2", "must be from 0 to 1"),
        ("load m --gpu auto", "'auto' is not off, max or a number"),
        ("load m --as 1st", "no name that Python allows"),
        ("load 'm", "a quote that does not end"),
        ("load m --parallel 0", "must be at least 1"),
        ("load m --gpu nan", "must be from 0 to 1"),
        ("load m --rope-base inf", "is not a finite number"),
        ("load m --kv-cache q3", "invalid choice: 'q3'"),
        ("load m --new --reload", "do not go together"),
        ("load --exact", "--exact needs a path"),
        ("load m --speculative-draft-mtp --speculative-draft-simple", "not from both"),
        ("load m --speculative-draft-model ''", "needs the key of a model"),
        ("load m --speculative-draft-mtp --speculative-draft-model d", "without another model"),
        ("load m --speculative-draft-model d", "goes with --speculative-draft-simple"),
        ("load m --speculative-draft-simple", "needs --speculative-draft-model"),
        ("load m --speculative-draft-max-tokens 3", "but not with what"),
        (
            "load m --speculative-draft-mtp --speculative-draft-max-tokens 3"
            " --speculative-draft-min-tokens 4",
            "the shortest draft (4) is longer than the longest (3)",
        ),
        ("load m --speculative-draft-min-continue-probability 2", "must be from 0 to 1"),
        ("ls m --variants", "a key and --variants do not go together"),
        ("unload m --all", "do not go together"),
        ("log --filter input --source server", "goes with --source model alone"),
        ("log --filter all", "takes input, output or both"),
        ("extend m soon", "'soon' is no TTL"),
        ("host start here", "say list, start, stop, wake, or an address"),
        ("server", "required: WHAT"),
        ("server start --port 70000", "must be from 1 to 65535"),
        ("get a@b@c", "more than one @"),
        ("chat m", "There is no prompt"),
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


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("rename a b", "Did you mean %lms load KEY --identifier NAME?"),
        ("list", "Did you mean %lms ls?"),
        ("pull qwen3", "Did you mean %lms get?"),
        ("eject chat", "Did you mean %lms unload?"),
        ("sweep m context=[1,2]", "Write %%lms sweep as the first line of a cell"),
        ("compare a b", "Write %%lms compare as the first line of a cell"),
        ("xyz", "There are: ls, ps"),
    ],
)
def test_a_word_of_another_command_line_names_the_verb_here(line: str, hint: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse(line)

    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("line", "title", "hint"),
    [
        (
            "load m -c many",
            "%lms load --context-length: 'many' is not a whole number.",
            "--context-length TOKENS: length of the context.",
        ),
        ("load m --ttl", "%lms load --ttl: expected one argument.", "--ttl TIME: unload when idle"),
        ("load m --kv-cache q3", "%lms load --kv-cache: invalid choice", "--kv-cache TYPE: type"),
        (
            "load m --gpu 1.5",
            "%lms load --gpu: 1.5 is out of range, must be from 0 to 1.",
            "--gpu RATIO: layers on the GPU: off, max, or 0 to 1",
        ),
        (
            "load m --disable-gpu 0,one",
            "%lms load --disable-gpu: 'one' is not a whole number.",
            "--disable-gpu N,N: GPUs that it stays away from",
        ),
        (
            "load m --main-gpu -1",
            "%lms load --main-gpu: ",
            "--main-gpu N: the GPU that is filled first",
        ),
        (
            "load m --split-strategy row",
            "%lms load --split-strategy: invalid choice",
            "--split-strategy HOW: how several GPUs share it",
        ),
        ("unload a b", "one word too many", "Usage: %lms unload [IDENTIFIER] [flags]. More:"),
        ("server", "required: WHAT", "Usage: %lms server WHAT [flags]. More:"),
    ],
)
def test_a_wrong_value_is_answered_with_what_that_flag_takes(
    line: str, title: str, hint: str
) -> None:
    with pytest.raises(CommandError) as caught:
        parse(line)

    assert title in caught.value.title
    assert caught.value.hint.startswith(hint)
    assert len(caught.value.hint) < 160


@pytest.mark.parametrize("verb", verb_names())
def test_every_verb_explains_itself(verb: str) -> None:
    assert parse(f"help {verb}") == parse(f"{verb} --help")


def test_no_verb_is_a_call_for_help() -> None:
    request = parse("")

    assert isinstance(request, ShowHelp)
    assert all(verb in request.text for verb in verb_names())


EVERY_SETTING = (
    "load m -c 1 --gpu 0.5 --main-gpu 1 --split-strategy priorityOrder --disable-gpu 2,3 "
    "--gpu-priority 1,0 --gpu-strict-vram-cap --cpu-expert-layers max "
    "--parallel 2 --flash-attn --k-cache q8_0 --v-cache q4_0 --eval-batch 64 "
    "--experts 2 --seed 7 --no-mmap --keep-in-memory --no-offload-kv --rope-base 1e4 "
    "--rope-scale 0.5 --speculative-draft-simple --speculative-draft-model d "
    "--speculative-draft-max-tokens 4 --speculative-draft-min-tokens 1 "
    "--speculative-draft-min-continue-probability 0.25 --auto-fit-min-context 512 "
    "--unified-kv --physical-batch 32 --context-checkpoints 4 --direct-io --cpu-threads 2 "
    "--reasoning-budget-message enough --no-speculative-draft-mtp-sidecar "
    "--no-speculative-draft-dflash-sidecar --speculative-draft-dspark-sidecar "
    "--mlx-disk-cache --mlx-kv-bits 4 --mlx-kv-group-size 32 --mlx-kv-quantized-start 0"
)


def test_every_load_setting_has_a_flag() -> None:
    config = parse(EVERY_SETTING).asked.request.config

    unset = {name for name in LoadConfig.__struct_fields__ if getattr(config, name) is None}
    assert unset == {"draft_mtp", "gpu_custom_ratio", "auto_fit", "prompt_template"}
    assert parse("load m --auto-fit").asked.request.config.auto_fit is True
    assert (config.disabled_gpus, config.gpu_priority) == ((2, 3), (1, 0))
    assert config.num_cpu_expert_layers_ratio == 1.0
    custom = parse("load m --split-strategy custom --gpu-custom-ratio 3,1").asked.request.config
    assert custom.gpu_custom_ratio == (3.0, 1.0)
    assert (config.gpu, config.try_mmap, config.offload_kv_cache_to_gpu) == (0.5, False, False)
    assert parse("load m --speculative-draft-mtp").asked.request.config.draft_mtp is True
    assert parse("load m --no-speculative-draft-mtp").asked.request.config.draft_mtp is False


def test_a_template_comes_from_a_file_beside_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "chat.jinja").write_text("{{ messages }}\n")

    line = parse("load m --prompt-template chat.jinja")

    assert line.complete(tmp_path).request.config.prompt_template == "{{ messages }}\n"
    with pytest.raises(CommandError, match=r"none\.jinja cannot be read"):
        parse("load m --prompt-template none.jinja").complete(tmp_path)


def test_one_cache_type_is_for_keys_and_values() -> None:
    config = parse("load m --kv-cache q8_0 --v-cache f16").asked.request.config

    assert (config.k_cache_type, config.v_cache_type) == ("q8_0", "f16")


@pytest.mark.parametrize(
    ("line", "name", "axes"),
    [
        ("sweep m context=[1, 2] kv=[f16,q8_0]", "m", {"context": (1, 2), "kv": ("f16", "q8_0")}),
        ("sweep gpu=max flash=[on,off]", None, {"gpu": (1.0,), "flash": (True, False)}),
    ],
)
def test_a_sweep_names_settings_and_their_values(
    line: str, name: str | None, axes: dict[str, tuple[object, ...]]
) -> None:
    swept = parse_cell(line)

    assert isinstance(swept, Sweep)
    assert (swept.name, swept.axes) == (name, axes)


@pytest.mark.parametrize("line", ["sweep m", "sweep a b context=1", "sweep flash=[maybe]", "--x"])
def test_a_cell_line_that_makes_no_sense_is_refused(line: str) -> None:
    with pytest.raises(CommandError):
        parse_cell(line)


def test_a_comment_at_the_end_of_a_line_is_no_word() -> None:
    assert parse("unload chat  # it has said enough") == parse("unload chat")


@pytest.mark.parametrize(
    "line",
    [
        "pin m --keep until 23:59",
        "pin m --keep 'until 23:59'",
        "load m --keep until 2099-01-31 09:00 --ttl 5m",
        "load m -c 4096 --keep until 2099-01-31T09:00",
    ],
)
def test_a_time_may_be_several_words(line: str) -> None:
    asked = parse(line)
    keep = asked.asked.request.keep if isinstance(asked, LoadLine) else asked.keep
    assert keep.until is not None


def test_while_open_is_one_word() -> None:
    assert parse("pin m --keep while-open") == KeepInstance(identifier="m", keep=Keep())


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("pin m --keep until", "nothing that could keep"),
        ("pin m --keep forever", "nothing that could keep"),
        ("pin m --keep while-open --off", "do not go together"),
        ("free --main", "--main goes with --until"),
        ("free --when-idle", "--when-idle goes with --until"),
        ("free --until 12", "is no size"),
        ("status --json", "--json goes with --why"),
    ],
)
def test_what_keeps_nothing_or_frees_nothing_is_refused(line: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        parse(line)


def test_how_much_is_to_be_free() -> None:
    assert parse("free --until 12GB --main -a") == Free(
        everything=True, until_bytes=12_000_000_000, main=True
    )
