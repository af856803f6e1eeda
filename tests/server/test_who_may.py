"""Who is let in, by every door: no token, a wrong one, cookies, other origins, other users."""

from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError
from tornado.web import create_signed_value
from traitlets.config import Config

from lms_jupyter.api.settings import PROFILES
from tests.server.conftest import MODULE, QWEN, Door, cookies

COMMAND = {"rid": "1", "command": {"kind": "load", "model_key": QWEN}}
FOREIGN = {"Origin": "https://evil.example"}
NO_KEYS: list[dict[str, str]] = [
    {},
    {"Authorization": "token wrong"},
    {"Cookie": "username-127-0-0-1=2|1:0|10:1700000000|8:username|4:YWxp|00"},
]


@pytest.mark.parametrize("headers", NO_KEYS)
@pytest.mark.parametrize(
    "path", ["lms/hosts", "lms/leases", "lms/panel", "lms/command", "lms/engine"]
)
async def test_nobody_asks_anything_without_the_right_token_or_cookie(
    door: Door, path: str, headers: dict[str, str]
) -> None:
    body = None if path in {"lms/hosts", "lms/leases", "lms/panel"} else COMMAND

    answer = await door.ask(path, headers=headers, body=body)

    assert answer.code == 403


@pytest.mark.parametrize("headers", NO_KEYS)
async def test_nobody_listens_without_the_right_token_or_cookie(
    door: Door, headers: dict[str, str]
) -> None:
    with pytest.raises(HTTPClientError) as refusal:
        await door.knock(headers=headers)

    assert refusal.value.code == 403


async def test_a_token_lets_in_as_header_and_in_the_address(door: Door) -> None:
    for query, headers in (("", door.key), (f"?token={door.token}", {})):
        assert (await door.ask("lms/hosts", query, headers=headers)).code == 200
        answer = await door.ask("lms/command", query, headers=headers, body=COMMAND)
        assert answer.code == 202
        (await door.knock(query, headers=headers)).close()


async def test_a_cookie_lets_in_where_nothing_is_changed(door: Door) -> None:
    jar = await door.cookie()

    # An address that is opened by a link alone must not read for a stranger's page.
    assert (await door.ask("lms/hosts", headers=cookies(jar))).code == 200
    (await door.knock(headers=cookies(jar))).close()


async def test_a_cookie_changes_something_only_with_the_word_against_forgery(door: Door) -> None:
    jar = await door.cookie()

    without = await door.ask("lms/command", headers=cookies(jar), body=COMMAND)
    headers = {**cookies(jar), "X-XSRFToken": jar["_xsrf"]}
    with_it = await door.ask("lms/command", headers=headers, body=COMMAND)

    assert (without.code, with_it.code) == (403, 202)


async def test_a_page_of_another_origin_gets_nowhere_with_the_cookie(door: Door) -> None:
    jar = await door.cookie()
    headers = {**cookies(jar), **FOREIGN, "X-XSRFToken": jar["_xsrf"]}

    assert (await door.ask("lms/hosts", headers=headers)).code == 404
    assert (await door.ask("lms/command", headers=headers, body=COMMAND)).code == 404
    with pytest.raises(HTTPClientError) as refusal:
        await door.knock(headers=headers)
    assert refusal.value.code == 403


async def test_a_cookie_that_another_users_server_has_signed_is_worth_nothing(door: Door) -> None:
    own = await door.cookie()
    (name,) = [name for name in own if name.startswith("username-")]
    jar = {**own, name: create_signed_value("the other server's", name, "bob").decode()}

    with pytest.raises(HTTPClientError) as refusal:
        await door.knock(headers=cookies(jar))

    assert refusal.value.code == 403
    headers = {**cookies(jar), "X-XSRFToken": jar["_xsrf"]}
    assert (await door.ask("lms/command", headers=headers, body=COMMAND)).code == 403


class ReadOnly(Authorizer):
    """Lets everybody read, and nobody change anything of ours."""

    def is_authorized(self, _handler: Any, _user: Any, action: str, resource: str) -> bool:
        return resource != "lms" or action == "read"


class TestUnderAnAuthorizer:
    """Being known is not enough where the server says who may do what."""

    @pytest.fixture
    def jp_server_config(self) -> Config:
        server = {"jpserver_extensions": {MODULE: True}, "authorizer_class": ReadOnly}
        return Config({"ServerApp": server})

    async def test_who_may_only_read_sees_the_hosts_and_changes_nothing(self, door: Door) -> None:
        assert (await door.ask("lms/hosts", headers=door.key)).code == 200
        assert (await door.ask("lms/command", headers=door.key, body=COMMAND)).code == 403
        assert (await door.ask("lms/engine", headers=door.key, body={})).code == 403
        with pytest.raises(HTTPClientError) as refusal:
            await door.knock(headers=door.key)
        assert refusal.value.code == 403

    async def test_who_may_only_read_saves_no_profile(self, door: Door, jp_root_dir: Path) -> None:
        body = {"rid": "1", "command": {"kind": "save_profile", "profile": {"name": "small"}}}

        assert (await door.ask("lms/command", headers=door.key, body=body)).code == 403
        assert not (jp_root_dir / PROFILES).exists()
