"""Chat templates of files that cannot be used: found while a model loads, and replaced.

llama.cpp tries a template while it loads the model. Where it fails, the model is loaded with a
plain one, so that it can be used without a chat, or with a template that its client brings.
"""

from __future__ import annotations

import asyncio
from typing import Final

from lms_jupyter.engine.child import Child
from lms_jupyter.engine.templates import Templates

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


class TemplateWatch:
    """Ends children that are stuck in a template."""

    def __init__(self) -> None:
        self._templates = Templates()

    async def over(self, child: Child, template: str | None, stuck: asyncio.Event) -> None:
        """End a child that has read its file and never gets ready, if its template is endless.

        Then `stuck` is set.
        """
        if not template:
            return
        while not child.is_read:
            if not child.is_running:
                return
            await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.sleep(PATIENCE_S)
        if await self._templates.is_endless(template):
            stuck.set()
            await child.end()
