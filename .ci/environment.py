"""What each environment variable means; `reference.py` writes it down."""

from lms_jupyter import rule_file
from lms_jupyter.api import notebook_model
from lms_jupyter.engine import secrecy
from lms_jupyter.engine import settings as engine_settings
from lms_jupyter.hosts import announcements, diary_file
from lms_jupyter.hosts.credentials import TOKEN_VARIABLES
from lms_jupyter.hosts.discover import SERVER_INFO_VARIABLE, VARIABLE

VARIABLES = {
    VARIABLE: "The host to use, `host:port`. It counts more than anything that is found.",
    notebook_model.VARIABLE: "The model that `%%lms`, `%lms chat` and `lms_jupyter.llm()` "
    "take where none is named. JupyterLab sets it as it is chosen in the notebook's toolbar.",
    SERVER_INFO_VARIABLE: "LM Studio's own: the file that says where the only LM Studio listens "
    "that is to be used.",
    "CI": "Where it is set, no LM Studio is started.",
    TOKEN_VARIABLES[0]: "The API token of the host, if it wants one. Never write one into a cell.",
    TOKEN_VARIABLES[1]: "The same, under the name that the SDK knows.",
    announcements.VARIABLE: "Files of engines that were started for one program, such as tests: "
    "address and token, for their owner alone.",
    engine_settings.LIMITS: "The file that says how much each user of an embedded engine may take, "
    "for engines that are started without one (`--limits`).",
    rule_file.VARIABLE: "The file of rules that say how long models stay whose load does not say "
    "it, instead of `rules.toml` in the user's settings folder (`~/.config/lms-jupyter` on Linux).",
    engine_settings.LLAMA_SERVER: "The `llama-server` program that an embedded engine is "
    "to run models on.",
    secrecy.VARIABLE: "The API token that an embedded engine is to want, instead of a random one.",
    diary_file.VARIABLE: "`off`: no memory diary is kept; `texts`: what models answer stands in "
    "the embedded engine's, too.",
    "RAY_AUTH_MODE": "Has to be `token` for a fleet on Ray.",
    "XDG_STATE_HOME": "Below it lie the notes and logs of this user's processes.",
    "XDG_DATA_HOME": "Below it lies the bin that deleted models go to, if there is one.",
    "HF_TOKEN": "The embedded engine downloads with this token of Hugging Face.",
    "HF_ENDPOINT": "Where the embedded engine downloads from, instead of huggingface.co.",
}
