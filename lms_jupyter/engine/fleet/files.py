"""Files that a client has sent to the gateway, carried on to the device that is to look at them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.prediction.uploads import Upload, Uploads


async def carried(asked: Mapping[str, Any], uploads: Uploads, device: Device) -> dict[str, Any]:
    """Return what is asked of a model, with files of its history under the device's names."""
    history = asked.get("history")
    if not isinstance(history, Mapping) or not isinstance(history.get("messages"), list):
        return dict(asked)
    names: dict[str, str] = {}
    messages = [await _message(message, uploads, device, names) for message in history["messages"]]
    return {**asked, "history": {**history, "messages": messages}}


async def _message(message: Any, uploads: Uploads, device: Device, names: dict[str, str]) -> Any:
    content = message.get("content") if isinstance(message, Mapping) else None
    if not isinstance(content, list):
        return message
    parts = []
    for part in content:
        known = part.get("identifier") if isinstance(part, Mapping) else None
        upload = uploads.find(known) if isinstance(known, str) else None
        if upload is None:
            parts.append(part)
            continue
        if upload.identifier not in names:
            names[upload.identifier] = await _send(upload, device)
        parts.append({**part, "identifier": names[upload.identifier]})
    return {**message, "content": parts}


async def _send(upload: Upload, device: Device) -> str:
    content = base64.b64encode(upload.content).decode()
    file = {"name": upload.name, "contentBase64": content}
    return str((await device.call("files", "uploadFileBase64", file))["identifier"])
