"""Plans of downloads as `createDownloadPlan` shows them."""

from __future__ import annotations

from typing import Any

from lms_jupyter.engine.downloads.plan import Choice, DownloadPlan


def plan_info(plan: DownloadPlan) -> dict[str, Any]:
    """Write a plan as far as it has come."""
    chosen = plan.chosen
    model = _model(plan)
    nodes = [model]
    if plan.artifact is not None:
        owner, name = plan.artifact
        artifact: dict[str, Any] = {
            "type": "artifact",
            "owner": owner,
            "name": name,
            "state": model["state"],
            "artifactType": "model",
            "dependencyNodes": [1],
        }
        if plan.is_resolved:
            # What belongs to the artifact itself and not to its model: nothing has to be fetched.
            artifact["sizeBytes"] = 0
        nodes.insert(0, artifact)
    action = "startNewDownload" if chosen else "none"
    written: dict[str, Any] = {
        "nodes": nodes,
        "downloadSizeBytes": plan.size_bytes,
        "downloadAction": action,
        "version": plan.version,
    }
    if chosen and chosen.job_id:
        written["downloadAction"] = "attachToExistingDownload"
        written["downloadJobIdentifier"] = chosen.job_id
    return written


def _model(plan: DownloadPlan) -> dict[str, Any]:
    node: dict[str, Any] = {
        "type": "model",
        "dependencyLabel": plan.label,
        "totalSources": 1,
        "resolvedSources": int(plan.is_resolved),
        "state": "fetching",
    }
    if not plan.is_resolved:
        return node
    options = [_option(choice) for choice in plan.choices]
    best = [place for place, choice in enumerate(plan.choices) if choice.option.recommended]
    node |= {
        "state": "completed" if plan.chosen else "satisfied",
        "downloadOptions": options,
        "selectedDownloadOptionIndex": plan.selected,
        "recommendedDownloadOptionIndex": best[0] if best else None,
    }
    if plan.chosen:
        node["selected"] = _info(plan.chosen)
    there = plan.owned if plan.selected is None else plan.choices[plan.selected]
    owned = there if there and there.availability == "downloaded" else plan.owned
    if owned:
        node["alreadyOwned"] = _info(owned) | {"modelKey": owned.model_key}
    return node


def _info(choice: Choice) -> dict[str, Any]:
    option = choice.option
    info: dict[str, Any] = {
        "displayName": option.repository,
        "sizeBytes": option.size_bytes,
        "compatibilityType": "gguf",
    }
    return info | ({"quantName": option.quantization} if option.quantization else {})


def _option(choice: Choice) -> dict[str, Any]:
    return _info(choice) | {
        "fitEstimation": choice.fits,
        "availability": choice.availability,
        "recommended": choice.option.recommended,
    }
