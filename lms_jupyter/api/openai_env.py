"""What lets OpenAI's clients talk to a host: jupyter-ai, notebook-intelligence and all others."""

from collections.abc import MutableMapping

NO_KEY = "lm-studio"
"""Those clients insist on a key, also where none is wanted."""
KEY = "OPENAI_API_KEY"
ADDRESSES = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
"""The first is what OpenAI's own client reads, the second what LiteLLM, and so jupyter-ai, does."""


def openai_environ(address: str) -> dict[str, str]:
    """Return the variables for the host at an address; the key among them is a secret."""
    from lms_jupyter.hosts.addresses import url_of  # noqa: PLC0415 - with what follows
    from lms_jupyter.hosts.credentials import token_for  # noqa: PLC0415 - brings the SDK

    url = f"{url_of(address)}/v1"
    return {**dict.fromkeys(ADDRESSES, url), KEY: str(token_for(address) or NO_KEY)}


def set_openai_environ(address: str, environ: MutableMapping[str, str]) -> tuple[str, ...]:
    """Set the variables, and return those that had another value until now."""
    wanted = openai_environ(address)
    other = tuple(name for name in wanted if environ.get(name, wanted[name]) != wanted[name])
    environ.update(wanted)
    return other
