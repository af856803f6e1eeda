import { act } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import idle from "../../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import loading from "../../../../tests/wire_samples/activity_loading.json" with { type: "json" };
import lost from "../../../../tests/wire_samples/activity_lost.json" with { type: "json" };
import { FakeModel } from "../../transport/fakeModel";
import status from "./status";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

async function render(activity: object) {
  const model = new FakeModel();
  model.traits.activity = activity;
  const el = document.body.appendChild(document.createElement("div"));
  let leave = () => {};
  await act(() => {
    leave = status.render({ model, el });
  });
  return { model, el, leave };
}

it("says how many models take how much, and counts down by itself", async () => {
  const { model, el, leave } = await render(idle);
  expect(el.textContent).toBe("3 models · 22.2\u00a0GB · next unload in 4:12");

  await act(() => void vi.advanceTimersByTime(2000));
  expect(el.textContent).toContain("4:10");

  await act(() => model.push({ ...idle, revision: idle.revision + 1, instances: [] }));
  expect(el.textContent).toBe("no models");
  leave();
  expect(model.listeners).toBe(0);
});

it("shows a load in progress, and how old a picture is", async () => {
  const { el, model } = await render(loading);
  expect(el.textContent).toMatch(/loading \d+%$/);

  await act(() => model.push({ ...lost, revision: 99 }));
  expect(el.textContent).toMatch(/as of \d\d:\d\d$/);
});
