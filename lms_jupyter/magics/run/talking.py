"""Runs `%%lms` and `%lms chat`."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lms_jupyter.api.answers import Answer
from lms_jupyter.api.host_verbs import last_used
from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.api.notebook_model import chosen_model, explain
from lms_jupyter.errors import CommandError, LmsError, ModelNotFoundError
from lms_jupyter.hosts.prediction import Message, Picture, Sampling
from lms_jupyter.magics.answer import Figures, as_value, is_schema
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.fill import fill, unfilled_note
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.run.loading import check_llm
from lms_jupyter.magics.run.presets import load_config_of, with_preset
from lms_jupyter.magics.run.tooling import ToolBox, Turns, opened_box
from lms_jupyter.magics.verbs.talking import Talk
from lms_jupyter.manager import lookup
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance


@perform.register
def talk(request: Talk, context: MagicContext) -> None:
    """Answer a prompt into the cell, and keep the answer under a name."""
    prompt = prompt_of(request, context)
    schema = schema_of(request.schema, context)
    with opened_box(request.tools, context) as box:
        _talk(request, prompt, schema, box, context)


def _talk(request: Talk, prompt: str, schema: Any, box: ToolBox, context: MagicContext) -> None:
    instance = instance_for(request, context)
    request = with_preset(request, context)
    pictures = pictures_of(request, context)
    if pictures and not instance.vision:
        raise CommandError(
            f"{instance.identifier} cannot see: it is no vision model.",
            hint="`%lms ls --json` says which models have vision.",
        )
    messages = conversation(request, prompt, pictures, context)
    turns = Turns(context, instance, messages, sampling_of(request, schema))
    try:
        turns.take(box, request.tools.rounds)
    except KeyboardInterrupt:
        # Stopping is how a user says "enough": what there is stays.
        turns.draft.stats = None
    draft = turns.draft
    answer = Answer.of(draft, instance.identifier, turns.called)
    context.bind(request.variable, answer)
    if request.sampling.log_probs is not None and draft.stats and answer.log_probs is None:
        name = context.manager.activity.host.title
        context.say(f"{name} has told no probabilities of tokens: answer.log_probs is None.")
    if request.chat is not None:
        reply = Message(role="assistant", text=str(answer))
        context.chats[request.chat] = [*turns.messages, reply]
    if request.footer:
        figures = Figures(
            model=instance.identifier,
            stats=draft.stats,
            calls=len(turns.called),
            warm_tokens=warm_tokens(instance, context),
        )
        context.show(figures.bundle())
    if schema is None or draft.stats is None:
        return
    try:
        context.bind(request.variable, as_value(answer, schema))
    except ValueError as error:
        raise CommandError(
            f"The answer is not what {request.schema} asks for: {error}.",
            hint="Was it cut short? --max-tokens allows a longer answer.",
        ) from error


def warm_tokens(instance: Instance, context: MagicContext) -> int:
    """Return how many tokens an instance began with that one before it had read."""
    if "forget" not in context.manager.activity.host.features:
        return 0
    with contextlib.suppress(LmsError):
        for loaded in context.session.run(lookup.instances(context.manager)):
            if loaded.instance_reference == instance.instance_reference:
                return loaded.warm_tokens
    return 0


def prompt_of(request: Talk, context: MagicContext) -> str:
    """Return what is to be said, with the notebook's values filled in.

    Raises:
        CommandError: There is nothing to say.
    """
    prompt = (request.prompt or "").strip()
    if not prompt:
        raise CommandError(
            "There is nothing to say: the cell is empty.",
            hint="Write the prompt below the line that begins with %%lms.",
        )
    if not request.fills:
        return prompt
    if note := unfilled_note(prompt, context.names):
        context.say(note)
    return fill(prompt, context.names)


def schema_of(name: str | None, context: MagicContext) -> Any:
    """Find the schema that a name stands for.

    Raises:
        CommandError: The notebook knows no such dict or class.
    """
    if name is None:
        return None
    found = context.names.get(name)
    if is_schema(found):
        return found
    raise CommandError(
        f"{name!r} is no dict and no Pydantic class of this notebook.",
        hint="--json takes the name of a JSON Schema or of a class with model_json_schema().",
    )


def sampling_of(request: Talk, schema: Any) -> Sampling:
    """Return how to sample, with the schema that the answer has to fit."""
    if schema is None:
        return request.sampling
    json_schema = schema if isinstance(schema, dict) else schema.model_json_schema()
    return replace(request.sampling, json_schema=json_schema)


def instance_for(request: Talk, context: MagicContext) -> Instance:
    """Return the instance that answers, loaded if need be.

    It is the one that is named, else that of the notebook, else the one that was used last.

    Raises:
        CommandError: None is named, and none is in memory.
    """
    name = request.name or chosen_model()
    if name is None:
        context.connect()
        return context.session.run(last_used(context.manager))
    config = load_config_of(request)
    wanted = LoadRequest(model_key=name, mode="use", config=config, ttl_s=request.ttl_s)
    try:
        result = context.load(NotebookRequest(request=wanted))
    except ModelNotFoundError as error:
        raise error if request.name else explain(error) from None
    check_llm(result)
    return result.instance


def pictures_of(request: Talk, context: MagicContext) -> tuple[Picture, ...]:
    """Read the images: files, or what the notebook has under a name.

    Raises:
        CommandError: One is neither.
    """
    return tuple(_picture(name, context) for name in request.images)


def _picture(name: str, context: MagicContext) -> Picture:
    found = context.names.get(name, name)
    if isinstance(found, bytes):
        return Picture(name=name, content=found)
    draw: Callable[[], bytes] | None = getattr(found, "_repr_png_", None)
    if draw is not None and (content := draw()):
        return Picture(name=f"{name}.png", content=content)
    if isinstance(found, str | Path):
        path = Path(found).expanduser()
        file = path if path.is_absolute() else context.session.folder / path
        try:
            return Picture(name=file.name, content=file.read_bytes())
        except OSError as error:
            raise CommandError(f"The image {found} cannot be read: {error.strerror}.") from error
    raise CommandError(f"{name!r} is no image: not a file, not bytes, and nothing that draws PNG.")


def conversation(
    request: Talk, prompt: str, pictures: tuple[Picture, ...], context: MagicContext
) -> list[Message]:
    """Return what has been said before, and the prompt."""
    before = [] if request.chat is None or request.fresh else context.chats.get(request.chat, [])
    system = request.system
    if system is not None:
        before = [message for message in before if message.role != "system"]
        before = [Message(role="system", text=system), *before]
    return [*before, Message(role="user", text=prompt, pictures=pictures)]
