"""Lets the persona answer by the real base class of Jupyter AI; run as a program of its own."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from jupyter_ai_persona_manager import BasePersona
from jupyter_ai_persona_manager.base_persona import Message

from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.prediction import Message as Turn
from lms_jupyter.hosts.prediction import PredictionEvent, Sampling
from lms_jupyter.protocol.models import Instance, Model
from lms_jupyter.server.agents import AgentDesk, open_desk
from lms_jupyter.server.manager_pool import ManagerPool
from lms_jupyter.server.persona import AVATAR, LocalModelPersona
from tests.hosts.fake import FakeHost, fake_model


class Chat:
    """As much of a chat as a persona needs."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.users: list[Any] = []

    def set_user(self, user: Any) -> None:
        self.users.append(user)

    def get_id(self) -> str:
        return "chat"

    def get_messages(self) -> list[Message]:
        return self.messages

    def get_message(self, id_: str) -> Message | None:
        return next((one for one in self.messages if one.id == id_), None)

    def broadcast_writing_status(self, *_: object) -> None: ...

    def add_message(self, new: Any, **_: object) -> str:
        self.write(new.sender, new.body)
        return self.messages[-1].id

    def update_message(self, message: Any, *, append: bool = False, **_: object) -> None:
        known = self.get_message(message.id)
        assert known is not None
        known.body = known.body + message.body if append else message.body

    def write(self, sender: str, body: str) -> Message:
        number = str(len(self.messages))
        self.messages.append(Message(body=body, id=number, time=time.time(), sender=sender))
        return self.messages[-1]


class Asked(FakeHost):
    """Says when it was asked for a second answer."""

    def __init__(self, *disk: Model) -> None:
        super().__init__(*disk)
        self.asked_again = asyncio.Event()

    async def respond(
        self, instance: Instance, messages: Sequence[Turn], sampling: Sampling
    ) -> AsyncIterator[PredictionEvent]:
        if self.prompts:
            self.asked_again.set()
        async for step in super().respond(instance, messages, sampling):
            yield step


async def tell() -> dict[str, Any]:
    """Play the story, and return what there is at its end."""
    host = Asked(fake_model())

    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    pool = ManagerPool(find=find)
    open_desk(AgentDesk(pool, "off", 0))
    chat: Any = Chat()
    persona = LocalModelPersona(parent=None, chat=chat)
    await persona.on_message(chat.write("ada", "@LocalModel Hello"))
    host.put(host.disk[0], identifier="chat")
    await persona.on_message(chat.write("ada", "@LocalModel Why is it blue?"))
    host.gate = asyncio.Event()
    begun = asyncio.ensure_future(persona.on_message(chat.write("ada", "A long story")))
    await asyncio.wait_for(host.asked_again.wait(), 10)
    await persona.cancel_response()
    await asyncio.wait_for(begun, 10)
    await pool.close()
    return {
        "is_persona": issubclass(LocalModelPersona, BasePersona),
        "name": persona.as_user().name,
        "avatar": AVATAR.is_file(),
        "said": [(one.sender == persona.id, one.body) for one in chat.messages],
        "asked": [[(m.role, m.text) for m in messages] for messages, _ in host.prompts],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(tell())) + "\n")
