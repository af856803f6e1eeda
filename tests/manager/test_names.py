"""Every form of a name is understood before a host is asked, and as the engine understands it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from lms_jupyter.engine.library.gguf import GgufHeader
from lms_jupyter.engine.library.listing import DownloadedModel
from lms_jupyter.engine.library.names import fit
from lms_jupyter.errors import (
    AmbiguousInstanceError,
    AmbiguousModelError,
    InstanceNotFoundError,
    ModelNotFoundError,
)
from lms_jupyter.manager import names
from lms_jupyter.manager.lookup import pick
from lms_jupyter.manager.resolve import resolve, serves
from lms_jupyter.protocol.models import Model
from tests.hosts.fake import FakeHost, fake_model

CHAT = replace(
    fake_model(
        "tiny-llm",
        variants=("tiny-llm@f16", "tiny-llm@q8_0"),
        selected_variant="tiny-llm@q8_0",
        publisher="acme",
        quantization="Q8_0",
    ),
    path="acme/Tiny-LLM-GGUF/Tiny-LLM-Q8_0.gguf",
)
EMBED = replace(
    fake_model("text-embedding-tiny-embed", kind="embedding", publisher="acme", quantization="F32"),
    path="acme/Tiny-Embed-GGUF/Tiny-Embed-F32.gguf",
)
DISK = (CHAT, EMBED)
FORMS = [
    ("tiny-llm", "tiny-llm"),
    ("TINY-llm", "tiny-llm"),
    (" tiny-llm ", "tiny-llm"),
    ("acme/tiny-llm", "tiny-llm"),
    ("acme/Tiny-LLM-GGUF", "tiny-llm"),
    ("acme/tiny-llm-gguf/", "tiny-llm"),
    ("tiny-llm@Q8_0", "tiny-llm@q8_0"),
    ("acme/tiny-llm@f16", "tiny-llm@f16"),
    ("acme/Tiny-LLM-GGUF@F16", "tiny-llm@f16"),
    ("acme/Tiny-LLM-GGUF/Tiny-LLM-F16.gguf", "tiny-llm@f16"),
    (CHAT.path, CHAT.path),
    (CHAT.path.lower(), CHAT.path),
    ("text-embedding-tiny-embed", EMBED.model_key),
    ("tiny-embed", EMBED.model_key),
    ("Tiny-Embed@f32", EMBED.model_key),
    ("acme/tiny-embed", EMBED.model_key),
    ("acme/Tiny-Embed-GGUF", EMBED.model_key),
]


@pytest.mark.parametrize(("name", "told"), FORMS)
def test_every_form_of_a_name_is_no_guess(name: str, told: str) -> None:
    meant = resolve(name, DISK)

    assert (meant.name, meant.how in {"key", "variant", "path"}) == (told, True)


@pytest.mark.parametrize(
    "name", [*(name for name, _ in FORMS), "tiny-llm@q2_k", "acme", "x/y", "@"]
)
def test_kernel_and_engine_understand_the_same_names(name: str) -> None:
    understood = [model.model_key for model in DISK if names.reading(name, model)]

    engine = [_downloaded(CHAT), _downloaded(CHAT, "f16"), _downloaded(EMBED)]

    fitting = {one.model_key.partition("@")[0] for one in engine if fit(name, one) is not None}
    assert set(understood) == fitting


def _downloaded(model: Model, label: str = "") -> DownloadedModel:
    """Describe a model as the engine does, or one of its variants."""
    path = model.path.replace("Q8_0", label.upper()) if label else model.path
    return DownloadedModel(
        model_key=f"{model.model_key}@{label}" if label else model.model_key,
        type=model.kind,
        display_name=model.display_name,
        publisher="acme",
        path=path,
        file=Path("/models") / path,
        mmproj=None,
        size_bytes=1,
        architecture=None,
        params_string=None,
        quantization_name=label.upper() or model.quantization,
        quantization_bits=8,
        max_context_length=1,
        vision=False,
        trained_for_tool_use=False,
        variants=model.variants,
        selected_variant=f"{model.model_key}@{label}" if label else model.selected_variant,
        header=GgufHeader.__new__(GgufHeader),
    )


def test_a_name_of_two_publishers_is_ambiguous_also_where_it_could_be_guessed() -> None:
    one = replace(CHAT, model_key="acme/same", variants=(), selected_variant=None)
    other = replace(one, model_key="other/same", publisher="other", path="other/s/same.gguf")

    with pytest.raises(AmbiguousModelError) as caught:
        resolve("Same", (one, other))

    assert caught.value.candidates == ("acme/same", "other/same")
    assert resolve("same", (one, other), first=True).passed_over == ("other/same",)


def test_an_identifier_comes_before_other_forms_of_a_models_name() -> None:
    host = FakeHost(*DISK)
    chat = host.put(CHAT, identifier="acme/tiny-embed")

    assert resolve("ACME/tiny-embed", DISK, host.memory).instance == chat


def test_instances_are_named_by_every_form_and_by_their_number() -> None:
    host = FakeHost(*DISK)
    first, second = host.put(CHAT), host.put(CHAT, identifier="tiny-llm:2")
    embed = host.put(EMBED, identifier="mine")

    assert pick("tiny-llm", host.memory) == first
    assert pick("acme/tiny-llm:2", host.memory) == second
    for name in ("MINE", "tiny-embed", "acme/tiny-embed", EMBED.path):
        assert pick(name, host.memory) == embed
    meant = resolve("acme/tiny-llm:2", DISK, host.memory)
    assert (serves(first, meant), serves(second, meant)) == (False, True)


def test_several_instances_of_a_name_are_listed_and_none_is_told_with_what_there_is() -> None:
    host = FakeHost(*DISK)
    host.put(CHAT, identifier="a")
    host.put(CHAT, identifier="b")

    with pytest.raises(AmbiguousInstanceError, match="2 instances in memory match 'tiny-llm'"):
        pick("tiny-llm", host.memory)
    with pytest.raises(InstanceNotFoundError):
        pick("tiny-embed", host.memory)


def test_what_is_none_of_these_is_still_looked_for_by_its_letters() -> None:
    assert resolve("tinyemb", DISK).how == "fuzzy"
    with pytest.raises(ModelNotFoundError):
        resolve("nothing-like-it", DISK)
