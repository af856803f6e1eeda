"""The settings of a prediction: one table, LM Studio's keys, and what comes back."""

from typing import Any

import pytest

from lms_jupyter.api.host_verbs import SamplingOptions
from lms_jupyter.hosts.prediction import (
    PredictionStats,
    Sampling,
    stack,
    step,
)
from lms_jupyter.hosts.prediction_keys import PREDICTION_KEYS
from lms_jupyter.magics.parser import BOOK
from lms_jupyter.magics.verbs.talking import CELL, COMPARING, SWEEPING, parse_cell

P = "llm.prediction"


def ticked(value: float) -> dict[str, Any]:
    return {"checked": True, "value": value}


WRITTEN: dict[str, tuple[Any, str, Any]] = {
    "temperature": (0.5, f"{P}.temperature", 0.5),
    "max_tokens": (9, f"{P}.maxPredictedTokens", ticked(9)),
    "top_k": (9, f"{P}.topKSampling", 9),
    "top_p": (0.5, f"{P}.topPSampling", ticked(0.5)),
    "min_p": (0.5, f"{P}.minPSampling", ticked(0.5)),
    "typical_p": (0.5, f"{P}.llama.locallyTypicalSampling", ticked(0.5)),
    "xtc_probability": (0.5, f"{P}.llama.xtcProbability", ticked(0.5)),
    "xtc_threshold": (0.5, f"{P}.llama.xtcThreshold", ticked(0.5)),
    "repeat_penalty": (1.1, f"{P}.repeatPenalty", ticked(1.1)),
    "presence_penalty": (-0.5, f"{P}.llama.presencePenalty", ticked(-0.5)),
    "frequency_penalty": (0.5, f"{P}.llama.frequencyPenalty", ticked(0.5)),
    "seed": (7, f"{P}.seed", ticked(7)),
    "log_probs": (3, f"{P}.logProbs", ticked(3)),
    "reasoning_budget": (0, f"{P}.reasoning.budgetTokens", ticked(0)),
    "context_overflow": ("rollingWindow", f"{P}.contextOverflowPolicy", "rollingWindow"),
}
OTHERS = {"stop", "json_schema", "thinking", "preset", "tools"}
"""Fields that are no single value."""


def test_the_table_has_every_single_value() -> None:
    names = {key.name for key in PREDICTION_KEYS}

    assert names == WRITTEN.keys()
    assert names | OTHERS == set(Sampling.__struct_fields__)
    assert names <= set(SamplingOptions.__annotations__)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_setting_is_written_as_lm_studio_reads_it(name: str) -> None:
    value, key, written = WRITTEN[name]

    (layer,) = stack(Sampling(**{name: value}))["layers"]

    assert layer["config"]["fields"] == [{"key": key, "value": written}]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_cell_and_a_line_have_its_flag(name: str) -> None:
    key = next(key for key in PREDICTION_KEYS if key.name == name)
    value = WRITTEN[name][0]

    talk: Any = parse_cell(f"{key.flags[-1]}={value}")

    assert getattr(talk.sampling, name) == value
    for verb in (CELL, COMPARING, SWEEPING, BOOK.verbs["chat"]):
        assert key.flags[0] in {flag for one in verb.flags for flag in one.names}


def test_probabilities_are_read_from_the_end() -> None:
    top = [{"token": "a", "logProb": -0.1}, {"token": "b", "logProb": -2.5}]
    packet = {"type": "success", "logProbs": [{"token": "a", "logProb": -0.1, "top": top}]}

    stats = step(packet)

    assert isinstance(stats, PredictionStats)
    (read,) = stats.log_probs or ()
    assert (read.token, read.log_prob, read.top) == ("a", -0.1, (("a", -0.1), ("b", -2.5)))
    plain = step({"type": "success"})
    assert isinstance(plain, PredictionStats)
    assert plain.log_probs is None
