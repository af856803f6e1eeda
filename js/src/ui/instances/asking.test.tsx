import { act, fireEvent, screen, within } from "@testing-library/preact";
import axe from "axe-core";
import { describe, expect, it, vi } from "vitest";
import busy from "../../../../tests/wire_samples/activity_busy.json" with { type: "json" };
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Activity, Instance } from "../../protocol/protocol";
import { isMissed } from "../../store/missed";
import { button, cleanly, isDisabled, later, press, show, three } from "../panel/fakePanel";
import { wordsFor } from "../text/words";

cleanly();

const [FIRST] = three.instances as [Instance, ...Instance[]];
const dialog = () => screen.queryByRole("alertdialog");
const withFirst = (change: Partial<Instance>): Activity =>
  later({ instances: [{ ...FIRST, ...change }] });
const unloads = { kind: "unload", identifier: "chat", instance_reference: "ref-chat" };

describe("unloading what somebody uses", () => {
  it("asks first while it answers a request, and says so", async () => {
    const transport = await show(catalog, busy, "live");

    await press("Unload chat");

    expect(transport.sent).toEqual([]);
    expect(dialog()?.textContent).toContain("Unload chat? It is answering 3 requests.");
    await act(() => void fireEvent.click(within(dialog() as HTMLElement).getByText("Unload")));
    expect(transport.sent).toEqual([unloads]);
    expect(dialog()).toBeNull();
  });

  it("names the notebooks that use it", async () => {
    await show(catalog, engine, "live");

    await press("Unload my-coder");

    expect(dialog()?.getAttribute("aria-label")).toBe(
      "Unload my-coder? It is used by analysis.ipynb, eval.ipynb, drafts.ipynb.",
    );
  });

  it("asks for the Delete key as for the button; the focus is on no, and Escape is no", async () => {
    const transport = await show(catalog, engine, "live");
    const eject = button("Unload my-coder");

    await act(() => void fireEvent.keyDown(eject, { key: "Delete" }));
    const cancel = within(dialog() as HTMLElement).getByRole("button", { name: "Cancel" });
    expect(document.activeElement).toBe(cancel);
    await act(() => void fireEvent.keyDown(cancel, { key: "Escape" }));

    expect(dialog()).toBeNull();
    expect(document.activeElement).toBe(eject);
    expect(transport.sent).toEqual([]);
  });

  it("has nothing for axe to find while it asks", async () => {
    await show(catalog, engine, "live");
    await press("Unload my-coder");
    vi.useRealTimers();

    const { violations } = await axe.run(document.body, {
      rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
    });

    expect(violations.map(({ id }) => id)).toEqual([]);
  });

  it("does not ask for one that is idle and only ours, however it was loaded", async () => {
    for (const change of [
      {},
      { owner: "here.ipynb", mine: true },
      { owner: "rest", jit: true },
      { owner: "JupyterLab" },
    ]) {
      expect(isMissed({ ...FIRST, ...change }), JSON.stringify(change)).toBe(false);
    }
    const transport = await show(catalog, withFirst({ owner: "here.ipynb", mine: true }), "live");

    await press("Unload chat");

    expect(dialog()).toBeNull();
    expect(transport.sent).toEqual([unloads]);
  });

  it("counts what waits, and a notebook only once", () => {
    expect(isMissed({ ...FIRST, queued: 1 })).toBe(true);
    expect(isMissed({ ...FIRST, status: "processing_prompt" })).toBe(true);
    expect(isMissed({ ...FIRST, status: "unknown" })).toBe(true);
    expect(isMissed({ ...FIRST, status: "computing_embedding" })).toBe(true);
    expect(isMissed({ ...FIRST, users: ["a.ipynb"] })).toBe(true);
    expect(isMissed({ ...FIRST, owner: "a.ipynb" })).toBe(true);
  });
});

describe("a row", () => {
  it("names its model where its own name does not", async () => {
    const row = () => screen.getByRole("region", { name: "In memory" }).querySelector("li");
    for (const [identifier, model_key, named] of [
      ["chat", "qwen/qwen3-4b-2507", true],
      ["qwen3-4b-2507", "qwen/qwen3-4b-2507", true],
      ["tutor-1m", "tutor-1m", false],
      ["tutor-1m:2", "tutor-1m", false],
      ["tutor-1m-b", "tutor-1m", true],
    ] as const) {
      document.body.replaceChildren();
      await show(catalog, withFirst({ identifier, model_key }), "live");
      expect(row()?.querySelector(".lms-Names")?.textContent, identifier).toBe(
        named ? identifier + model_key : identifier,
      );
    }
  });

  it("holds the button of a click that is pending, and shows there why it was refused", async () => {
    const transport = await show(catalog, engine, "live");
    transport.answer = () => new Promise(() => {});
    await press("More about chat");

    await press("Pin");
    expect(isDisabled("Pin")).toBe(true);
    expect(isDisabled("30\u00a0min")).toBe(false);
    await press(/^30.min$/);

    expect(isDisabled("30\u00a0min")).toBe(true);
    expect(isDisabled("1\u00a0h")).toBe(true);
  });
});

describe("words", () => {
  it("fit the place: nobody can run a cell in the sidebar", async () => {
    const { strings } = wordsFor("en");
    expect(strings.noLink("12:00")).toContain("run the cell again");
    expect(strings.noServerLink("12:00")).not.toContain("cell");
    expect(wordsFor("de").strings.noServerLink("12:00")).not.toContain("Zelle");
  });
});
