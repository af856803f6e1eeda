"""What a fake host has on its disk and on offer."""

import asyncio
from collections.abc import AsyncIterator

from msgspec.structs import replace

from lms_jupyter.errors import HostUnreachableError, ModelNotFoundError
from lms_jupyter.hosts.base import Downloaded, Downloading, DownloadStep, Offer
from lms_jupyter.hosts.deletion import Deleted
from lms_jupyter.hosts.download_plans import DownloadPlan
from lms_jupyter.hosts.planned_offers import plan_of_offers
from lms_jupyter.protocol.models import Model


def fake_model(model_key: str = "qwen/qwen3-4b", **changes: object) -> Model:
    """Return a plausible model; any field can be given another value."""
    model = Model(
        model_key=model_key,
        kind="llm",
        display_name=model_key.rpartition("/")[2],
        publisher=model_key.partition("/")[0],
        path=f"{model_key}/model-Q4_K_M.gguf",
        size_bytes=2_497_281_120,
        params="4B",
        architecture="qwen3",
        quantization="Q4_K_M",
        max_context_length=40_960,
        trained_for_tool_use=True,
    )
    return replace(model, **changes)


class FakeDisk:
    """Keeps models in a list; part of `FakeHost`."""

    def __init__(self, address: str, *models: Model) -> None:
        self.address = address
        self.disk = list(models)
        self.market: list[Offer] = []
        self.fetched: dict[str, int] = {}
        self.gate: asyncio.Event | None = None
        self.reachable = True

    async def models(self) -> tuple[Model, ...]:
        """List the disk."""
        self._answer()
        return tuple(self.disk)

    async def variants(self, model: Model) -> tuple[Model, ...]:
        """Make a model of each variant, named after what stands behind the @."""
        self._answer()
        return tuple(
            replace(
                model,
                model_key=key,
                path=f"{model.path}@{key.rpartition('@')[2]}",
                quantization=key.rpartition("@")[2].upper(),
                variants=(),
            )
            for key in model.variants
        )

    async def delete_model(self, model_key: str, *, permanently: bool) -> Deleted:
        """Take a model off the list; there is a bin."""
        self._answer()
        model = self._model(model_key)
        self.disk = [other for other in self.disk if other.model_key != model.model_key]
        place = None if permanently else "/bin"
        return Deleted(
            model_key=model_key, files=(model.path,), size_bytes=model.size_bytes, bin=place
        )

    async def search(self, words: str) -> tuple[str, ...]:
        """Name what is on offer."""
        self._answer()
        return tuple(dict.fromkeys(o.name for o in self.market if words.lower() in o.name.lower()))

    async def offers(self, name: str) -> tuple[Offer, ...]:
        """List what is on offer under a name."""
        self._answer()
        return tuple(offer for offer in self.market if offer.name == name)

    async def plan(self, name: str, quantization: str | None) -> DownloadPlan:
        """Plan to fetch the file of this quantization, else the first."""
        offers = await self.offers(name)
        chosen = next((each for each in offers if each.quantization == quantization), None)
        return plan_of_offers(name, offers, chosen or offers[0])

    async def download(self, offer: Offer) -> AsyncIterator[DownloadStep]:
        """Put a model on the disk in steps of a half; begins where it was left."""
        self._answer()
        half = offer.size_bytes // 2
        for part in range(self.fetched.get(offer.download_id, 0), offer.size_bytes + 1, half):
            self.fetched[offer.download_id] = part
            yield Downloading(downloaded_bytes=part, total_bytes=offer.size_bytes)
            if self.gate is not None:
                await self.gate.wait()
        model = fake_model(offer.name, size_bytes=offer.size_bytes)
        self.disk.append(model)
        yield Downloaded(model_key=model.model_key)

    async def discard(self, offer: Offer) -> None:
        """Forget what was fetched of a file."""
        self._answer()
        self.fetched.pop(offer.download_id, None)

    def _answer(self) -> None:
        if not self.reachable:
            raise HostUnreachableError(f"Nothing answers at {self.address}.")

    def _model(self, model_key: str) -> Model:
        for model in self.disk:
            if model_key in model.variants:
                return replace(model, model_key=model_key)
            if model_key in (model.model_key, model.path):
                return model
        raise ModelNotFoundError(model_key, [model.model_key for model in self.disk])
