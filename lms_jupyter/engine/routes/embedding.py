"""The namespace `embedding`."""

from __future__ import annotations

from functools import partial
from typing import Any

from lms_jupyter.engine.routes import models
from lms_jupyter.engine.routes.connection import Namespace
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.routes.llm import count_tokens, tokenize
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object, text


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    return Namespace(
        "embedding",
        models.rpcs(services, "embedding")
        | {
            "embedString": partial(_embed, services),
            "getBasePredictionConfig": partial(_base_config, services),
            "tokenize": partial(tokenize, services, "embedding"),
            "countTokens": partial(count_tokens, services, "embedding"),
        },
        models.channels(services, "embedding"),
    )


def _base_config(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    """Say that there is nothing to set about an embedding."""
    models.find(services, "embedding", an_object(parameter).get("specifier"))
    return {"fields": []}


async def _embed(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    asked = an_object(parameter)
    instance = models.find(services, "embedding", asked.get("modelSpecifier"))
    content = text(asked, "inputString")
    return {"embedding": await services.inference.embed(instance, content)}
