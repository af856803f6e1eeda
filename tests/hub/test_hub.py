"""Behind JupyterHub: each user has a sidebar of their own, and no way into another's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.lab import chromium
from tests.browser.sidebar import RESTORED, Sidebar
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
    with (
        engine(tmp_path_factory.mktemp("engine")) as address,
        jupyterhub(tmp_path_factory.mktemp("hub"), {"LMS_JUPYTER_HOST": address}) as url,
    ):
        yield url


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
        self.page.wait_for_function(RESTORED, timeout=60_000)


@pytest.fixture
def users(browser: Browser, hub: str) -> Iterator[tuple[User, User]]:
    contexts = [browser.new_context(viewport={"width": 1280, "height": 900}) for _ in range(2)]
    yield User(contexts[0], hub, "alice"), User(contexts[1], hub, "bob")
    for context in contexts:
        context.close()


def test_two_users_each_have_their_sidebar_and_not_the_others(
    users: tuple[User, User], hub: str, tmp_path: Path
) -> None:
    alice, bob = users
    for user in users:
        user.sidebar.show()

    alice.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()

    # They share one host, so both see what is in its memory.
    expect(alice.sidebar.row("tutor-1m")).to_be_visible()
    expect(bob.sidebar.row("tutor-1m")).to_be_visible()

    own, foreign = (f"{hub}user/{name}/lms" for name in ("bob", "alice"))
    assert bob.page.evaluate(ASK, [f"{own}/hosts", "GET"]) == 200
    assert bob.page.evaluate(ASK, [f"{foreign}/hosts", "GET"]) in {302, 403}
    assert bob.page.evaluate(ASK, [f"{foreign}/command", "POST"]) in {302, 403}
    assert bob.page.evaluate(LISTEN, f"{own}/slices".replace("http", "ws", 1)) == "heard"
    assert bob.page.evaluate(LISTEN, f"{foreign}/slices".replace("http", "ws", 1)) == "refused"

    bob.sidebar.panel.get_by_role("button", name="Unload tutor-1m", exact=True).click()
    expect(alice.sidebar.row("tutor-1m")).to_have_count(0)
    alice.page.screenshot(path=tmp_path / "alice.png")
