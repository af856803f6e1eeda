"""A `model.yaml` makes a model of other files: which, how it is loaded, and how it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import gguf
import pytest

from lms_jupyter.engine.errors import BaseMissingError
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.library.model_yaml import ModelYamlError, read_model_yaml
from tests import engines

from .raw import introduced
from .synthetic import write_llm

THINKS = (
    "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}"
    "{% if enable_thinking %}THINK{% else %}PLAIN{% endif %}{{ reasoning_effort }}"
)
YAML = """
model: Acme/Thinker
base:
  - key: acme/thinker-mlx
    sources: [{type: huggingface, user: acme, repo: Thinker-MLX}]
  - key: made-up
    sources: [{type: huggingface, user: acme, repo: Base-GGUF}]
config:
  load:
    fields:
      - {key: llm.load.contextLength, value: 512}
      - {key: llm.load.llama.tryMmap, value: false}
  operation:
    fields:
      - {key: llm.prediction.maxPredictedTokens, value: {checked: true, value: 2}}
metadataOverrides: {paramsStrings: [7B], trainedForToolUse: true, reasoning: true}
customFields:
  - key: enableThinking
    displayName: Enable Thinking
    description: Whether it thinks
    type: boolean
    defaultValue: false
    effects: [{type: setJinjaVariable, variable: enable_thinking}]
  - key: level
    displayName: Effort
    description: How hard
    type: select
    options: [{label: Low, value: low}, {label: High, value: high}]
    defaultValue: low
    effects: [{type: setJinjaVariable, variable: reasoning_effort}]
  - key: rude
    displayName: Rude
    description: x
    type: boolean
    defaultValue: false
    effects: [{type: appendSystemPrompt, content: Be rude.}]
"""


def put(folder: Path, text: str, name: str = "acme/thinker") -> Path:
    path = folder / name / "model.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    kinds = gguf.GGMLQuantizationType
    for kind in (kinds.Q8_0, kinds.F16):
        file = folder / "acme" / "Base-GGUF" / f"Base-{kind.name}.gguf"
        write_llm(file, quantization=kind, chat_template=THINKS)
    put(folder, YAML)
    return folder


@pytest.mark.asyncio
async def test_it_is_a_model_of_its_own_beside_its_base(folder: Path) -> None:
    catalog = Catalog([folder])

    assert [model.model_key for model in await catalog.models()] == ["acme/thinker", "base"]
    thinker, base = await catalog.models()
    assert thinker.file == base.file
    assert (thinker.publisher, thinker.display_name) == ("acme", "thinker")
    assert (thinker.params_string, thinker.trained_for_tool_use) == ("7B", True)
    assert thinker.variants == ("acme/thinker@f16", "acme/thinker@q8_0")
    for name in ("acme/thinker", "Acme/Thinker", "thinker"):
        assert (await catalog.resolve(name)).model_key == "acme/thinker"
    assert (await catalog.resolve("acme/thinker@f16")).model_key == "acme/thinker@f16"
    assert [each.model_key for each in await catalog.variants("acme/thinker")] == [
        "acme/thinker@f16",
        "acme/thinker@q8_0",
    ]
    assert (await catalog.resolve(base.path)).virtual is None


@pytest.mark.asyncio
async def test_it_is_found_in_the_folder_of_the_hub_and_noticed_when_it_changes(
    tmp_path: Path, folder: Path
) -> None:
    catalog = Catalog([folder / "acme" / "Base-GGUF"], tmp_path)
    assert [model.model_key for model in await catalog.models()] == ["base"]

    path = put(tmp_path, "model: me/mine\nbase: base\n", "me/mine")
    assert [model.model_key for model in await catalog.models()] == ["base", "me/mine"]

    path.unlink()
    assert [model.model_key for model in await catalog.models()] == ["base"]


@pytest.mark.asyncio
async def test_one_may_be_made_of_another(tmp_path: Path, folder: Path) -> None:
    put(tmp_path, "model: me/mine\nbase: acme/thinker\ncustomFields: []\n", "me/mine")
    model = await Catalog([folder], tmp_path).resolve("me/mine")

    assert model.virtual is not None
    assert dict(model.virtual.load)["llm.load.contextLength"] == 512
    assert next(each.key for each in model.virtual.custom_fields) == "enableThinking"


@pytest.mark.asyncio
async def test_a_base_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    put(tmp_path, YAML)
    put(tmp_path, "model: me/a\nbase: me/b\n", "me/a")
    put(tmp_path, "model: me/b\nbase: me/a\n", "me/b")
    catalog = Catalog([tmp_path])

    assert await catalog.models() == ()
    with pytest.raises(BaseMissingError) as caught:
        await catalog.resolve("Acme/Thinker")
    sentence = "The model 'acme/thinker' is made of acme/thinker-mlx, made-up, and none is there."
    assert caught.value.title == sentence
    assert set(await catalog.refused()) == {"acme/thinker", "me/a", "me/b"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is no YAML"),
        ("- a", "is no mapping"),
        ("model: x\nbase: y", "'model' is no publisher/name"),
        ("model: a/b", "no 'base'"),
        ("model: a/b\nbase: [{sources: []}]", "entry without a key"),
        ("model: a/b\nbase: c\nconfig: {load: {fields: [{value: 1}]}}", "field without a key"),
        ("model: a/b\nbase: c\nconfig: {load: {fields: 3}}", "is no list"),
        ("model: a/b\nbase: c\ncustomFields: [{key: x, type: wheel}]", "of the type 'wheel'"),
        (
            "model: a/b\nbase: c\ncustomFields: [{key: x, type: boolean, defaultValue: 1}]",
            "has the default 1",
        ),
        (
            "model: a/b\nbase: c\ncustomFields: [{key: x, type: boolean, defaultValue: true, "
            "effects: [{type: explode}]}]",
            "an effect that is not known",
        ),
        ("a: &a [x]\nb: [*a, *a]", "refers to parts of itself"),
        ("[" * 50_000, "is no YAML"),
        ("x: " + "y" * 300_000, "larger than"),
        ("!!python/object/apply:os.system ['true']", "is no YAML"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ModelYamlError, match=sentence):
        read_model_yaml(put(tmp_path, text))


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    with engines.engine(home, "--no-default-models", "--models", str(folder)) as address:
        yield address


def custom(**values: Any) -> dict[str, Any]:
    fields = [
        {"key": f"ext.virtualModel.customField.acme.thinker.{key}", "value": value}
        for key, value in values.items()
    ]
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


@pytest.mark.asyncio
async def test_its_load_settings_count_unless_the_load_names_others(address: str) -> None:
    named = {"key": "llm.load.llama.tryMmap", "value": True}
    stack = {"layers": [{"layerName": "apiOverride", "config": {"fields": [named]}}]}
    async with introduced(address, "llm") as llm:
        await llm.end(await llm.open("loadModel", modelKey="acme/thinker", identifier="a"))
        await llm.end(
            await llm.open(
                "loadModel", modelKey="acme/thinker", identifier="b", loadConfigStack=stack
            )
        )
        configs = [
            await llm.call(
                "getLoadConfig", specifier={"type": "query", "query": {"identifier": name}}
            )
            for name in ("a", "b")
        ]
        for name in ("a", "b"):
            await llm.call("unloadModel", identifier=name)
    values = [{each["key"]: each["value"] for each in config["fields"]} for config in configs]
    assert [value["llm.load.contextLength"] for value in values] == [512, 512]
    assert [value["llm.load.llama.tryMmap"] for value in values] == [False, True]


@pytest.mark.asyncio
async def test_its_switches_and_defaults_count_in_predictions(address: str) -> None:
    specifier = {"type": "query", "query": {"identifier": "it"}}
    history = {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}
    asked = {"specifier": specifier, "history": history}
    async with introduced(address, "llm") as llm:
        await llm.end(await llm.open("loadModel", modelKey="acme/thinker", identifier="it"))
        prompts = [
            await llm.call("applyPromptTemplate", **asked, predictionConfigStack=stack)
            for stack in (custom(), custom(enableThinking=True, level="high"))
        ]
        wrong = await llm.call(
            "applyPromptTemplate", **asked, predictionConfigStack=custom(level="much")
        )
        packets, _ = await llm.end(
            await llm.open(
                "predict",
                modelSpecifier=specifier,
                history=history,
                predictionConfigStack=custom(rude=True),
            )
        )
        async with aiohttp.ClientSession() as http:
            body = {"model": "it", "messages": [{"role": "user", "content": "a"}]}
            url = f"http://{address}/v1/chat/completions"
            async with http.post(url, json=body) as answer:
                chat = await answer.json()
            async with http.post(
                f"http://{address}/api/v1/chat", json={"model": "it", "input": "a"}
            ) as answer:
                rest = await answer.json()
        await llm.call("unloadModel", identifier="it")
    assert [prompt["formatted"] for prompt in prompts] == ["user:a;PLAINlow", "user:a;THINKhigh"]
    assert "'level' is low, high, not 'much'" in wrong["error"]["title"]
    assert packets[-1]["stats"]["predictedTokensCount"] == 2
    assert chat["usage"]["completion_tokens"] == 2
    assert rest["stats"]["total_output_tokens"] == 2


@pytest.mark.asyncio
async def test_rest_says_how_it_can_think_and_refuses_other_ways(address: str) -> None:
    url = f"http://{address}/api/v1"
    asked = {"model": "acme/thinker", "input": "a"}
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{url}/models") as answer:
            models = {each["key"]: each for each in (await answer.json())["models"]}
        async with http.post(f"{url}/chat", json={**asked, "reasoning": "medium"}) as answer:
            wrong = answer.status, (await answer.json())["error"]
        async with http.get(f"{url}/models") as answer:
            after = {each["key"]: each for each in (await answer.json())["models"]}
        async with http.post(f"{url}/chat", json={**asked, "reasoning": "high"}) as answer:
            right = await answer.json()
    options = {"allowed_options": ["low", "high"], "default": "low"}
    assert models["acme/thinker"]["capabilities"]["reasoning"] == options
    assert models["base"]["capabilities"]["reasoning"] == {
        "allowed_options": ["off", "on"],
        "default": "on",
    }
    assert wrong[0] == 400
    assert (wrong[1]["type"], wrong[1]["param"]) == ("invalid_request", "reasoning")
    assert "no reasoning setting 'medium'. It has low, high." in wrong[1]["message"]
    assert after["acme/thinker"]["loaded_instances"] == []
    assert right["stats"]["total_output_tokens"] == 2
