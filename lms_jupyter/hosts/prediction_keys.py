"""The settings of a prediction that are one value, each once: flags, keys and reference."""

from typing import Final

from lms_jupyter.protocol.setting import Setting

_P: Final = "llm.prediction"


def _share(name: str, key: str, flag: str, about: str) -> Setting:
    """Describe a probability, or a share of one."""
    return Setting(
        name=name,
        kind="number",
        flags=(flag,),
        about=about,
        metavar="P",
        low=0,
        high=1,
        checkbox=True,
        llm=f"{_P}.{key}",
    )


def _penalty(name: str, key: str, about: str, low: float | None = None) -> Setting:
    return Setting(
        name=name,
        kind="number",
        flags=(f"--{name.replace('_', '-')}",),
        about=about,
        metavar="X",
        low=low,
        checkbox=True,
        llm=f"{_P}.{key}",
    )


def _count(name: str, key: str, about: str, low: int, *, checkbox: bool = True) -> Setting:
    return Setting(
        name=name,
        kind="whole",
        flags=(f"--{name.replace('_', '-')}",),
        about=about,
        metavar="N",
        low=low,
        checkbox=checkbox,
        llm=f"{_P}.{key}",
    )


PREDICTION_KEYS: Final = (
    Setting(
        name="temperature",
        kind="number",
        flags=("--temperature",),
        about="how varied answers are; with 0 they are always the same",
        metavar="X",
        low=0,
        llm=f"{_P}.temperature",
    ),
    _count("max_tokens", "maxPredictedTokens", "most tokens of an answer", 1),
    _count(
        "top_k", "topKSampling", "choose each token among the N most probable", 0, checkbox=False
    ),
    _share(
        "top_p",
        "topPSampling",
        "--top-p",
        "choose each token among the most probable, which together have this probability",
    ),
    _share(
        "min_p",
        "minPSampling",
        "--min-p",
        "leave out tokens below this share of the most probable one",
    ),
    _share(
        "typical_p",
        "llama.locallyTypicalSampling",
        "--typical-p",
        "choose each token among the most typical, which together have this probability",
    ),
    _share(
        "xtc_probability",
        "llama.xtcProbability",
        "--xtc-probability",
        "how often the most probable tokens are left out, for less usual answers (XTC)",
    ),
    _share(
        "xtc_threshold",
        "llama.xtcThreshold",
        "--xtc-threshold",
        "how probable a token has to be for that; above 0.5 none is left out",
    ),
    _penalty(
        "repeat_penalty",
        "repeatPenalty",
        "penalty for tokens that were there before; 1 is none",
        low=0,
    ),
    _penalty(
        "presence_penalty",
        "llama.presencePenalty",
        "penalty for tokens that were there before, however often; 0 is none",
    ),
    _penalty(
        "frequency_penalty",
        "llama.frequencyPenalty",
        "penalty for tokens for each time that they were there before; 0 is none",
    ),
    _count("seed", "seed", "seed of the sampler", -1),
    Setting(
        name="log_probs",
        kind="whole",
        flags=("--log-probs",),
        about="keep how probable each token was, and the N most probable: answer.log_probs",
        metavar="N",
        low=1,
        high=1000,
        checkbox=True,
        llm=f"{_P}.logProbs",
    ),
    _count(
        "reasoning_budget",
        "reasoning.budgetTokens",
        "most tokens that it may think before it answers",
        0,
    ),
    Setting(
        name="context_overflow",
        kind="choice",
        flags=("--context-overflow",),
        about="what happens when the context is full",
        metavar="HOW",
        options=("stopAtLimit", "truncateMiddle", "rollingWindow"),
        llm=f"{_P}.contextOverflowPolicy",
    ),
)
"""In the order of the flags. What is no single value (tools, a form, stop texts) is in `stack`."""
