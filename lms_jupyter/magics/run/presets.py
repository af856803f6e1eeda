"""Runs `preset`, and says what a cell's preset comes to."""

import json
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from lms_jupyter.api.draw import compact
from lms_jupyter.api.settings import read_preset, read_profile
from lms_jupyter.api.tables import RichOutput
from lms_jupyter.hosts import presets
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.presets import PresetLine
from lms_jupyter.magics.verbs.talking import Talk
from lms_jupyter.preset_files import Preset, preset_folder
from lms_jupyter.protocol.models import LoadConfig

LONGEST = 80


@perform.register
def preset(request: PresetLine, context: MagicContext) -> None:
    """List, show or write; no host is asked: presets are files of this machine."""
    match request.what:
        case "ls":
            _list(context, as_json=request.as_json)
        case "show":
            _show(presets.find_preset(request.name), context, as_json=request.as_json)
        case "save":
            recipe = read_profile(request.profile, context.session.folder)
            saved = presets.save_preset(request.name, recipe.config)
            context.say(f"The profile {request.profile} is the preset {saved.name!r}: {saved.path}")
            if recipe.ttl_s:
                context.say("A preset has no TTL; that stays in the profile.")


def load_config_of(request: Talk) -> LoadConfig:
    """Return what the preset of a request says of a load that it may need.

    Raises:
        CommandError: There is no such preset, or this version cannot carry it out.
    """
    return LoadConfig() if request.preset is None else read_preset(request.preset).config


def with_preset(request: Talk, context: MagicContext) -> Talk:
    """Return the request with what its preset says; what the line says itself wins.

    Raises:
        CommandError: There is no such preset, or it cannot be read.
    """
    if request.preset is None:
        return request
    found = presets.find_preset(request.preset)
    context.connect()
    if left := presets.unused(found, context.manager.activity.host):
        context.say(f"Not used here of the preset {found.name!r}: {', '.join(left)}.")
    chat = context.chats.get(request.chat, []) if request.chat and not request.fresh else []
    has_system = any(message.role == "system" for message in chat)
    system = request.system or (None if has_system else found.system_prompt)
    return replace(request, system=system, sampling=presets.sampled_by(request.sampling, found))


def _list(context: MagicContext, *, as_json: bool) -> None:
    shelf = presets.presets()
    if as_json:
        found = [{"identifier": preset.identifier, "name": preset.name} for preset in shelf.presets]
        context.say(compact(found))
        return
    rows = [
        (preset.name, preset.identifier, _keys(preset.load), _keys(preset.operation))
        for preset in shelf.presets
    ]
    place = preset_folder() or "LM Studio's folder"
    lead = f"{len(rows)} in {place}." if rows else f"There are no presets in {place}."
    context.show(RichOutput(lead, [(("NAME", "IDENTIFIER", "LOAD", "PREDICTION"), rows)]).bundle())
    for reason in shelf.refused.values():
        context.say(reason)


def _show(found: Preset, context: MagicContext, *, as_json: bool) -> None:
    if as_json:
        parts = {"operation": dict(found.operation), "load": dict(found.load)}
        context.say(compact({"identifier": found.identifier, "name": found.name, **parts}))
        return
    rows = [(key, _value(value)) for key, value in (*found.load, *found.operation)]
    lead = f"{found.name} ({found.identifier}), {found.path}"
    context.show(RichOutput(lead, [(("KEY", "VALUE"), rows)]).bundle())


def _keys(fields: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(key.rpartition(".")[2] for key, _ in fields)


def _value(value: Any) -> str:
    """Write a value on one line, without the checkbox around it."""
    if isinstance(value, dict) and set(value) == {"checked", "value"}:
        return _value(value["value"]) if value["checked"] else "off"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}…"
