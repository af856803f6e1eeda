"""`POST lms/assistants`: assistants in this server, jupyter-ai for one, talk to a host."""

import asyncio
import os

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from lms_jupyter.api.openai_env import set_openai_environ
from lms_jupyter.errors import LmsError
from lms_jupyter.server.handlers import LmsHandler


class AssistantsHandler(LmsHandler):
    """What `%lms host --env` does in a kernel, done in the process of the Jupyter Server."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Set the variables that OpenAI's clients read; the key is in no reply."""
        if (manager := await self.connected()) is None:
            return
        host = manager.connected_host.info
        try:
            changed = await asyncio.to_thread(set_openai_environ, host.address, os.environ)
        except LmsError as error:
            await self.refuse(error)
            return
        models = [
            instance.identifier for instance in manager.activity.instances if instance.kind == "llm"
        ]
        reply = {"address": host.address, "changed": changed, "models": models}
        await self.finish_json(reply)
