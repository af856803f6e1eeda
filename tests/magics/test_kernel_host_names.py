"""Hosts that have names, in a real kernel: named, listed, used and forgotten; tokens stay out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.studio import Studio
from tests.hosts.tls import TlsProxy
from tests.magics.kernels import Kernel, Ran
from tests.magics.test_kernel_hosts import environment

HALVES = ("Ab3dEf9h", "0123456789abcdefghij")
TOKEN = f"sk-lm-{HALVES[0]}:{HALVES[1]}"
WRONG = "sk-lm-Wr0ngWr0:wrongwrongwrongwrong"


@pytest.fixture
def gpu() -> Iterator[Studio]:
    """A host that lets nobody in without the right token."""
    with Studio(token=HALVES, models=("acme/large",)) as studio:
        yield studio


@pytest.fixture
def cpu() -> Iterator[Studio]:
    with Studio(models=("acme/small",)) as studio:
        yield studio


@pytest.fixture
def kernel(tmp_path: Path, cpu: Studio) -> Iterator[Kernel]:
    with Kernel(environment(tmp_path, LMS_JUPYTER_HOST=cpu.address), str(tmp_path)) as kernel:
        kernel.run("%load_ext lms_jupyter")
        yield kernel


def typed(kernel: Kernel, line: str, answer: str) -> Ran:
    """Run a cell that asks for something secret, and type this."""
    assert kernel.client is not None
    asked = kernel.begin(line)
    question = kernel.client.get_stdin_msg(timeout=30)
    assert question["content"]["password"] is True
    kernel.client.input(answer)
    return kernel.end(asked)


def test_a_host_is_named_with_its_token_used_listed_and_forgotten(
    kernel: Kernel, gpu: Studio, cpu: Studio, tmp_path: Path
) -> None:
    added = typed(kernel, f"%lms host add gpu {gpu.address} --token", TOKEN)
    used = kernel.run("%lms host gpu")
    models = kernel.run("%lms ls")
    back = kernel.run(f"%lms host use {cpu.address}")
    listed = kernel.run("%lms host ls")
    offered = kernel.complete("%lms host g")
    gone = kernel.run("%lms host rm gpu")
    refused = kernel.run(f"%lms host {gpu.address}")

    assert f"gpu is {gpu.address}; its API token is kept in " in added.text
    assert f"Using LM Studio 0.4.9 at gpu ({gpu.address}) (as you asked)." in used.text
    assert "acme/large" in models.plain
    assert f"Using LM Studio 0.4.9 at {cpu.address}" in back.text
    assert f"gpu  {gpu.address}  LM Studio 0.4.9  (its token is kept)" in listed.text
    assert f"{cpu.address}  LM Studio 0.4.9  (used here)" in listed.text
    assert offered == ["gpu"]
    assert "and the API token that was kept for it is forgotten" in gone.text
    assert refused.error == "HostRefusedError"
    assert {(i["clientIdentifier"], i["clientPasskey"]) for i in gpu.introductions[:1]} == {HALVES}
    for ran in (added, used, models, back, listed, gone, refused):
        told = f"{ran.plain} {ran.error_text} {ran.bundles} {ran.updates}"
        assert not any(half in told for half in HALVES)
    holders = [file for file in tmp_path.rglob("*") if file.is_file() and holds(file)]
    assert holders == []


def holds(file: Path) -> bool:
    return any(half.encode() in file.read_bytes() for half in HALVES)


def test_a_name_says_in_the_environment_and_the_configuration_where_the_host_is(
    tmp_path: Path, gpu: Studio, cpu: Studio, kernel: Kernel
) -> None:
    typed(kernel, f"%lms host add gpu {gpu.address} --token", TOKEN)
    kernel.run(f"%lms host add cpu {cpu.address}")

    environ = environment(tmp_path, LMS_JUPYTER_HOST="gpu")
    with Kernel(environ, str(tmp_path)) as other:
        other.run("%load_ext lms_jupyter")
        by_variable = other.run("%lms host")
    with Kernel(environ, str(tmp_path)) as third:
        third.run("get_ipython().config.Manager.host = 'cpu'")
        third.run("%load_ext lms_jupyter")
        by_configuration = third.run("%lms host")

    assert f"at gpu ({gpu.address}) (by LMS_JUPYTER_HOST)" in by_variable.text
    assert f"at cpu ({cpu.address}) (as you asked)" in by_configuration.text


@pytest.mark.parametrize(
    "line",
    [
        f"%lms host add gpu 10.0.0.7 --token {TOKEN}",
        f"%lms host add gpu 10.0.0.7 --token={TOKEN}",
        f"%lms host add {TOKEN} 10.0.0.7",
        f"%lms host {TOKEN}",
        f"%lms {TOKEN}",
        f"%lms load {TOKEN}",
    ],
)
def test_a_token_in_a_cell_is_neither_taken_nor_repeated(kernel: Kernel, line: str) -> None:
    refused = kernel.run(line)
    listed = kernel.run("%lms host ls")

    assert refused.error == "CommandError"
    assert not any(half in refused.error_text for half in HALVES)
    assert "gpu" not in listed.text


def test_a_wrong_token_is_one_sentence_and_another_can_be_typed(
    kernel: Kernel, gpu: Studio, cpu: Studio
) -> None:
    typed(kernel, f"%lms host add gpu {gpu.address} --token", WRONG)
    refused = kernel.run("%lms host gpu")
    nothing = typed(kernel, f"%lms host add gpu {gpu.address} --token", "")
    malformed = typed(kernel, f"%lms host add gpu {gpu.address} --token", "secretsecret")
    still = kernel.run("%lms host")
    typed(kernel, f"%lms host add gpu {gpu.address} --token", TOKEN)
    used = kernel.run("%lms host gpu")

    assert refused.error == "HostRefusedError"
    assert "does not accept the API token" in refused.error_text
    assert "wrongwrong" not in refused.error_text
    assert "No API token was typed" in nothing.error_text
    assert "not of the form" in malformed.error_text
    assert "secretsecret" not in malformed.error_text
    assert cpu.address in still.text
    assert f"at gpu ({gpu.address})" in used.text


def test_a_host_behind_tls_is_used_by_its_name(kernel: Kernel, gpu: Studio, tmp_path: Path) -> None:
    (tmp_path / "proxy").mkdir()
    with TlsProxy(gpu.address, tmp_path / "proxy", path="/lms") as proxy:
        unknown = kernel.run(f"%lms host {proxy.address}")
        plain = kernel.run(f"%lms host add box {gpu.address} --ca {proxy.certificate}")
        added = typed(
            kernel, f"%lms host add gpu {proxy.address} --token --ca {proxy.certificate}", TOKEN
        )
        used = kernel.run("%lms host gpu")
        loaded = kernel.run("llm = %lms load acme/large --ttl 60")
        answer = kernel.run("print(llm.respond('hear me').content)")
        address = kernel.run("import lms_jupyter\nprint(lms_jupyter.openai()['base_url'])")

    assert "is not trusted: self-signed certificate" in unknown.error_text
    assert "nothing that is said to" in plain.error_text
    assert added.error == ""
    assert f"at gpu ({proxy.address})" in used.text
    assert loaded.error == ""
    assert "hear me" in answer.text
    assert address.text.strip() == f"{proxy.address}/v1"


def test_ps_lists_what_every_host_has_and_which_does_not_answer(
    kernel: Kernel, gpu: Studio, cpu: Studio
) -> None:
    typed(kernel, f"%lms host add gpu {gpu.address} --token", TOKEN)
    kernel.run("%lms host add gone 127.0.0.1:9")
    kernel.run("%lms load acme/small --identifier near --ttl 60")
    kernel.run("%lms host gpu")
    kernel.run("%lms load acme/large --identifier far --ttl 60")
    kernel.run(f"%lms host add cpu {cpu.address}")
    kernel.run("%lms host cpu")

    listed = kernel.run("%lms ps --all-hosts")
    rows = json.loads(kernel.run("%lms ps --all-hosts --json").text)
    watched = kernel.run("%lms ps --all-hosts --watch")
    here = kernel.run("%lms host")
    kernel.run("import lms_jupyter\nfrom lms_jupyter import aio")
    rows_of = "[(row.host_name, row.instance.identifier) for row in {}]"
    called = kernel.value(rows_of.format("lms_jupyter.ps(all_hosts=True)"))
    awaited = kernel.run(f"print({rows_of.format('(await aio.ps(all_hosts=True))')})")

    assert called == "[('cpu', 'near'), ('gpu', 'far')]"
    assert awaited.text.strip() == called
    lines = [line.split() for line in listed.plain.splitlines()]
    assert "2 models in memory on 2 of 3 hosts." in listed.plain
    assert ["gpu", "far", "acme/large", "IDLE"] in [line[:4] for line in lines]
    assert ["cpu", "near", "acme/small", "IDLE"] in [line[:4] for line in lines]
    assert "gone (127.0.0.1:9): Nothing answers at 127.0.0.1:9." in listed.plain
    found = {row["host"]["given_name"]: row for row in rows}
    assert [i["identifier"] for i in found["gpu"]["instances"]] == ["far"]
    assert found["gone"]["problem"] == "Nothing answers at 127.0.0.1:9."
    assert watched.error == "CommandError"
    assert f"at cpu ({cpu.address})" in here.text


def test_ps_of_all_hosts_needs_no_host_and_starts_none(tmp_path: Path) -> None:
    with Kernel(environment(tmp_path), str(tmp_path)) as kernel:
        kernel.run("%load_ext lms_jupyter")
        listed = kernel.run("%lms ps --all-hosts")
        started = kernel.value("[*__import__('pathlib').Path.home().parent.rglob('engine*.json')]")

    assert listed.plain.strip() == "There is no host."
    assert started == "[]"
