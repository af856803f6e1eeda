"""The namespace `files`."""

from __future__ import annotations

import base64
import binascii
from functools import partial
from typing import Any

from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.routes import documents
from lms_jupyter.engine.routes.connection import Namespace, Rpc
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object, text


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    calls: dict[str, Rpc] = {
        "uploadFileBase64": partial(_upload, services),
        "getLocalFileAbsolutePath": _path,
    }
    return Namespace(
        "files",
        calls | documents.rpcs(services),
        documents.channels(services),
    )


def _path(_caller: Caller, _parameter: Any) -> None:
    raise UnsupportedError("This engine keeps files in memory; they have no path.")


def _upload(services: Services, caller: Caller, parameter: Any) -> dict[str, Any]:
    asked = an_object(parameter)
    try:
        content = base64.b64decode(text(asked, "contentBase64"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"'contentBase64' is not base64: {error}.") from error
    upload = services.uploads.add(text(asked, "name"), content, caller.identifier)
    return {
        "identifier": upload.identifier,
        "fileType": upload.file_type,
        "sizeBytes": len(upload.content),
    }
