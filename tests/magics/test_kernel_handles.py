import os
import re
import time
from pathlib import Path

import lmstudio
import nbformat
import pytest
from nbclient import NotebookClient

from tests.engines import family

from .kernels import Kernel, Ran

IS_LLM = "isinstance(llm, lmstudio.LLM) and llm.respond('Hello').stats.stop_reason"


def test_every_binding_is_a_handle_of_the_sdk(empty: Kernel) -> None:
    empty.run("import lmstudio, lms_jupyter")
    for line in (
        "llm = %lms load tutor-1m",
        "llm = %lms model tutor-1m",
        "%lms load tutor-1m --as llm",
        "llm = lms_jupyter.load('tutor-1m', ttl='5m')",
        "llm = lms_jupyter.ensure('tutor-1m')",
        "llm = lms_jupyter.model('tutor-1m')",
        "llm = lms_jupyter.load('tutor-1m', new=True, heal=False)",
        "llm = lmstudio.llm()",
    ):
        ran = empty.run(line)
        assert ran.error == "", ran.error_text
        assert empty.value(IS_LLM) == "eosFound", line


def test_an_embedding_model_embeds(empty: Kernel) -> None:
    empty.run("import lmstudio\nemb = %lms load text-embedding-tutor-embed")

    assert empty.value("isinstance(emb, lmstudio.EmbeddingModel), len(emb.embed('a')) > 8") == (
        "(True, True)"
    )


def test_async_twins_give_async_handles(empty: Kernel) -> None:
    ran = empty.run(
        "import lmstudio\nfrom lms_jupyter import aio\n"
        "llm = await aio.load('tutor-1m', context_length=512)\n"
        "said = await llm.respond('Hello')\n"
        "names = [i.identifier for i in await aio.ps()], len(await aio.ls()) >= 3\n"
        "fits = (await aio.estimate('tutor-1m')).passes_guardrails\n"
        "await aio.unload('tutor-1m')\n"
        "left = list(await aio.ps())\n"
        "await aio.close()"
    )

    assert ran.error == "", ran.error_text
    assert empty.value("isinstance(llm, lmstudio.AsyncLLM), names, fits, left") == (
        "(True, (['tutor-1m'], True), True, [])"
    )


KEPT = """
import json, lms_jupyter
from lms_jupyter import aio
{load}('tutor-1m', context_length=512, ttl='5m')
{extend}('tutor-1m', '20m')
{pin}('tutor-1m')
kept = {free}(), [(i.ttl_s, i.pinned) for i in {ps}()]
path = {lock}()
{pin}('tutor-1m', pinned=False)
freed = {free}() > 0, list({ps}())
(llm,) = {restore}()
back = [(i.identifier, i.ttl_s, i.context_length) for i in {ps}()]
"""


@pytest.mark.parametrize(
    ("call", "wait"), [(r"lms_jupyter.\1(\2)", ""), (r"(await aio.\1(\2))", "await ")]
)
def test_every_verb_about_memory_and_the_notebook_is_a_function(
    empty: Kernel, call: str, wait: str
) -> None:
    code = re.sub(r"\{(\w+)\}\((.*?)\)", call, KEPT)
    code += f"said = {wait}llm.respond('Hello')\n"

    ran = empty.run(code)

    assert ran.error == "", ran.error_text
    assert empty.value("kept") == "(0, [(1200.0, True)])"
    assert empty.value("freed") == "(True, [])"
    assert empty.value("path.name, path.is_file()").endswith(".lms-lock.json', True)")
    assert empty.value("back") == "[('tutor-1m', 1200.0, 512)]"
    assert empty.value("said.stats.stop_reason") == "eosFound"


def wait_until_expired(engine: str) -> None:
    deadline = time.monotonic() + 60
    with lmstudio.Client(engine) as neighbour:
        while loaded := neighbour.llm.list_loaded():
            if time.monotonic() > deadline:
                told = [one.get_info().to_dict() for one in loaded]
                pytest.fail(f"In memory still: {told}; processes: {family(engine)}")
            time.sleep(0.05)  # a TTL ends by the clock


def test_a_handle_brings_its_instance_back_once_and_says_so(empty: Kernel, engine: str) -> None:
    empty.run("llm = %lms load tutor-1m -c 512 --identifier chat --ttl 1s")
    wait_until_expired(engine)

    ran = empty.run("print(llm.respond('Hello').stats.stop_reason)")

    assert ran.text.splitlines() == [
        "chat had been unloaded meanwhile, and is loaded again.",
        "eosFound",
    ], ran.error_text
    assert empty.value("llm.get_context_length()") == "512"
    assert '"ttlMs":1000' in empty.run("%lms ps --json").text


def test_a_handle_heals_when_the_process_of_its_instance_was_killed(
    empty: Kernel, engine: str
) -> None:
    empty.run("llm = %lms load tutor-1m")
    for child in family(engine):
        child.kill()
    wait_until_expired(engine)

    assert "eosFound" in empty.run("print(llm.respond('Hello').stats.stop_reason)").text


def test_an_async_handle_heals_too(empty: Kernel, engine: str) -> None:
    empty.run("from lms_jupyter import aio\nllm = await aio.load('tutor-1m', ttl=1)")
    wait_until_expired(engine)

    ran = empty.run("print((await llm.respond('Hello')).stats.stop_reason)\nawait aio.close()")

    assert ran.text.splitlines()[-1:] == ["eosFound"], ran.error_text
    assert "is loaded again" in ran.text


def test_a_stream_heals_too(empty: Kernel, engine: str) -> None:
    empty.run("llm = %lms load tutor-1m --ttl 1s")
    wait_until_expired(engine)

    assert "Hello" in empty.run("print(''.join(f.content for f in llm.respond_stream('Hi')))").text


def test_a_handle_that_is_not_to_heal_is_the_sdks_own(empty: Kernel, engine: str) -> None:
    empty.run("llm = %lms load tutor-1m --no-heal")
    with lmstudio.Client(engine) as neighbour:
        neighbour.llm.unload("tutor-1m")
    assert empty.run("llm.respond('Hello')").error == "LMStudioModelNotFoundError"


def test_what_the_sdks_own_calls_load_is_this_kernels(empty: Kernel) -> None:
    empty.run("import lmstudio")

    ran = empty.run("llm = lmstudio.llm('tutor-1m')")

    assert ran.error == "", ran.error_text
    assert "lesson.ipynb" in empty.run("%lms ps").plain
    book = "__import__('lms_jupyter.manager.leases').manager.leases.LeaseBook()"
    leases = f"[(x.identifier, x.loaded, x.expires) for x in {book}.all() if x.loaded]"
    assert "('tutor-1m', True, True)" in empty.value(leases)
    again = empty.run("%lms load tutor-1m -c 512")
    assert "tutor-1m is reloaded, because context_length is 2048, not 512" in again.text
    empty.run("emb = lmstudio.embedding_model('text-embedding-tutor-embed')")
    assert empty.run("%lms ps").plain.count("lesson.ipynb") == 2


def test_what_the_sdk_finds_or_another_client_loads_is_not_this_kernels(
    empty: Kernel, engine: str
) -> None:
    with lmstudio.Client(engine) as neighbour:
        neighbour.llm.load_new_instance("tutor-1m", ttl=600)
    empty.run("import lmstudio\nllm = lmstudio.llm('tutor-1m')")

    refused = empty.run("%lms load tutor-1m -c 512")

    assert refused.error == "InstanceExistsError"
    assert "lesson.ipynb" not in empty.run("%lms ps").plain
    empty.run(f"client = lmstudio.Client('{engine}')")
    empty.run("client.llm.load_new_instance('tutor-1m', 'elsewhere')")
    assert "lesson.ipynb" not in empty.run("%lms ps").plain, "a client of one's own is nobody's"


def test_a_load_without_a_lease_stays_when_its_kernel_goes(empty: Kernel) -> None:
    book = "__import__('lms_jupyter.manager.leases').manager.leases.LeaseBook()"
    expires = f"[x.expires for x in {book}.all() if x.identifier == 'tutor-1m' and x.loaded][-1]"

    empty.run("%lms load tutor-1m --no-lease")

    assert empty.value(expires) == "False"


def test_an_estimate_is_told_once_and_shows_itself_later(empty: Kernel) -> None:
    told = empty.run("guess = %lms estimate tutor-1m -c 512\nguess")
    later = empty.run("guess")

    assert told.plain.count("Estimated Total Memory") == 1
    assert "TOTAL MEMORY" not in told.plain
    assert "TOTAL MEMORY" in later.plain
    assert empty.value("guess.total_bytes > 0 and guess.passes_guardrails") == "True"


def test_a_pause_gives_the_memory_away_and_brings_everything_back(empty: Kernel) -> None:
    empty.run("import lms_jupyter\nllm = %lms load tutor-1m -c 512 --identifier chat --ttl 10m")

    ran = empty.run(
        "try:\n"
        "    with lms_jupyter.paused():\n"
        "        inside = list(lms_jupyter.ps())\n"
        "        raise ValueError\n"
        "except ValueError:\n"
        "    pass"
    )

    assert ran.error == "", ran.error_text
    assert empty.value("inside") == "[]"
    told = "[(i.identifier, i.context_length, i.ttl_s) for i in lms_jupyter.ps()]"
    assert empty.value(told) == "[('chat', 512, 600.0)]"
    assert empty.value("llm.respond('Hello').stats.stop_reason") == "eosFound"


def test_what_happens_on_the_host_can_be_listened_to(empty: Kernel) -> None:
    empty.run(
        "import lms_jupyter, threading\nheard, came = [], threading.Event()\n"
        "def tell(happening):\n"
        "    heard.append((happening.what, happening.instance.identifier)); came.set()\n"
        "end = lms_jupyter.on('unloaded', tell)"
    )
    empty.run("%lms load tutor-1m\n%lms unload tutor-1m")

    assert empty.value("came.wait(60), heard") == "(True, [('unloaded', 'tutor-1m')])"
    empty.run("end()")


def test_tables_show_themselves_and_become_data_frames(empty: Kernel) -> None:
    empty.run("import lms_jupyter\ntable = lms_jupyter.ls()")

    html = empty.run("table").bundles[-1]
    assert "<table>" in html["text/html"]
    assert "| LLM |" in html["text/markdown"]
    empty.run("frame = table.to_pandas()")
    assert empty.value("type(frame).__name__, len(frame) == len(table)") == "('DataFrame', True)"
    assert empty.value("list(frame.model_key) == [m.model_key for m in table]") == "True"
    assert f"<p>{empty.value('table[0].model_key')}: " in empty.run("table[0]").latest["text/html"]
    empty.run("import sys; sys.modules['pandas'] = None")
    missing = empty.run("table.to_pandas()")
    empty.run("del sys.modules['pandas']")
    assert missing.error == "CommandError"
    assert "%pip install pandas" in missing.error_text


def test_interrupting_loads_leaves_no_half_of_one_and_nothing_else_is_touched(
    empty: Kernel,
) -> None:
    empty.run("%lms load tutor-1m -c 512")
    before = empty.value("[i.instance_reference for i in __import__('lms_jupyter').ps()]")
    sent: list[bool] = []

    def interrupt(ran: Ran) -> None:
        if "is unloaded" in ran.text and not sent:
            sent.append(True)
            empty.manager.interrupt_kernel()

    ran = empty.run(
        "while True:\n    %lms load slow-llm --new --identifier again\n    %lms unload again",
        interrupt,
    )

    assert ran.error == "KeyboardInterrupt"
    empty.run(
        "import lms_jupyter\nfrom lms_jupyter.manager.local import local_manager\n"
        "lms_jupyter.ps(); loads = local_manager().manager.activity.loads"
    )
    assert empty.value("loads") == "()"
    kept = "[i.instance_reference for i in lms_jupyter.ps() if i.identifier == 'tutor-1m']"
    assert empty.value(kept) == before
    assert "is loaded" in empty.run("%lms load slow-llm --new").text


def test_a_restarted_kernel_still_owns_what_it_loaded(
    environ: dict[str, str], folder: Path
) -> None:
    with Kernel(environ, str(folder), kernel_id="first") as first:
        first.run("%load_ext lms_jupyter\n%lms unload --all\n%lms load tutor-1m -c 512")
    with Kernel(environ, str(folder), kernel_id="second") as second:
        second.run("%load_ext lms_jupyter")
        again = second.run("%lms load tutor-1m -c 1024")
        second.run("%lms unload --all")

    assert "tutor-1m is reloaded, because context_length is 512" in again.text, again.error_text


def test_another_notebook_may_not_change_what_is_ours(
    environ: dict[str, str], folder: Path
) -> None:
    other = environ | {"JPY_SESSION_NAME": str(folder / "other.ipynb")}
    with Kernel(environ, str(folder)) as mine, Kernel(other, str(folder)) as theirs:
        mine.run("%load_ext lms_jupyter\n%lms unload --all\n%lms load tutor-1m -c 512")
        theirs.run("%load_ext lms_jupyter")
        refused = theirs.run("%lms load tutor-1m -c 1024")
        insisted = theirs.run("%lms load tutor-1m -c 1024 --reload")
        theirs.run("%lms unload --all")

    assert refused.error == "InstanceExistsError"
    assert "--reload" in refused.error_text
    assert "--new" in refused.error_text
    assert "is reloaded" in insisted.text


def test_a_notebook_runs_without_a_browser(environ: dict[str, str], folder: Path) -> None:
    cells = [
        "%load_ext lms_jupyter",
        "llm = %lms load tutor-1m",
        "%%lms --as said\nHello",
        "assert said and llm.respond('Hello').content",
        "%lms unload tutor-1m",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])

    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environ | {"PATH": os.environ["PATH"]})

    outputs = str([cell.get("outputs") for cell in notebook.cells])
    assert "tokens/s" in outputs
    assert "error" not in {o.output_type for cell in notebook.cells for o in cell.outputs}


PAUSED = """
import asyncio
from lms_jupyter import aio
await aio.load('tutor-1m', context_length=512, ttl='5m')
heard, here = [], asyncio.get_running_loop()
async def slowly(happening):
    await asyncio.sleep(0)
    heard.append((happening.what, asyncio.get_running_loop() is here))
ends = [await aio.on('unloaded', slowly), await aio.on('loaded', lambda h: heard.append(h.what))]
try:
    async with aio.paused():
        inside = list(await aio.ps())
        raise ZeroDivisionError
except ZeroDivisionError:
    pass
after = [(i.identifier, i.context_length, i.ttl_s) for i in await aio.ps()]
while len(heard) < 2:
    await asyncio.sleep(0.05)
for end in ends:
    end()
task = asyncio.ensure_future(aio.paused('tutor-1m').__aenter__())
await asyncio.sleep(0)
task.cancel()
try:
    await task
except asyncio.CancelledError:
    pass
again = [i.identifier for i in await aio.ps()]
try:
    await aio.on('exploded', print)
except Exception as error:
    refused = type(error).__name__
"""


def test_async_twins_pause_and_listen_on_the_loop_of_the_cell(empty: Kernel) -> None:
    ran = empty.run(PAUSED)

    assert ran.error == "", ran.error_text
    assert empty.value("inside, after, sorted(map(str, heard)), again, refused") == (
        "([], [('tutor-1m', 512, 300.0)], [\"('unloaded', True)\", 'loaded'], ['tutor-1m'], "
        "'CommandError')"
    )
