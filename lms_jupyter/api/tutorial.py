"""The model that the tutorials work with."""

from lms_jupyter.api.calls import ls
from lms_jupyter.errors import ModelNotFoundError

TUTORIAL_MODEL = "tutor-1m"
"""The key of the model that the embedded engine brings along."""


def tutorial_model() -> str:
    """Return the key of the model for the tutorials: `tutor-1m`, else the smallest LLM there is.

    Raises:
        ModelNotFoundError: The host has no LLM on its disk.

    Example:
        >>> llm = lms_jupyter.load(lms_jupyter.tutorial_model())
    """
    llms = [model for model in ls() if model.kind == "llm"]
    if not llms:
        raise ModelNotFoundError(TUTORIAL_MODEL)
    chosen = min(llms, key=lambda llm: (llm.model_key != TUTORIAL_MODEL, llm.size_bytes))
    return chosen.model_key
