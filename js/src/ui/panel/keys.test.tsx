import { act, fireEvent, screen } from "@testing-library/preact";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import downloading from "../../../../tests/wire_samples/activity_downloading.json" with {
  type: "json",
};
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import loading from "../../../../tests/wire_samples/activity_loading.json" with { type: "json" };
import problems from "../../../../tests/wire_samples/activity_problems.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import estimatedLarge from "../../../../tests/wire_samples/reply_estimated_large.json" with {
  type: "json",
};
import { clear, showAnswered, three } from "./fakePanel";

const show = (activity: object) =>
  showAnswered([catalog, activity, "live"], { estimate: estimatedLarge });
const key = (name: string) =>
  act(() => void fireEvent.keyDown(document.activeElement ?? document.body, { key: name }));
const focused = () => document.activeElement?.getAttribute("aria-label");
const focus = (name: string) => act(() => screen.getByRole("button", { name }).focus());
const press = (name: string) =>
  act(() => void fireEvent.click(screen.getByRole("button", { name })));

/** Open the form that looks for models to download, and let the answers come. */
async function look(): Promise<void> {
  await press("Get model…");
  const field = screen.getByRole("searchbox", { name: /owner/ });
  await act(() => void fireEvent.input(field, { target: { value: "qwen/qwen3-0.6b" } }));
  await press("Find");
  await screen.findByRole("button", { name: /^Get qwen.*Q8_0/ });
}

afterEach(clear);

describe("by keyboard", () => {
  it("walks a list with arrows", async () => {
    await show(three);
    await focus("Unload chat");

    await key("ArrowDown");
    await key("ArrowDown");
    expect(focused()).toBe("Unload my-coder");
    await key("ArrowLeft");
    expect(focused()).toBe("More about my-coder");
    await key("Home");
    expect(focused()).toBe("More about chat");
    await key("ArrowUp");
    expect(focused()).toBe("More about chat");
  });

  it("stops at one row of a list with the Tab key", async () => {
    await show(three);
    const tabbable = () =>
      screen
        .getAllByRole("button", { name: /^(Unload|More about) (chat|my|text)/ })
        .filter(({ tabIndex }) => tabIndex === 0)
        .map((button) => button.getAttribute("aria-label"));
    expect(tabbable()).toEqual(["More about chat", "Unload chat"]);

    await focus("Unload my-coder");

    expect(tabbable()).toEqual(["More about my-coder", "Unload my-coder"]);
  });

  it("unloads with Delete and goes on where the row was", async () => {
    const transport = await show(three);
    await focus("Unload chat");

    await key("Delete");
    expect(transport.sent).toEqual([
      { kind: "unload", identifier: "chat", instance_reference: "ref-chat" },
    ]);
    await act(() =>
      transport.deliver({ ...three, revision: 9, instances: three.instances.slice(1) }),
    );

    expect(focused()).toBe("Undo: load chat again");
  });

  it("closes what is open with Escape, and gives the focus back", async () => {
    await show(three);
    await focus("Load google/gemma-3-12b with settings");
    await press("Load google/gemma-3-12b with settings");
    expect(focused()).toBe("Context length");

    await key("Escape");

    expect(focused()).toBe("Load google/gemma-3-12b with settings");
  });

  it("never lets a key reach the notebook's shortcuts", async () => {
    await show(engine);
    await press("More about chat");
    await press("Host details");
    await press("Load google/gemma-3-12b with settings");
    await look();

    const focusable = document.querySelectorAll("button, input, select, summary, a, [tabindex]");
    const leaking = [...focusable].filter(
      (element) => element.getAttribute("data-lm-suppress-shortcuts") !== "true",
    );
    expect(focusable.length).toBeGreaterThan(40);
    expect(leaking).toEqual([]);
  });
});

describe("for a screen reader", () => {
  // axe waits with real timers.
  beforeEach(() => void vi.useRealTimers());

  it.each([
    ["idle", three],
    ["loading", loading],
    ["problems", problems],
    ["downloading", downloading],
    ["open", engine],
  ])("has nothing for axe to find: %s", async (name, activity) => {
    await show(activity);
    if (name === "open") {
      await press("More about chat");
      await press("Host details");
      await press("Load google/gemma-3-12b with settings");
      await look();
    }

    const { violations } = await axe.run(document.body, {
      // There is no layout here; contrast is looked at in a real browser.
      rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
    });

    expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
  });
});
