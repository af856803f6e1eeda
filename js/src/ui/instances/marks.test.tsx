import { act, fireEvent, screen } from "@testing-library/preact";
import { expect, it } from "vitest";
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Activity, Instance } from "../../protocol/protocol";
import { button, cleanly, press, showAnswered } from "../panel/fakePanel";

cleanly();

const [one] = engine.instances as unknown as [Instance];
const named = (identifier: string): Instance => ({
  ...one,
  ...{ identifier, instance_reference: `ref-${identifier}`, users: [], queued: 0 },
  ...{ status: "idle", pinned: false },
});
const four = {
  ...engine,
  instances: ["a", "b", "c", "d"].map(named),
  loads: [],
} as unknown as Activity;

const row = (name: string) => screen.getByText(name).closest("li") as HTMLElement;
const click = (name: string, held: object) => act(() => void fireEvent.click(row(name), held));
const key = (name: string, more: object = {}) =>
  act(() => void fireEvent.keyDown(document.activeElement as Element, { key: name, ...more }));
const marked = () =>
  ["a", "b", "c", "d"].filter((name) => row(name).dataset.marked !== undefined).join("");

it("selects several rows with clicks, as in a list of files", async () => {
  await showAnswered([catalog, four, "live"]);

  await click("a", {});
  expect(marked()).toBe("");
  await click("c", { ctrlKey: true });
  expect(marked()).toBe("ac");
  await click("d", { shiftKey: true });
  expect(marked()).toBe("cd");
  await click("b", {});
  expect(marked()).toBe("");
});

it("selects with Shift and arrows, all at once, and none again", async () => {
  await showAnswered([catalog, four, "live"]);
  await act(() => button("Unload b").focus());

  await key("ArrowDown", { shiftKey: true });
  await key("ArrowDown", { shiftKey: true });
  expect(marked()).toBe("bcd");
  await key("ArrowUp", { shiftKey: true });
  expect(marked()).toBe("bc");
  await key("a", { ctrlKey: true });
  expect(marked()).toBe("abcd");
  await key("Escape");
  expect(marked()).toBe("");
});

it("pins and unloads what is selected and nothing else, and asks before", async () => {
  const transport = await showAnswered([catalog, four, "live"]);
  const sent = (kind: string) =>
    transport.sent.filter((command) => command.kind === kind).map((command) => command);
  await click("a", {});
  await click("c", { metaKey: true });

  await press("Pin selected");
  expect(sent("pin").map((command) => "identifier" in command && command.identifier)).toEqual([
    "a",
    "c",
  ]);
  await act(() => button("Unload c").focus());
  await key("Delete");
  expect(document.activeElement?.textContent).toBe("Unload selected");
  await press("Unload selected");
  expect(sent("unload")).toEqual([]);
  await press("Unload all 2?");
  expect(sent("unload").map((command) => "identifier" in command && command.identifier)).toEqual([
    "a",
    "c",
  ]);
  expect(button("Unload all")).toBeTruthy();
});

it("shows the keys for a question mark, and goes back to where one was", async () => {
  await showAnswered([catalog, four, "live"]);
  await act(() => button("Unload b").focus());

  await key("?");
  await act(async () => {
    await Promise.resolve();
  });
  const help = screen.getByRole("dialog", { name: "Keyboard" });
  expect(help.textContent).toContain("select several rows");
  expect(help.contains(document.activeElement)).toBe(true);
  await key("Escape");
  expect(screen.queryByRole("dialog", { name: "Keyboard" })).toBeNull();
  expect(document.activeElement?.getAttribute("aria-label")).toBe("Unload b");
});
