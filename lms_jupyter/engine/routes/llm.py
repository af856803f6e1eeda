"""The namespace `llm`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.prediction.prediction import Prediction, PredictionSettings, Prompt
from lms_jupyter.engine.routes import models
from lms_jupyter.engine.routes.connection import Channel, Namespace
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object, text
from lms_jupyter.engine.wire.history import messages
from lms_jupyter.engine.wire.load_config import load_config
from lms_jupyter.engine.wire.predict import packet_for, success
from lms_jupyter.engine.wire.prediction_config import (
    DEFAULTS,
    prediction_config,
    tool_definitions,
)
from lms_jupyter.engine.wire.presets import with_preset
from lms_jupyter.engine.wire.virtual_models import settings_for


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    calls: dict[str, Callable[..., Any]] = {
        "tokenize": tokenize,
        "countTokens": count_tokens,
        "applyPromptTemplate": _apply_template,
        "getBasePredictionConfig": _base_config,
        "preloadDraftModel": _preload_draft,
    }
    return Namespace(
        "llm",
        models.rpcs(services, "llm")
        | {name: partial(call, services, "llm") for name, call in calls.items()},
        models.channels(services, "llm")
        | {
            "predict": partial(_predict, services),
            "completeRawText": partial(_complete, services),
        },
    )


async def tokenize(services: Services, domain: Any, _caller: Caller, parameter: Any) -> Any:
    """Return a text's tokens."""
    asked = an_object(parameter)
    instance = models.find(services, domain, asked.get("specifier"))
    return {"tokens": await services.inference.tokenize(instance, text(asked, "inputString"))}


async def count_tokens(services: Services, domain: Any, _caller: Caller, parameter: Any) -> Any:
    """Return how many tokens a text has.

    As LM Studio does it, an embedding model's count leaves out the tokens that its tokenizer puts
    around every text.
    """
    asked = an_object(parameter)
    instance = models.find(services, domain, asked.get("specifier"))
    content = text(asked, "inputString")
    tokens = await services.inference.tokenize(instance, content, special=domain == "llm")
    return {"tokenCount": len(tokens)}


async def _apply_template(services: Services, domain: Any, _caller: Caller, parameter: Any) -> Any:
    asked = an_object(parameter)
    instance = models.find(services, domain, asked.get("specifier"))
    conversation = messages(asked.get("history"), services.uploads.find, only_named=True)
    settings = settings_for(instance.model, asked.get("predictionConfigStack"))
    tools = an_object(asked.get("opts") or {}).get("toolDefinitions")
    if tools is not None:
        settings = replace(settings, tools=tool_definitions(tools))
    prompt = await services.inference.render(instance, conversation, settings)
    return {"formatted": prompt.text}


def _base_config(services: Services, domain: Any, _caller: Caller, parameter: Any) -> Any:
    """Return what a prediction does where nothing else is asked."""
    models.find(services, domain, an_object(parameter).get("specifier"))
    return prediction_config(DEFAULTS)


async def _preload_draft(services: Services, domain: Any, _caller: Caller, parameter: Any) -> None:
    """See to it that the draft model is there; it can only have come with the model itself."""
    asked = an_object(parameter)
    instance = models.find(services, domain, asked.get("specifier"))
    await services.loader.check_draft(instance, text(asked, "draftModelKey"))


async def _predict(services: Services, channel: Channel) -> None:
    """`predict`: continue a conversation."""
    asked = an_object(channel.parameter)
    stack = await with_preset(asked)
    instance = models.find(services, "llm", asked.get("modelSpecifier"))
    conversation = messages(asked.get("history"), services.uploads.find)
    settings = settings_for(instance.model, stack)
    await services.loader.check_draft(instance, settings.draft_model)
    prediction = services.inference.respond(instance, conversation, settings)
    await _stream(channel, instance, settings, prediction)


async def _complete(services: Services, channel: Channel) -> None:
    """`completeRawText`: continue a text as it stands."""
    asked = an_object(channel.parameter)
    stack = await with_preset(asked)
    instance = models.find(services, "llm", asked.get("modelSpecifier"))
    prompt = Prompt(text(asked, "rawPrompt"))
    settings = settings_for(instance.model, stack)
    await services.loader.check_draft(instance, settings.draft_model)
    prediction = services.inference.complete(instance, prompt, settings)
    await _stream(channel, instance, settings, prediction)


async def _stream(
    channel: Channel, instance: Instance, settings: PredictionSettings, prediction: Prediction
) -> None:
    """Send the pieces as they come, until the end or until the client cancels."""
    async with channel.interrupted_by("cancel") as scope, prediction:
        async for piece in prediction:
            channel.send(packet_for(piece))
            await channel.room()
    outcome = prediction.outcome
    if scope.expired():
        # It may have been cancelled before it began, and so without its knowing why.
        outcome = replace(outcome, stop_reason="userStopped")
    channel.send(
        success(
            outcome,
            instance,
            load_config(instance.settings, instance.domain),
            prediction_config(settings),
        )
    )
