"""Offers and plans say the same in two ways: each as the other, for hosts that have only one."""

from collections.abc import Sequence
from typing import Any

from lms_jupyter.hosts.base import Offer
from lms_jupyter.hosts.download_plans import BY_PLAN, FITS, DownloadPlan, PlanOption

_MEMORY = dict(zip(FITS.values(), ("gpu", "part", "main", "none"), strict=True))
_HERE = ("downloaded", "downloading")


def plan_of_offers(name: str, offers: Sequence[Offer], chosen: Offer) -> DownloadPlan:
    """Make the plan of a host that makes none: what it offers, and what would be chosen of it."""
    return DownloadPlan(
        name=name,
        options=tuple(
            PlanOption(
                name=offer.name,
                size_bytes=offer.size_bytes,
                quantization=offer.quantization,
                fit="fits into memory" if offer.fits else FITS["willNotFit"],
                recommended=offer.recommended,
            )
            for offer in offers
        ),
        selected=offers.index(chosen),
        size_bytes=chosen.size_bytes,
    )


def planned_of(offer: Offer, plan: DownloadPlan | None) -> dict[str, Any]:
    """Return what a plan says of an offer beyond it, as fields of `Downloadable`."""
    kind = (offer.quantization or "").casefold()
    for option in plan.options if plan else ():
        named = option.name == offer.name or (
            kind and kind == (option.quantization or "").casefold()
        )
        if named and option.size_bytes == offer.size_bytes:
            here = option.availability if option.availability in _HERE else None
            return {"memory_fit": _MEMORY.get(option.fit), "here": here}
    return {}


def offers_of_plan(plan: DownloadPlan) -> tuple[Offer, ...]:
    """Return what a plan has to choose from as offers, which `download` has the plan fetch."""
    return tuple(
        Offer(
            name=plan.name,
            download_id=f"{BY_PLAN}{place}",
            size_bytes=option.size_bytes,
            quantization=option.quantization,
            recommended=option.recommended,
            fits=option.fit != FITS["willNotFit"],
        )
        for place, option in enumerate(plan.options)
    )
