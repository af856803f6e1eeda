import { act, fireEvent, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import idle from "../../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import loading from "../../../../tests/wire_samples/activity_loading.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import { FakeModel } from "../../transport/fakeModel";
import { PATIENCE_MS as ALONE_MS } from "../../ui/snapshot/Glance";
import * as details from "./details";
import * as live from "./live";
import { PATIENCE_MS, type Run } from "./parts";
import { widget } from "./widget";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

/** What runs in the place of a script: the part that it stands for. */
const run = (async (script: string) => (script === "third" ? details : live)) as Run;
const panel = () => widget(run);

function modelOf(activity: object) {
  const model = new FakeModel();
  Object.assign(model.traits, { catalog, activity });
  return model;
}

async function render(
  model: FakeModel,
  { part = true, signal = new AbortController().signal } = {},
) {
  const el = document.body.appendChild(document.createElement("div"));
  let leave = () => {};
  await act(() => {
    leave = panel().render({ model, el, signal });
  });
  if (part) await send(model);
  return { el, leave };
}

const send = (model: FakeModel) =>
  act(async () => {
    model.emit("msg:custom", { part: "live", script: "the second part" });
    await vi.advanceTimersByTimeAsync(0);
  });
const attendances = (model: FakeModel) =>
  model.sent.flatMap(({ command }) => (command?.kind === "attend" ? [command.visible] : []));
const asked = (model: FakeModel) => model.sent.filter((message) => "part" in message).length;

it("is a still picture until its second part is here", async () => {
  const model = modelOf(loading);
  const { el, leave } = await render(model, { part: false });
  expect(screen.getByText("In memory")).toBeTruthy();
  expect(el.textContent).toContain("google/gemma-3-12b");
  expect(screen.getByRole("progressbar")).toBeTruthy();
  expect(screen.queryAllByRole("button")).toEqual([]);
  expect(screen.queryAllByRole("timer")).toEqual([]);

  await send(model);

  expect(screen.getAllByRole("button").length).toBeGreaterThan(3);
  leave();
  expect(el.childNodes).toHaveLength(0);
});

it("says that it is a snapshot where nobody makes it live, and follows what still comes", async () => {
  const model = modelOf(idle);
  const { leave } = await render(model, { part: false });
  expect(screen.getByRole("status").textContent).toBe("");

  await act(() => void vi.advanceTimersByTime(ALONE_MS));
  expect(screen.getByRole("status").textContent).toContain("Snapshot from");

  await act(() => model.push({ ...idle, instances: [] }));
  expect(screen.queryByText("chat")).toBeNull();
  leave();
});

it("takes the part that a kernel sends before the first view", async () => {
  const model = modelOf(idle);
  const widget = panel();
  widget.initialize({ model });
  await send(model);
  const el = document.body.appendChild(document.createElement("div"));

  let leave = () => {};
  await act(async () => {
    leave = widget.render({ model, el });
    await vi.advanceTimersByTimeAsync(0);
  });

  expect(screen.getByRole("button", { name: "Unload chat" })).toBeTruthy();
  expect(asked(model)).toBe(0);
  leave();
});

it("asks again when a kernel that did not answer is heard", async () => {
  const model = modelOf(idle);
  const { leave } = await render(model, { part: false });
  expect(asked(model)).toBe(1);

  await act(async () => void (await vi.advanceTimersByTimeAsync(PATIENCE_MS)));
  await act(() => model.push({ ...idle, revision: idle.revision + 1 }));

  expect(asked(model)).toBe(2);
  leave();
});

it("keeps its picture where the kernel is dead", async () => {
  const model = modelOf(idle);
  model.dead = true;
  const { leave } = await render(model, { part: false });

  expect(screen.getByText("chat")).toBeTruthy();
  leave();
});

it("draws what the kernel's widget holds and follows it", async () => {
  const model = modelOf(idle);
  const { leave } = await render(model);
  expect(screen.getByRole("button", { name: "Unload chat" })).toBeTruthy();

  await act(() => model.push({ ...idle, revision: idle.revision + 1, instances: [] }));

  expect(screen.queryByRole("button", { name: "Unload chat" })).toBeNull();
  leave();
});

it("tells the kernel which instance was chosen, and shows which one the kernel chose", async () => {
  const model = modelOf(idle);
  const { leave } = await render(model);
  const row = (name: string) => screen.getByText(name).closest("li");

  await act(() => void fireEvent.click(screen.getByText("chat")));
  expect(model.saved.selected).toBe("chat");
  expect(row("chat")?.getAttribute("aria-current")).toBe("true");

  await act(() => model.set("selected", "my-coder"));
  expect(row("my-coder")?.getAttribute("aria-current")).toBe("true");
  expect(row("chat")?.hasAttribute("aria-current")).toBe(false);
  leave();
});

it("ends with the view, by signal or by call, and by both", async () => {
  const model = modelOf(idle);
  const view = new AbortController();
  const { el, leave } = await render(model, { signal: view.signal });

  view.abort();
  expect(el.childNodes).toHaveLength(0);
  // The model outlives its views, and with it the ear for the second part.
  expect(model.listeners).toBe(1);

  leave();
  expect(attendances(model)).toEqual([true, false]);
});

it("draws nothing into a view that is gone when the second part comes", async () => {
  const model = modelOf(idle);
  const { el, leave } = await render(model, { part: false });
  leave();

  await send(model);

  expect(el.childNodes).toHaveLength(0);
  expect(attendances(model)).toEqual([]);
});

it("draws two views of one widget that do not disturb each other", async () => {
  const model = modelOf(idle);
  const first = await render(model);
  const second = await render(model);

  first.leave();

  expect(first.el.childNodes).toHaveLength(0);
  expect(screen.getByRole("button", { name: "Unload chat" })).toBeTruthy();
  second.leave();
});

it("asks for what opens in it with its first use, and not before", async () => {
  const model = modelOf(idle);
  const { leave } = await render(model);
  const parts = () => model.sent.flatMap((message) => ("part" in message ? [message.part] : []));
  expect(parts()).toEqual(["live"]);

  await act(async () => {
    fireEvent.click(screen.getByRole("button", { name: "More about chat" }));
    await vi.advanceTimersByTimeAsync(100);
  });
  expect(parts()).toContain("details");
  expect(screen.getByText("Opening…")).toBeTruthy();

  await act(async () => {
    model.emit("msg:custom", { part: "details", script: "third" });
    await vi.advanceTimersByTimeAsync(0);
  });
  expect(screen.queryByText("Opening…")).toBeNull();
  expect(screen.getByText("Copy identifier")).toBeTruthy();
  leave();
});
