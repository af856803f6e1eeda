"""Behind JupyterHub: each user has a sidebar of their own, and no way into another's."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.lab import chromium
from tests.browser.sidebar import Sidebar, wait_until_ready
from tests.engines import engine
from tests.hub.hub import PASSWORD, jupyterhub

pytestmark = pytest.mark.browser

ASK = """([url, method]) => {
  const xsrf = document.cookie.match(/(?:^|; )_xsrf=([^;]+)/)?.[1] ?? "";
  return fetch(url, { method, headers: { "X-XSRFToken": xsrf }, redirect: "manual" })
    .then(answer => answer.type === "opaqueredirect" ? 302 : answer.status);
}"""
LISTEN = """url => new Promise(resolve => {
  const socket = new WebSocket(url);
  socket.onmessage = () => { resolve("heard"); socket.close(); };
  socket.onerror = () => resolve("refused");
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        environments = {
            name: {"LMS_JUPYTER_HOST": stack.enter_context(engine(tmp_path_factory.mktemp(name)))}
            for name in ("alice", "bob")
        }
        # Somebody whose server is set up for the same host as another's.
        environments["carol"] = environments["alice"]
        yield stack.enter_context(jupyterhub(tmp_path_factory.mktemp("hub"), environments))


class User:
    """Somebody who has logged in and sees JupyterLab."""

    def __init__(self, context: BrowserContext, hub: str, name: str) -> None:
        self.page = context.new_page()
        self.sidebar = Sidebar(self.page)
        self.page.goto(f"{hub}hub/login")
        self.page.get_by_label("Username:").fill(name)
        self.page.get_by_label("Password:").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"**/user/{name}/lab*", timeout=60_000)
        wait_until_ready(self.page)


@pytest.fixture
def users(browser: Browser, hub: str) -> Iterator[tuple[User, User, User]]:
    contexts = [browser.new_context(viewport={"width": 1280, "height": 900}) for _ in range(3)]
    alice, bob, carol = (
        User(context, hub, name)
        for context, name in zip(contexts, ("alice", "bob", "carol"), strict=True)
    )
    yield alice, bob, carol
    for context in contexts:
        context.close()


def test_each_user_sees_what_their_own_server_may_and_gets_into_no_other(
    users: tuple[User, User, User], hub: str, tmp_path: Path
) -> None:
    alice, bob, carol = users
    for user in users:
        user.sidebar.show()

    alice.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()

    # Who shares a host sees the same; whose server has another one sees nothing of it.
    expect(alice.sidebar.row("tutor-1m")).to_be_visible()
    expect(carol.sidebar.row("tutor-1m")).to_be_visible()
    bob.sidebar.panel.get_by_role(
        "button", name="Load text-embedding-tutor-embed", exact=True
    ).click()
    expect(bob.sidebar.row("text-embedding-tutor-embed")).to_be_visible()
    expect(bob.sidebar.row("tutor-1m")).to_have_count(0)
    expect(alice.sidebar.row("text-embedding-tutor-embed")).to_have_count(0)

    own, foreign = (f"{hub}user/{name}/lms" for name in ("bob", "alice"))
    for path, method in (("hosts", "GET"), ("leases", "GET"), ("command", "POST")):
        assert bob.page.evaluate(ASK, [f"{foreign}/{path}", method]) in {302, 403}
    assert bob.page.evaluate(ASK, [f"{own}/hosts", "GET"]) == 200
    # A server that was set up for one host reaches no other for its own user either.
    assert bob.page.evaluate(ASK, [f"{own}/command?host=127.0.0.1:9", "POST"]) == 404
    assert bob.page.evaluate(LISTEN, f"{own}/slices".replace("http", "ws", 1)) == "heard"
    assert bob.page.evaluate(LISTEN, f"{foreign}/slices".replace("http", "ws", 1)) == "refused"

    carol.sidebar.panel.get_by_role("button", name="Unload tutor-1m", exact=True).click()
    expect(alice.sidebar.row("tutor-1m")).to_have_count(0)
    alice.page.screenshot(path=tmp_path / "alice.png")
