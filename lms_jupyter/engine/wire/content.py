"""What of a request llama.cpp would answer with a failure of its own, or take for what it is not.

The formats of OpenAI's chats and responses, of Anthropic's messages and of LM Studio's own calls
are looked at alike: images and sounds, the calls of tools that are told again, and the tools. What
can be meant is written so that llama.cpp understands it; the rest is a `BadRequestError`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.wire.nesting import TooDeepError, check_depth

IMAGES: Final = frozenset({"image_url", "image", "input_image"})
_SOUNDS: Final = frozenset({"input_audio", "audio", "audio_url"})
_VIDEOS: Final = frozenset({"input_video", "video", "video_url"})
_DATA_URL: Final = re.compile(r"data:(?P<kind>[\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,", re.ASCII)
_HINT: Final = "Send the picture itself, as data:image/png;base64,…"


def settle(body: dict[str, Any], *, name: str, vision: bool) -> None:
    """Check the parts of a request to the instance `name`, and write what is meant plainly.

    Raises:
        BadRequestError: Something cannot be meant; the message names it.
    """
    for field in ("messages", "input"):
        items = body.get(field)
        if isinstance(items, list):
            body[field] = [_item(item, name, vision=vision) for item in items]
    if isinstance(body.get("tools"), list):
        body["tools"] = [plain_tool(tool) for tool in body["tools"]]


def plain_tool(tool: Any) -> Any:
    """Leave out what a tool says with null: that is the same as not to say it."""
    if not isinstance(tool, Mapping):
        return tool
    plain = {name: value for name, value in tool.items() if value is not None}
    function = plain.get("function")
    if isinstance(function, Mapping):
        plain["function"] = {key: value for key, value in function.items() if value is not None}
    return plain


def image_data(url: object) -> str:
    """Return the base64 text of an image's data URL; text without a prefix is taken for that.

    Raises:
        BadRequestError: It is none. Addresses are not fetched: the engine would reach where its
            client cannot.
    """
    if not isinstance(url, str) or not url:
        raise BadRequestError(f"An image has to be a data URL, not {url!r:.100}.", hint=_HINT)
    found = _DATA_URL.match(url)
    if found is None and ":" in url[:100]:
        raise BadRequestError(
            f"An image has to be a data URL of base64; {url[:100]!r} is not fetched.", hint=_HINT
        )
    kind = found["kind"] if found else None
    if kind is not None and not kind.lower().startswith("image/"):
        raise BadRequestError(f"A data URL of the type {kind!r} is no image.", hint=_HINT)
    data = url[found.end() :] if found else url
    try:
        content = binascii.a2b_base64(data.encode("ascii"), strict_mode=True)
    except ValueError as error:
        raise BadRequestError(f"The data of an image is not base64: {error}.", hint=_HINT) from None
    if not content:
        raise BadRequestError("The data of an image is empty.", hint=_HINT)
    return data


def tool_arguments(value: object, of_what: str) -> dict[str, Any]:
    """Read the arguments of a call: a JSON object, or its text; nothing said means no arguments.

    Raises:
        BadRequestError: They are something else.
    """
    if value is None or value == "":
        return {}
    arguments = value
    if isinstance(value, str):
        try:
            arguments = msgspec.json.decode(value)
        except RecursionError:
            raise TooDeepError(f"The arguments of the call of {of_what:.100}") from None
        except (msgspec.DecodeError, UnicodeError) as error:
            raise BadRequestError(
                f"The arguments of the call of {of_what:.100} are not JSON: {error}."
            ) from None
    if not isinstance(arguments, dict):
        raise BadRequestError(
            f"The arguments of the call of {of_what:.100} have to be a JSON object, "
            f"not {value!r:.100}."
        )
    check_depth(arguments, f"The arguments of the call of {of_what:.100}")
    return arguments


def _item(item: Any, name: str, *, vision: bool) -> Any:
    """Return one message, or one item of a response's input."""
    if not isinstance(item, Mapping):
        return item
    plain = dict(item)
    if plain.get("tool_calls") is None:
        plain.pop("tool_calls", None)
    elif isinstance(plain["tool_calls"], list):
        plain["tool_calls"] = [_call(call) for call in plain["tool_calls"]]
    if plain.get("type") == "function_call":
        plain["arguments"] = _written(plain.get("arguments"), plain.get("name"))
    for field in ("content", "output"):
        if isinstance(plain.get(field), list):
            plain[field] = [_part(part, name, vision=vision) for part in plain[field]]
    return plain


def _call(call: Any) -> Any:
    """Return a call of OpenAI's chats."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return call
    _check_texts(call, "id")
    _check_texts(function, "name")
    arguments = _written(function.get("arguments"), function.get("name"))
    return {"type": "function"} | dict(call) | {"function": {**function, "arguments": arguments}}


def _check_texts(call: Mapping[str, Any], *names: str) -> None:
    """Refuse what llama.cpp would replace by a default of its own."""
    for name in names:
        if not isinstance(call.get(name, ""), str):
            raise BadRequestError(
                f"The {name!r} of a tool's call has to be text, not {call[name]!r:.100}."
            )


def _written(arguments: object, name: object) -> str:
    return msgspec.json.encode(tool_arguments(arguments, repr(name))).decode()


def _part(part: Any, name: str, *, vision: bool) -> Any:
    """Return one part of a content."""
    if not isinstance(part, Mapping):
        return part
    plain = dict(part)
    kind = plain.get("type")
    if kind in ("tool_use", "tool_result"):
        _check_texts(plain, "id", "name", "tool_use_id")
    if kind == "tool_use":
        plain["input"] = tool_arguments(plain.get("input"), repr(plain.get("name")))
    elif kind == "tool_result" and isinstance(plain.get("content"), list):
        plain["content"] = [_part(part, name, vision=vision) for part in plain["content"]]
    elif isinstance(kind, str) and kind in _SOUNDS | _VIDEOS and not vision:
        what = "listen to sounds" if kind in _SOUNDS else "look at videos"
        raise BadRequestError(f"{name!r} cannot {what}.", hint="Send text.")
    elif isinstance(kind, str) and kind in IMAGES:
        if not vision:
            raise BadRequestError(
                f"{name!r} cannot look at images.",
                hint="Load a vision model, one with an 'mmproj' file beside it.",
            )
        for url in _images(plain):
            image_data(url)
    return plain


def _images(part: Mapping[str, Any]) -> Iterator[object]:
    """Yield what an image says it is, in the three formats that have images."""
    if part["type"] == "image":
        source = part.get("source")
        if not isinstance(source, Mapping):
            raise BadRequestError(f"An image needs a 'source', not {source!r:.100}.", hint=_HINT)
        yield source.get("data") if source.get("type") == "base64" else source.get("url")
        return
    url = part.get("image_url")
    if part["type"] == "image_url":
        url = url.get("url") if isinstance(url, Mapping) else None
    yield url
