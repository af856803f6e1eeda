"""Runs `%%lms compare`: one prompt, several models, side by side."""

import asyncio
from collections.abc import Iterable, Sequence

from lms_jupyter.api.answers import Answer
from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.errors import LmsError
from lms_jupyter.hosts.prediction import Message, Sampling
from lms_jupyter.magics.answer import Column, side_by_side
from lms_jupyter.magics.context import LiveDisplay, MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.run.loading import check_llm
from lms_jupyter.magics.run.presets import load_config_of, with_preset
from lms_jupyter.magics.run.streaming import follow
from lms_jupyter.magics.run.talking import (
    conversation,
    pictures_of,
    prompt_of,
    sampling_of,
    schema_of,
)
from lms_jupyter.magics.verbs.talking import Compare
from lms_jupyter.manager import loading, lookup
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance


@perform.register
def compare(request: Compare, context: MagicContext) -> None:
    """Answer one prompt with several models, at once where all are in memory."""
    table = _RoundTable(request, context)
    try:
        for name in request.names:
            table.invite(name)
    except KeyboardInterrupt:
        table.send_home()
        raise
    try:
        table.speak()
    except KeyboardInterrupt:
        # Stopping is how a user says "enough": what there is stays.
        table.stop()
    table.show()
    context.bind(request.talk.variable, table.answers)
    for column in table.columns.values():
        if column.problem is not None:
            raise column.problem


class _RoundTable:
    """The models that are compared, in the order of the line."""

    def __init__(self, request: Compare, context: MagicContext) -> None:
        talk = with_preset(request.talk, context)
        self._config = load_config_of(talk)
        self.columns: dict[str, Column] = {}
        self._loaded: list[Instance] = []
        self._talk, self._context, self._spot = talk, context, LiveDisplay(context)
        self._sampling = sampling_of(talk, schema_of(talk.schema, context))
        prompt, pictures = prompt_of(talk, context), pictures_of(talk, context)
        self._messages = conversation(talk, prompt, pictures, context)

    @property
    def answers(self) -> dict[str, Answer]:
        """What each has said, by its identifier."""
        return {key: Answer.of(column.draft, key) for key, column in self.columns.items()}

    def invite(self, name: str) -> None:
        """Have a model in memory, with a column of its own."""
        instance = self._load(name)
        self.columns[instance.identifier] = Column(name=name, instance=instance)

    def send_home(self) -> None:
        """Unload what was loaded for this."""
        for instance in self._loaded:
            self._context.session.run(loading.end(instance, self._context.manager))

    def speak(self) -> None:
        """Let those that are in memory answer at once; those without room come after them."""
        known = self._context.session.run(lookup.instances(self._context.manager))
        there = {instance.instance_reference for instance in known}
        columns = self.columns.values()
        self._listen([column for column in columns if column.instance.instance_reference in there])
        for column in columns:
            if column.instance.instance_reference not in there:
                column.instance = self._load(column.name)
                self._listen([column])

    def stop(self) -> None:
        """Note whose answer was cut off."""
        for column in self.columns.values():
            column.is_stopped = column.draft.stats is None

    def show(self) -> None:
        """Show what there is of each answer."""
        self._spot.put(side_by_side(self.columns.values()))

    def _load(self, name: str) -> Instance:
        # Loaded just in time, one would make the host evict the one before it.
        request = LoadRequest(model_key=name, config=self._config, ttl_s=self._talk.ttl_s)
        result = self._context.load(NotebookRequest(request=request))
        check_llm(result)
        if result.how == "loaded":
            self._loaded.append(result.instance)
        return result.instance

    def _listen(self, columns: Sequence[Column]) -> None:
        work = _all(self._context, columns, self._messages, self._sampling)
        self._context.session.run(work, self.show if self._context.can_update else lambda: None)


async def _all(
    context: MagicContext,
    columns: Iterable[Column],
    messages: Sequence[Message],
    sampling: Sampling,
) -> None:
    """Have all of them answer at once; what goes wrong with one does not stop the others."""

    async def answer(column: Column) -> None:
        try:
            await follow(context, column.instance, messages, sampling, column.draft)
        except LmsError as error:
            column.problem = error

    async with asyncio.TaskGroup() as group:
        for column in columns:
            group.create_task(answer(column))
