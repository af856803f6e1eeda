"""Tells apart what a model thinks and what it answers, while the text streams in. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from lms_jupyter.engine.prediction.prediction import Fragment, ReasoningTags, ReasoningType


class ReasoningSplitter:
    """Cuts a stream of text at the tags around its reasoning.

    Text that may be the beginning of a tag is held back until more has come.
    """

    def __init__(self, tags: ReasoningTags | None, prompt: str = "") -> None:
        self._tags = tags
        self._thinking = tags is not None and prompt.rstrip().endswith(tags.start)
        self._held = ""
        self._held_tokens = 0

    @property
    def is_thinking(self) -> bool:
        """Whether what comes next is reasoning."""
        return self._thinking

    def feed(self, content: str, tokens: int) -> Iterator[Fragment]:
        """Take in a piece of text that has this many tokens; yield what is certain now."""
        self._held += content
        self._held_tokens += tokens
        if self._tags is None:
            yield from self._release(self._held, keep="")
            return
        while True:
            tag = self._tags.end if self._thinking else self._tags.start
            before, found, after = self._held.partition(tag)
            if not found:
                break
            yield from self._release(before, keep=tag + after)
            yield from self._tag(tag, after)
        kept = _beginning_of(tag, self._held)
        cut = len(self._held) - kept
        yield from self._release(self._held[:cut], keep=self._held[cut:])

    def end(self) -> Iterator[Fragment]:
        """Yield what was still held back; tokens without text, as the last one, are no fragment."""
        if self._held:
            yield Fragment(self._held, self._held_tokens, self._kind)
        self._held, self._held_tokens = "", 0

    @property
    def _kind(self) -> ReasoningType:
        return "reasoning" if self._thinking else "none"

    def _release(self, content: str, *, keep: str) -> Iterator[Fragment]:
        """Let go of some text with its tokens; at least one of them stays with the rest."""
        if content:
            tokens = max(0, self._held_tokens - 1) if keep else self._held_tokens
            self._held_tokens -= tokens
            yield Fragment(content, tokens, self._kind)
        self._held = keep

    def _tag(self, tag: str, after: str) -> Iterator[Fragment]:
        kind: ReasoningType = "reasoningEndTag" if self._thinking else "reasoningStartTag"
        tokens = max(0, self._held_tokens - 1) if after else self._held_tokens
        self._held_tokens -= tokens
        self._held = after
        self._thinking = not self._thinking
        yield Fragment(tag, tokens, kind, structural=True)


def _beginning_of(tag: str, text: str) -> int:
    """Return how many of the last letters of `text` may be the beginning of `tag`."""
    longest = min(len(tag) - 1, len(text))
    return next((n for n in range(longest, 0, -1) if tag.startswith(text[-n:])), 0)
