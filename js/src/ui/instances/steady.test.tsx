import { act, fireEvent, screen } from "@testing-library/preact";
import { describe, expect, it, vi } from "vitest";
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import { button, cleanly, deliver, later, leave, show, three, wait } from "../panel/fakePanel";
import { LEAVE_MS } from "./useSteady";

cleanly();

const gone = later({ instances: three.instances.slice(1) });
const row = () => screen.queryByText("chat")?.closest("li") ?? null;
const list = () => button("Unload my-coder").closest("ul") as HTMLElement;
const point = (kind: "pointerEnter" | "pointerLeave", pointerType = "mouse") =>
  act(() => void fireEvent[kind](list(), { pointerType }));
const keys = () =>
  [...document.querySelectorAll(".lms-ModelList > [data-key]")].map((one) =>
    one.getAttribute("data-key"),
  );

describe("rows that leave", () => {
  it("collapse for a moment, out of reach, and are gone", async () => {
    const transport = await show(catalog, three, "live");

    await deliver(transport, gone);
    expect(row()?.getAttribute("aria-hidden")).toBe("true");
    expect(row()?.querySelector("button")).toBeNull();

    await wait(LEAVE_MS);
    expect(row()).toBeNull();
  });

  it("are gone at once where somebody wants no motion", async () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true }));
    const transport = await show(catalog, three, "live");

    await deliver(transport, gone);
    await wait(0);

    expect(row()).toBeNull();
  });

  it("stay in their places for as long as the pointer is over the list", async () => {
    const transport = await show(catalog, three, "live");
    await point("pointerEnter");

    await deliver(transport, gone);
    await wait(10 * LEAVE_MS);
    expect(list().firstElementChild).toBe(row());

    await point("pointerLeave");
    await wait(LEAVE_MS);
    expect(row()).toBeNull();
  });

  it("do not wait for a finger", async () => {
    const transport = await show(catalog, three, "live");
    await point("pointerEnter", "touch");

    await deliver(transport, gone);
    await wait(LEAVE_MS);

    expect(row()).toBeNull();
  });

  it("add new ones at the end while the pointer is there", async () => {
    const transport = await show(catalog, three, "live");
    await point("pointerEnter");
    const [first] = three.instances;
    const added = { ...first, identifier: "new", instance_reference: "ref-new" };

    await deliver(transport, later({ instances: [added, ...three.instances] as never }));
    const names = () => [...list().children].map((one) => one.getAttribute("data-name"));
    expect(names().at(-1)).toBe("new");

    await point("pointerLeave");
    expect(names()[0]).toBe("new");
  });
});

describe("the order of the models", () => {
  const [embedding, qwen] = ["text-embedding-nomic-embed-text-v1.5", "qwen/qwen3-4b-2507"];

  it("begins with those that were used last, and stays while the pointer is over them", async () => {
    const transport = await show(catalog, three, "live");
    expect(keys().slice(0, 2)).toEqual([embedding, qwen]);
    const models = document.querySelector(".lms-ModelList") as HTMLElement;
    await act(() => void fireEvent.pointerEnter(models, { pointerType: "mouse" }));

    const [chat, ...others] = three.instances;
    const used = later({ instances: [{ ...chat, idle_since: three.now }, ...others] as never });
    await deliver(transport, used);
    expect(keys().slice(0, 2)).toEqual([embedding, qwen]);

    await act(() => void fireEvent.pointerLeave(models));
    expect(keys().slice(0, 2)).toEqual([qwen, embedding]);
  });

  it("can be another, also for the next panel", async () => {
    await show(catalog, three, "live");

    const order = screen.getByLabelText("Order");
    await act(() => void fireEvent.change(order, { target: { value: "size" } }));
    expect(keys()[0]).toBe("qwen/qwen3-30b-a3b");

    leave();
    document.body.replaceChildren();
    await show(catalog, three, "live");

    expect(screen.getByLabelText<HTMLSelectElement>("Order").value).toBe("size");
    expect(keys()[0]).toBe("qwen/qwen3-30b-a3b");
  });
});
