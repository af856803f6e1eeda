import { act, fireEvent, screen } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import catalog from "../../../tests/wire_samples/catalog.json" with { type: "json" };
import { FakeModel } from "../transport/fakeModel";
import widget from "./widget";

afterEach(() => document.body.replaceChildren());

function render(model: FakeModel, signal?: AbortSignal) {
  const el = document.body.appendChild(document.createElement("div"));
  Object.assign(model.traits, { catalog, activity: idle });
  let leave = () => {};
  return act(() => {
    leave = widget.render({ model, el, ...(signal && { signal }) });
  }).then(() => ({ el, leave }));
}

it("draws what the kernel's widget holds and follows it", async () => {
  const model = new FakeModel();
  const { leave } = await render(model);
  expect(screen.getByRole("button", { name: "Unload chat" })).toBeTruthy();

  await act(() => model.push({ ...idle, revision: idle.revision + 1, instances: [] }));

  expect(screen.queryByRole("button", { name: "Unload chat" })).toBeNull();
  leave();
});

it("tells the kernel which instance was chosen, and shows which one the kernel chose", async () => {
  const model = new FakeModel();
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
  const model = new FakeModel();
  const view = new AbortController();
  const { el, leave } = await render(model, view.signal);

  view.abort();
  expect(el.childNodes).toHaveLength(0);
  expect(model.listeners).toBe(0);

  leave();
  expect(model.of("attend").map(({ command }) => "visible" in command && command.visible)).toEqual([
    true,
    false,
  ]);
});

it("draws two views of one widget that do not disturb each other", async () => {
  const model = new FakeModel();
  const first = await render(model);
  const second = await render(model);

  first.leave();

  expect(first.el.childNodes).toHaveLength(0);
  expect(screen.getByRole("button", { name: "Unload chat" })).toBeTruthy();
  second.leave();
});
