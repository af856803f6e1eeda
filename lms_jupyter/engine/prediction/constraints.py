"""Decides, before a model speaks, whether a constraint on its answer will be kept as asked.

A JSON schema is rewritten (`json_schema`) and given to llguidance, which keeps it to the letter or
not at all: if it cannot read a schema, llama.cpp notes that in its log and generates free text. So
each schema is tried on one token first, and the part that cannot be read is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

import msgspec

from lms_jupyter.engine.errors import BadRequestError, ConstraintError
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.prediction.gbnf_schema import unkept
from lms_jupyter.engine.prediction.json_schema import Prepared, prepared
from lms_jupyter.engine.prediction.schema_words import UnkeepableError

LLGUIDANCE: Final = "%llguidance"
MAX_TRIALS: Final = 64
MAX_REMEMBERED: Final = 1000

_STYLE: Final = {
    "x-guidance": {
        # Small models write white space without end where they may.
        "whitespace_flexible": False,
        "item_separator": ", ",
        "key_separator": ": ",
    }
}
_COMPLAINT: Final = "failed to compile JSON schema: "
_JSON_BEGINS: Final = tuple('{["-0123456789tfn')
_NO_LLGUIDANCE: Final = "llguidance is not enabled"
_SPACE: Final = re.compile(r"^space ::= .*$", re.MULTILINE)
"""Small models write white space without end where they may."""
_UNTOLD: Final = "this build of llama.cpp has no llguidance, and does not tell its own grammar"
_ELSE: Final = ("z", "Z", "~")
"""What a trial would answer if nothing kept it from doing so."""


class Asks(Protocol):
    """Asks the llama.cpp of an instance."""

    async def post(self, instance: Instance, path: str, body: Mapping[str, Any]) -> Any:
        """Return the answer to a POST."""


class Constraints:
    """Makes grammars that are kept, and remembers which ones have been tried."""

    def __init__(self, llama: Asks) -> None:
        self._llama = llama
        self._gbnf: WeakKeyDictionary[Instance, dict[str, str]] = WeakKeyDictionary()
        """The grammars of instances whose llama.cpp has no llguidance, by what they stand for."""
        self._kept: WeakKeyDictionary[Instance, set[str]] = WeakKeyDictionary()

    async def grammar(self, instance: Instance, schema: Any, name: str) -> str:
        """Return the grammar of a JSON schema; `name` is where the request has it.

        The caller has a session of the instance.

        Raises:
            ConstraintError: Some part cannot be kept; it says which.
        """
        try:
            ready = prepared(schema)
        except UnkeepableError as error:
            raise ConstraintError(name, error.pointer, error.reason) from None
        if instance in self._gbnf:
            return await self._as_gbnf(instance, ready, name)
        written = _written(ready.schema)
        kept = self._kept.setdefault(instance, set())
        if written in kept:
            return written
        try:
            is_kept = await self._is_kept(instance, written)
        except BadRequestError as error:
            if _NO_LLGUIDANCE not in error.title:
                raise
            self._gbnf[instance] = {}
            return await self._as_gbnf(instance, ready, name)
        if not is_kept:
            pointer = await self._culprit(instance, ready)
            raise ConstraintError(name, pointer, _reason(instance))
        if len(kept) >= MAX_REMEMBERED:
            kept.clear()
        kept.add(written)
        return written

    async def _as_gbnf(self, instance: Instance, ready: Prepared, name: str) -> str:
        """Return llama.cpp's own grammar, from a build without llguidance."""
        word = unkept(ready.schema)
        if word:
            raise ConstraintError(
                name,
                "",
                f"this build of llama.cpp has no llguidance, and does not keep {word!r}",
                hint="Leave that part out, or load the model on another runtime.",
            )
        known = self._gbnf[instance]
        written = _written(ready.schema)
        if written not in known:
            trial = {"prompt": "0", "n_predict": 1, "json_schema": ready.schema}
            answer = await self._llama.post(instance, "/completion", trial)
            grammar = answer.get("generation_settings", {}).get("grammar")
            if not isinstance(grammar, str) or not grammar:
                raise ConstraintError(name, "", _UNTOLD)
            if len(known) >= MAX_REMEMBERED:
                known.clear()
            known[written] = _SPACE.sub(r'space ::= " "?', grammar)
        return known[written]

    async def _is_kept(self, instance: Instance, grammar: str) -> bool:
        """Generate one token with everything in favour of what is no JSON."""
        trial = {
            "prompt": "0",
            "n_predict": 1,
            "temperature": 0,
            "logit_bias": [[letter, 100] for letter in _ELSE],
            "grammar": grammar,
        }
        answer = await self._llama.post(instance, "/completion", trial)
        return str(answer.get("content", "")).startswith(_JSON_BEGINS)

    async def _culprit(self, instance: Instance, ready: Prepared) -> str:
        """Return the place of an innermost part that is not kept, or of the whole."""
        for pointer, part in sorted(ready.parts[:MAX_TRIALS], key=_depth, reverse=True):
            if not await self._is_kept(instance, _written(ready.part(part))):
                return pointer
        return ""


def _reason(instance: Instance) -> str:
    """Return what llguidance said last, where that can be found."""
    lines = instance.worker.stderr if instance.worker else ()
    complaints = [line.partition(_COMPLAINT)[2] for line in lines if _COMPLAINT in line]
    reason = "llama.cpp cannot turn it into a grammar"
    return f"{reason} ({complaints[-1].strip()[:200]})" if complaints else reason


def check_grammar(grammar: str, name: str) -> None:
    """Raise `ConstraintError` for a grammar whose mistakes llama.cpp would not tell."""
    if grammar.lstrip().startswith(LLGUIDANCE):
        raise ConstraintError(name, "", "it is a grammar of llguidance, and has to be GBNF")
    if not grammar.strip():
        raise ConstraintError(name, "", "it is empty")


def _written(schema: Mapping[str, Any]) -> str:
    content = msgspec.json.encode({**schema, **_STYLE}).decode()
    return f"{LLGUIDANCE} {{}}\nstart: %json {content}\n"


def _depth(part: tuple[str, Any]) -> int:
    return part[0].count("/")
