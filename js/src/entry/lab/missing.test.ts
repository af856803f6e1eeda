import { expect, it } from "vitest";
import type { Link } from "../../transport/transport";
import { sayMissing } from "./missing";
import { ENGLISH } from "./strings";

function setUp(link: Link) {
  const body = document.createElement("div");
  const listeners = new Set<(state: { link: Link }) => void>();
  const state = { link };
  const connection = {
    store: { get: () => state },
    watch(listener: (state: { link: Link }) => void) {
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
  };
  const become = (next: Link) => {
    state.link = next;
    for (const listener of listeners) listener(state);
  };
  let trials = 0;
  const leave = sayMissing(body, connection as never, ENGLISH, () => {
    trials += 1;
  });
  return { body, become, leave, trials: () => trials, listeners };
}

it("says what is missing, to screen readers too", () => {
  const { body } = setUp("absent");

  expect(body.querySelector("[role=status]")?.textContent).toBe(ENGLISH.noServer);
});

it("tries again for a click", () => {
  const { body, trials } = setUp("live");

  body.querySelector("button")?.click();

  expect(trials()).toBe(1);
});

it("tries again once the server is heard again, and only then", () => {
  const { become, trials } = setUp("absent");
  expect(trials()).toBe(0);

  become("live");
  become("live");
  expect(trials()).toBe(1);

  become("absent");
  become("live");
  expect(trials()).toBe(2);
});

it("leaves nothing behind", () => {
  const { body, leave, become, trials, listeners } = setUp("absent");

  leave();
  become("live");

  expect(body.childElementCount).toBe(0);
  expect(body.className).toBe("");
  expect(listeners.size).toBe(0);
  expect(trials()).toBe(0);
});
