"""The lines of llama.cpp's log that tell of something dropped, wrong or unusual."""

from __future__ import annotations

import re
from pathlib import Path

LOGS: set[Path] = set()
"""Where the engines of this run log."""

_LINE = re.compile(r" (?:INFO|WARNING|ERROR) ([^ ]+): (?:[0-9.]+ )?([WE]) (.*)$")
_UNMARKED = re.compile(r"llg error|JSON schema conversion|Wrong type supplied", re.IGNORECASE)
"""What matters though llama.cpp does not mark it, or not in every release."""

EXPECTED = {
    "state_seq_load_file": "a kept prompt is not as it was written",
    "Unable to restore slot": "a kept prompt is not as it was written",
    "--cache-idle-slots requires --cache-ram": "no prompts are kept beside the context",
    "need to evaluate at least 1 token": "a prompt is asked again, word for word",
    "the driver is not what it was": "a program that passes for llama.cpp gives up",
    "cannot run /": "a program is gone by the time of a load",
    "n_past was set to": "a prompt is asked again, word for word",
    "cancel task": "a client leaves, or there is no room for its answer any more",
    "speculative decoding not supported by this context": "an embedding model is loaded",
    "exceeds the available context size": "a prompt is too long, which its client is told",
    "failed to parse grammar": "a GBNF is wrong, which its client is told",
    "failed to launch slot with task": "a GBNF is wrong, which its client is told",
    "got exception: {": "a request is wrong, which its client is told",
    "empty prompt - releasing slot": "nothing is to be continued",
    "Prompt contains invalid tokens": "a prompt has tokens that do not exist, and is refused",
    "MTP": "a model is loaded with layers that it does not have",
    "does not divide n_embd_head": "a cache type does not fit the model, which its client is told",
    "failed to create context with model": "a setting does not fit the model",
    "failed to create_context with model": "a setting does not fit the model",
    "failed to find a memory slot": "what is kept of an earlier prompt makes room",
    "purging slot": "what is kept of an earlier prompt makes room",
    "Context size has been exceeded": "answers without a limit fill a context, and end",
    "failed to find free space in the KV cache, retrying": "an earlier prompt makes room",
    "is too large to process": "a text is too long for its model, which its client is told",
    "Wrong type supplied for parameter 'type'": "a part of a message is no text, and refused",
    "ffprobe": "sounds are sent to a vision model, which its client is told",
    "failed to decode buffer as either": "an image is damaged, which its client is told",
    "common_chat_templates_init": "a model's chat template is wrong",
    "chat template": "a model's chat template is wrong",
    "--chat-template chatml": "a model's chat template is wrong",
    "render_message_to_json": "a model's chat template is wrong",
    "supported by the template": "a model's chat template is wrong",
    "default special token": "the tiny embedding model has hardly any tokens",
    "special_eos_id is not in special_eog_ids": "the tiny embedding model has hardly any tokens",
    "error loading model: check_tensor_dims": "a model's file is wrong",
    "failed to load model": "a model's file is wrong",
    "exiting due to model loading error": "a model's file is wrong",
    "Failed to init server": "a model's file is wrong",
    "llg error: at": "a schema that cannot be kept is tried and refused",
}
"""Parts of lines, each with what tests do to bring it about."""


def told(lines: list[str]) -> list[str]:
    """Return the warnings among the lines of a log that nobody expects, each once."""
    found = {}
    for line in lines:
        marked = _LINE.search(line)
        if marked is None and not _UNMARKED.search(line):
            continue
        text = marked[3].strip() if marked else line
        if not any(part in text for part in EXPECTED):
            found[re.sub(r"[0-9]+", "N", text)] = line.rstrip()
    return list(found.values())


def unexpected() -> list[str]:
    """Return what stands in the logs of this run, and do not look at these logs again."""
    found = []
    for log in LOGS:
        for file in (log, *log.parent.glob(f"{log.name}.[0-9]")):
            if file.exists():
                found += told(file.read_text(encoding="utf-8", errors="replace").splitlines())
    LOGS.clear()
    return found
