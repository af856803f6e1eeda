"""What the first page that looks costs everybody else on the Jupyter Server."""

import subprocess
import sys

WHERE = """
import asyncio, contextlib, sys, threading
from lms_jupyter.errors import LmsError
from lms_jupyter.server.manager_pool import find_running

class Spy:
    def find_spec(self, name, path=None, target=None):
        if name == "lmstudio":
            print(threading.current_thread() is threading.main_thread())

async def look():
    with contextlib.suppress(LmsError):
        await find_running("127.0.0.1:9")

sys.meta_path.insert(0, Spy())
asyncio.run(look())
"""


def test_the_sdk_is_imported_beside_the_event_loop() -> None:
    told = subprocess.run([sys.executable, "-c", WHERE], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["False"], told.stderr
