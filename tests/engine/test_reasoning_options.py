"""What a model can be told about its thinking, and integrations, in REST requests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.prediction.prediction import PredictionSettings
from lms_jupyter.engine.wire import rest_v1
from lms_jupyter.engine.wire.reasoning_options import reasoning_options, with_reasoning


def model(template: str, kind: str = "llm") -> Any:
    header = SimpleNamespace(text=lambda _key: template)
    return SimpleNamespace(type=kind, virtual=None, header=header, model_key="m")


@pytest.mark.parametrize(
    ("template", "allowed", "default"),
    [
        ("{% if enable_thinking is defined and enable_thinking is false %}", "off on", "on"),
        ("{% if enable_thinking is defined and enable_thinking %}", "off on", "off"),
        ("{% if enable_thinking | default(false) %}", "off on", "off"),
        ("{% if not enable_thinking %}", "off on", "on"),
        ("{{ reasoning_effort }}", "low medium high", "medium"),
        ("<think>\n", "on", "on"),
    ],
)
def test_a_template_says_what_can_be_told(template: str, allowed: str, default: str) -> None:
    options = reasoning_options(model(template))

    assert options is not None
    assert (list(options.allowed), options.default) == (allowed.split(), default)


def test_others_do_not_think() -> None:
    assert reasoning_options(model("{{ messages }}")) is None
    assert reasoning_options(model("<think>", "embedding")) is None


def test_what_is_told_becomes_a_setting() -> None:
    plain, switch = PredictionSettings(), model("enable_thinking")

    assert with_reasoning(switch, plain, "off").enable_thinking is False
    assert with_reasoning(switch, plain, "on").enable_thinking is True
    effort = with_reasoning(model("reasoning_effort"), plain, "high")
    assert effort.template_variables == {"reasoning_effort": "high"}
    assert with_reasoning(model(""), plain, "off") == plain
    assert with_reasoning(switch, plain, None) == plain


@pytest.mark.parametrize(
    ("template", "wanted"),
    [("", "on"), ("enable_thinking", "low"), ("reasoning_effort", "off"), ("<think>", "off")],
)
def test_what_a_model_cannot_be_told_is_refused(template: str, wanted: str) -> None:
    with pytest.raises(BadRequestError, match=f"no reasoning setting '{wanted}'") as caught:
        with_reasoning(model(template), PredictionSettings(), wanted)
    assert caught.value.param == "reasoning"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (["mcp/x"], "'mcp/x'"),
        ([{"type": "plugin", "id": "mcp/play", "allowed_tools": ["a"]}], "'mcp/play'"),
        ([{"type": "ephemeral_mcp", "server_label": "hub", "server_url": "http://x"}], "'hub'"),
    ],
)
def test_integrations_are_refused_by_their_names(given: list[Any], name: str) -> None:
    with pytest.raises(UnsupportedError, match=name) as caught:
        rest_v1.check_integrations({"integrations": given})
    error = rest_v1.error_body(caught.value)["error"]
    assert (error["type"], error["param"]) == ("not_implemented", "integrations")


@pytest.mark.parametrize("given", ["mcp/x", [3], [{"type": "ephemeral_mcp"}], {"a": 1}])
def test_integrations_of_another_form_are_a_mistake(given: Any) -> None:
    with pytest.raises(BadRequestError) as caught:
        rest_v1.check_integrations({"integrations": given})
    assert rest_v1.error_body(caught.value)["error"]["type"] == "invalid_request"


@pytest.mark.parametrize("given", [None, []])
def test_no_integrations_are_no_matter(given: Any) -> None:
    rest_v1.check_integrations({"integrations": given})
