"""One table of load settings: what is made of it says the same."""

from typing import Any, get_type_hints

import pytest

from lms_jupyter.api.settings import ALIASES, Settings, read_settings
from lms_jupyter.errors import CommandError
from lms_jupyter.magics.parser import BOOK
from lms_jupyter.magics.verbs.loading import SETTINGS
from lms_jupyter.protocol.fitting import contradiction, settled, unknown
from lms_jupyter.protocol.load_keys import BY_NAME, LOAD_KEYS, form
from lms_jupyter.protocol.models import HostInfo, LoadConfig
from lms_jupyter.protocol.setting import Setting

ENGINE = HostInfo(name="Embedded engine", address="a:1", features=("ttl",))
STUDIO = HostInfo(name="LM Studio", address="a:1")
TYPES = {
    "switch": "bool",
    "whole": "int",
    "number": "float",
    "ratio": "float",
    "text": "str",
    "lines": "str",
    "wholes": "tuple[int, ...]",
    "numbers": "tuple[float, ...]",
}


def test_the_table_has_the_settings_in_their_order() -> None:
    assert tuple(BY_NAME) == LoadConfig.__struct_fields__
    assert len(BY_NAME) == len(LOAD_KEYS)


@pytest.mark.parametrize("key", LOAD_KEYS, ids=lambda key: key.name)
def test_a_setting_has_the_type_that_the_table_says(key: Setting) -> None:
    kind = get_type_hints(LoadConfig)[key.name]
    told = str(kind).replace("<class '", "").replace("'>", "").removesuffix(" | None")

    if key.kind == "choice":
        assert all(repr(option) in told for option in key.options)
    else:
        assert told == TYPES[key.kind]


def test_keywords_are_those_of_the_table() -> None:
    assert set(get_type_hints(Settings)) == {*BY_NAME, "kv_cache"}


@pytest.mark.parametrize("key", LOAD_KEYS, ids=lambda key: key.name)
def test_a_setting_has_its_flags_in_every_verb_that_loads(key: Setting) -> None:
    for verb in ("load", "model", "estimate"):
        names = {name for flag in BOOK.verbs[verb].flags for name in flag.names}
        assert {*key.flags} <= names
        assert key.kind != "switch" or f"--no-{key.flags[0][2:]}" in names


def test_no_two_settings_share_a_flag() -> None:
    names = [name for flag in SETTINGS for name in flag.names]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("short", ALIASES)
def test_a_short_name_stands_for_its_settings(short: str) -> None:
    values: dict[str, Any] = {"switch": True, "wholes": [1], "choice": "q8_0", "ratio": 0.5}
    key = BY_NAME[ALIASES[short][0]]

    config = read_settings({short: values.get(key.kind, 64)})

    assert all(getattr(config, name) is not None for name in ALIASES[short])


def test_the_form_has_what_the_table_has() -> None:
    made = form()

    below = {key.name for key in LOAD_KEYS if not key.above}
    assert {field["name"] for field in made["fields"]} == below
    assert below <= made["labels"].keys()
    assert made["help"].keys() == BY_NAME.keys()
    assert all(made["help"].values())


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (LoadConfig(auto_fit=True, context_length=1), "With auto_fit .* context_length is named"),
        (LoadConfig(auto_fit=False, auto_fit_min_context_length=1), "that is off"),
        (LoadConfig(mlx_kv_cache_bits=5), "8, 6, 4, 3 or 2 bits, not 5"),
        (LoadConfig(mlx_kv_cache_bits=8, mlx_kv_cache_group_size=48), "groups .* not 48"),
        (LoadConfig(mlx_kv_cache_group_size=64), "mlx_kv_cache_bits is missing"),
    ],
)
def test_what_cannot_be_meant_together_is_one_sentence(config: LoadConfig, sentence: str) -> None:
    named = {
        name: value
        for name in LoadConfig.__struct_fields__
        if (value := getattr(config, name)) is not None
    }

    with pytest.raises(CommandError, match=sentence):
        read_settings(named)


def test_what_goes_together_is_no_contradiction() -> None:
    assert contradiction(LoadConfig(auto_fit=True, auto_fit_min_context_length=2048)) is None
    assert contradiction(LoadConfig(context_length=8192, auto_fit=False)) is None
    assert contradiction(LoadConfig(mlx_kv_cache_bits=4, mlx_kv_cache_group_size=32)) is None


def test_what_is_named_wins_over_what_the_host_would_choose() -> None:
    both = LoadConfig(context_length=1, auto_fit=True, auto_fit_min_context_length=1)

    assert settled(both) == LoadConfig(context_length=1, auto_fit=False)
    assert settled(LoadConfig(auto_fit=True)) == LoadConfig(auto_fit=True)


def _unknown(config: LoadConfig, model_format: str, host: HostInfo) -> list[str]:
    return [key.name for key, _ in unknown(config, model_format, host)]


def test_what_a_model_or_its_host_does_not_know_is_told() -> None:
    mlx = LoadConfig(mlx_kv_cache_bits=4, mlx_disk_cache=False)
    llama = LoadConfig(flash_attention=True, parallel=2)

    assert _unknown(mlx, "gguf", STUDIO) == ["mlx_kv_cache_bits"]
    assert _unknown(mlx, "safetensors", STUDIO) == []
    assert _unknown(llama, "safetensors", STUDIO) == ["flash_attention"]
    assert _unknown(llama, "gguf", ENGINE) == []
    sidecar = LoadConfig(draft_mtp_sidecar=True, auto_fit=False)
    assert _unknown(sidecar, "gguf", ENGINE) == ["draft_mtp_sidecar"]
    assert _unknown(sidecar, "gguf", STUDIO) == []
