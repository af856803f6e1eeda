"""Chat templates of files that cannot be used: found while a model loads, and replaced.

llama.cpp tries a template while it loads the model. Where it fails, the model is loaded with a
plain one, so that it can be used without a chat, or with a template that its client brings.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from lms_jupyter.engine.library.listing import DownloadedModel
from lms_jupyter.engine.templates.sandbox import Templates
from lms_jupyter.engine.worker.handle import WorkerHandle

PLAIN_TEMPLATE: Final = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
"""Nobody is answered with it: it only lets llama.cpp begin."""
ENDLESS: Final = "it does not come to an end"
LOOK_EVERY_S: Final = 0.1
PATIENCE_S: Final = 1.0
"""How long llama.cpp may get ready before its template is tried here."""


MAX_REMEMBERED: Final = 1000


class TemplateProblems:
    """Remembers which files have templates that cannot be used, until the files change."""

    def __init__(self) -> None:
        self._found: dict[tuple[Path, int, str | None], str] = {}

    def note(self, model: DownloadedModel, reason: str) -> None:
        """Remember what a load has found out."""
        if len(self._found) >= MAX_REMEMBERED:
            self._found.clear()
        self._found[_template_of(model)] = reason

    def of(self, model: DownloadedModel) -> str:
        """Return why a model's template cannot be used; empty as long as nobody knows."""
        return self._found.get(_template_of(model), "") if self._found else ""


def _template_of(model: DownloadedModel) -> tuple[Path, int, str | None]:
    return model.file, model.size_bytes, model.header.text("tokenizer.chat_template")


class TemplateWatch:
    """Ends workers that are stuck in a template."""

    def __init__(self) -> None:
        self._templates = Templates()

    async def over(self, worker: WorkerHandle, template: str | None, stuck: asyncio.Event) -> None:
        """End a worker that has read its file and never gets ready, if its template is endless.

        Then `stuck` is set.
        """
        if not template:
            return
        while not worker.is_read:
            if not worker.is_running:
                return
            await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.sleep(PATIENCE_S)
        if await self._templates.is_endless(template):
            stuck.set()
            await worker.end()
