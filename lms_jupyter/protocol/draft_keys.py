"""The load settings that are about speculative decoding: who proposes tokens, and how many."""

from typing import Final

from lms_jupyter.protocol.setting import Setting

_DRAFT: Final = "llm.load.llama.speculativeDecoding"

DRAFT_KEYS: Final = (
    Setting(
        name="draft_mtp",
        group="speed",
        usual=False,
        kind="switch",
        flags=("--speculative-draft-mtp",),
        about="draft with the model's own layers",
        label="Draft with MTP layers",
        help="Speculative decoding with the model's own MTP layers.",
        llm=f"{_DRAFT}.draftMtp",
    ),
    *(
        Setting(
            name=f"draft_{method.lower()}_sidecar",
            group="speed",
            kind="switch",
            flags=(f"--speculative-draft-{method.lower()}-sidecar",),
            about=f"draft with the {method} file beside the model",
            label=f"Draft with {method} sidecar",
            help=f"Speculative decoding with the {method} file that lies beside the model.",
            studio=True,
            llm=f"{_DRAFT}.{key}",
        )
        for method, key in (
            ("MTP", "draftMtpSidecar"),
            ("DFlash", "draftDflashSidecar"),
            ("DSpark", "draftDsparkSidecar"),
        )
    ),
    Setting(
        name="draft_model",
        group="speed",
        kind="text",
        flags=("--speculative-draft-model",),
        about="the model that drafts",
        label="Draft model",
        help="Speculative decoding with a smaller model, by its key.",
        metavar="KEY",
        completes="key",
        llm=f"{_DRAFT}.draftModel",
    ),
    Setting(
        name="draft_max_tokens",
        group="speed",
        kind="whole",
        flags=("--speculative-draft-max-tokens",),
        about="longest draft",
        label="Max draft tokens",
        help="The most tokens in a draft.",
        metavar="N",
        low=1,
        most=1024,
        llm=f"{_DRAFT}.draftMaxTokens",
    ),
    Setting(
        name="draft_min_tokens",
        group="speed",
        kind="whole",
        flags=("--speculative-draft-min-tokens",),
        about="shortest draft",
        label="Min draft tokens",
        help="The fewest tokens in a draft.",
        metavar="N",
        low=0,
        most=1024,
        llm=f"{_DRAFT}.draftMinTokens",
    ),
    Setting(
        name="draft_min_probability",
        group="speed",
        kind="number",
        flags=("--speculative-draft-min-continue-probability",),
        about="below this a draft ends",
        label="Min draft probability",
        help="0 to 1: drafting stops at a token that is less likely.",
        metavar="P",
        low=0,
        high=1,
        step=0.05,
        llm=f"{_DRAFT}.draftMinContinueProbability",
    ),
)
