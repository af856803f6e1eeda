"""The SDK's streams of an answer, raising our errors where the host goes away meanwhile."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import lmstudio

from lms_jupyter.hosts.sdk_errors import broken_off


class TranslatingStream(lmstudio.PredictionStream):
    """An `lmstudio.PredictionStream` of a handle of ours."""

    _address: str

    def __iter__(self) -> Iterator[Any]:
        with broken_off(self._address):
            yield from super().__iter__()

    def start(self) -> None:
        """Send the prediction request."""
        with broken_off(self._address):
            super().start()

    def result(self) -> Any:
        """Return what the prediction came to."""
        with broken_off(self._address):
            return super().result()

    def cancel(self) -> None:
        """Cancel the prediction process."""
        with broken_off(self._address):
            super().cancel()


class AsyncTranslatingStream(lmstudio.AsyncPredictionStream):
    """An `lmstudio.AsyncPredictionStream` of a handle of ours."""

    _address: str

    async def __aiter__(self) -> AsyncIterator[Any]:
        with broken_off(self._address):
            async with aclosing(super().__aiter__()) as fragments:  # type: ignore[type-var]
                async for fragment in fragments:
                    yield fragment

    async def start(self) -> None:
        """Send the prediction request."""
        with broken_off(self._address):
            await super().start()

    def result(self) -> Any:
        """Return what the prediction came to."""
        with broken_off(self._address):
            return super().result()

    async def cancel(self) -> None:
        """Cancel the prediction process."""
        with broken_off(self._address):
            await super().cancel()


def translating(result: Any, address: str) -> Any:
    """Return what a use of a handle came to; a stream is made one that translates errors."""
    if type(result) is lmstudio.PredictionStream:
        result.__class__ = TranslatingStream
        vars(result)["_address"] = address
    return result


def translating_async(result: Any, address: str) -> Any:
    """Return what a use of an async handle came to; a stream is made one that translates errors."""
    if type(result) is lmstudio.AsyncPredictionStream:
        result.__class__ = AsyncTranslatingStream
        vars(result)["_address"] = address
    return result
