"""The names of hosts, and the tokens that are kept for them."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts import host_names, host_tokens
from lms_jupyter.hosts.credentials import token_for, withhold

TOKEN = ":".join(("sk-lm-Ab3dEf9h", "0123456789abcdefghij"))
OTHER = ":".join(("sk-lm-Zz3dEf9h", "9876543210abcdefghij"))


def test_a_name_stands_for_its_address_until_it_is_forgotten() -> None:
    host_names.add("gpu", "https://gpu.example")
    host_names.add("büro-2.local", "10.0.0.7")

    assert host_names.address_of("gpu") == "https://gpu.example:443"
    assert host_names.address_of(" büro-2.local ") == "10.0.0.7:1234"
    assert host_names.address_of("gpu:99") == "gpu:99"

    host_names.remove("gpu")

    assert host_names.address_of("gpu") == "gpu:1234"
    assert [known.name for known in host_names.named_hosts()] == ["büro-2.local"]


def test_a_token_is_kept_for_its_owner_alone_and_is_not_in_the_book() -> None:
    added = host_names.add("gpu", "10.0.0.7", token=f" {TOKEN}\n")

    assert added.token == host_tokens.FILE
    assert stat.S_IMODE(host_tokens.token_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(host_tokens.token_file().parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(host_names.names_path().stat().st_mode) == 0o600
    assert "Ab3dEf9h" not in host_names.names_path().read_text()
    assert token_for("10.0.0.7:1234") == TOKEN
    assert repr(token_for("10.0.0.7:1234")) == "Token(…)"
    assert token_for("10.0.0.8:1234", {}) is None


def test_each_host_is_shown_its_own_token_and_only_others_that_of_the_environment() -> None:
    environ = {"LMSTUDIO_API_TOKEN": OTHER}
    host_names.add("gpu", "10.0.0.7", token=TOKEN)
    host_names.add("cpu", "10.0.0.8")

    assert token_for("10.0.0.7:1234", environ) == TOKEN
    assert token_for("10.0.0.8:1234", environ) == OTHER

    withhold("10.0.0.7:1234", on=True)
    withhold("10.0.0.8:1234", on=True)

    assert token_for("10.0.0.7:1234", environ) == TOKEN
    assert token_for("10.0.0.8:1234", environ) is None


def test_a_token_is_of_an_address_and_never_goes_to_another_with_the_name() -> None:
    host_names.add("gpu", "10.0.0.7", token=TOKEN)

    moved = host_names.add("gpu", "10.0.0.9")

    assert moved.token == ""
    assert token_for("10.0.0.9:1234", {}) is None
    assert token_for("10.0.0.7:1234", {}) is None
    assert "Ab3dEf9h" not in host_tokens.token_file().read_text()


def test_a_host_with_two_names_keeps_its_token_until_both_are_gone() -> None:
    host_names.add("gpu", "10.0.0.7", token=TOKEN)
    assert host_names.add("box", "10.0.0.7").token == host_tokens.FILE
    host_names.add("box", "10.0.0.7", token=OTHER)

    host_names.remove("box")
    assert token_for("10.0.0.7:1234", {}) == OTHER

    host_names.remove("gpu")
    assert token_for("10.0.0.7:1234", {}) is None
    assert json.loads(host_tokens.token_file().read_text()) == {}


@pytest.mark.parametrize("name", ["", "auto", "list", "add", "2fast", "a b", "a:1", "a/b", "-x"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="cannot be the name of a host"):
        host_names.add(name, "10.0.0.7")

    assert host_names.named_hosts() == ()


@pytest.mark.parametrize("token", ["", "secret", TOKEN[:-1], TOKEN + "x", f"Bearer {TOKEN}"])
def test_a_token_that_is_none_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(CommandError, match="not of the form") as refusal:
        host_names.add("gpu", "10.0.0.7", token=token)

    told = f"{refusal.value!r} {refusal.value.title} {refusal.value.hint}"
    assert not token or token not in told
    assert host_names.named_hosts() == ()


def test_a_name_that_nobody_has_is_said() -> None:
    host_names.add("gpu", "10.0.0.7")

    with pytest.raises(CommandError, match="No host is called 'gpo'") as refusal:
        host_names.remove("gpo")

    assert refusal.value.hint == "There are: gpu."


@pytest.mark.parametrize("written", ["no json", "{}", '[{"name": 1}]', "[1]", "\udcff"])
def test_a_list_that_cannot_be_read_is_said_and_left_as_it_is(written: str) -> None:
    file = host_names.names_path()
    file.write_bytes(written.encode(errors="surrogateescape"))

    with pytest.raises(CommandError, match="is no list of hosts"):
        host_names.add("gpu", "10.0.0.7")

    assert file.read_bytes() == written.encode(errors="surrogateescape")
    assert host_names.known_hosts() == ()
    assert token_for("10.0.0.7:1234", {}) is None


def test_a_list_of_a_newer_version_is_read() -> None:
    newer = {"name": "gpu", "address": "10.0.0.7:1234", "colour": "red"}
    host_names.names_path().write_text(json.dumps([newer]))

    assert host_names.address_of("gpu") == "10.0.0.7:1234"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other rights")
def test_what_others_may_write_is_not_read() -> None:
    host_names.add("gpu", "10.0.0.7", token=TOKEN)
    host_names.names_path().chmod(0o666)
    assert host_names.known_hosts() == ()

    host_names.names_path().chmod(0o600)
    host_tokens.token_file().chmod(0o622)
    assert token_for("10.0.0.7:1234", {}) is None


ADD = """
import sys
from lms_jupyter.hosts import host_names
for number in range(20):
    host_names.add(f"{sys.argv[1]}{number}", "10.0.0.7", token=sys.argv[2])
"""


def test_two_programs_that_name_hosts_at_once_lose_none() -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", ADD, name, token])
        for name, token in (("a", TOKEN), ("b", OTHER))
    ]

    assert [program.wait(60) for program in running] == [0, 0]
    assert len(host_names.named_hosts()) == 40
    assert token_for("10.0.0.7:1234", {}) in (TOKEN, OTHER)


KEYRING = """
from lms_jupyter.hosts import host_names, host_tokens
from lms_jupyter.hosts.credentials import token_for
print(host_names.add("gpu", "10.0.0.7", token="{token}").token)
print(token_for("10.0.0.7:1234", {{}}) == "{token}", host_tokens.token_file().exists())
print(host_names.add("gpu", "10.0.0.7", token="{other}").token)
print(token_for("10.0.0.7:1234", {{}}) == "{other}")
host_names.remove("gpu")
print(token_for("10.0.0.7:1234", {{}}), host_tokens.kept("10.0.0.7:1234", "keyring"))
"""


def in_process(backend: str, vault: Path) -> list[str]:
    """Name and forget a host in a process with such a keyring; returns what it prints."""
    root = Path(__file__).parents[2]
    told = {"PYTHON_KEYRING_BACKEND": backend, "VAULT": str(vault), "PYTHONPATH": str(root)}
    code = KEYRING.format(token=TOKEN, other=OTHER)
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "sk-lm" not in ran.stdout + ran.stderr
    return ran.stdout.splitlines()


def test_where_there_is_a_keyring_it_keeps_the_token(tmp_path: Path) -> None:
    told = in_process("tests.hosts.vault.Vault", tmp_path / "vault.json")

    assert told == ["keyring", "True False", "keyring", "True", "None None"]
    assert json.loads((tmp_path / "vault.json").read_text()) == {}


@pytest.mark.parametrize(
    "backend", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring", "nothing.at.All"]
)
def test_a_keyring_that_keeps_nothing_is_not_relied_on(backend: str, tmp_path: Path) -> None:
    told = in_process(backend, tmp_path / "vault.json")

    assert told == ["file", "True True", "file", "True", "None None"]
