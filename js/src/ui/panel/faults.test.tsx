import { act, fireEvent, screen } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import loading from "../../../../tests/wire_samples/activity_loading.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import refused from "../../../../tests/wire_samples/reply_refused.json" with { type: "json" };
import type { Activity, Instance, Reply } from "../../protocol/protocol";
import { TAKEN_MS } from "../../store/store";
import type { FakeTransport } from "../../transport/fake";
import { UNDO_MS } from "../instances/UndoRow";
import { LEAVE_MS } from "../instances/useSteady";
import {
  button,
  cleanly,
  deliver,
  isDisabled,
  press,
  showAnswered,
  three,
  timers,
  wait,
} from "./fakePanel";

cleanly();

let revision = 1000;
const next = (change: Partial<Activity> = {}) => ({ ...three, revision: revision++, ...change });
const die = (transport: FakeTransport, change: Partial<Activity> = {}) =>
  deliver(transport, next({ host: { ...three.host, link: "lost" }, ...change }));

/** Open the panel with a host that answers, and bring it into a state. */
async function into(...presses: string[]): Promise<FakeTransport> {
  const transport = await showAnswered([catalog, three, "live"]);
  for (const name of presses) {
    await press(name);
    await wait(400);
  }
  return transport;
}

async function isDead(transport: FakeTransport, name: string): Promise<void> {
  expect(isDisabled(name)).toBe(true);
  const before = transport.sent.length;
  await press(name);
  expect(transport.sent).toHaveLength(before);
}

describe("a host that dies", () => {
  it("while a load form is open: what was set stays, and loads once it is back", async () => {
    const transport = await into("Load google/gemma-3-12b with settings");
    const name = screen.getByLabelText("Identifier");
    await act(() => void fireEvent.input(name, { target: { value: "gemma" } }));
    await die(transport);
    await isDead(transport, "Load");

    await deliver(transport, next());
    await press("Load");

    expect(transport.sent.at(-1)).toMatchObject({
      kind: "load",
      mode: "ensure",
      identifier: "gemma",
    });
  });

  it("while a profile gets its name", async () => {
    const transport = await into("Load google/gemma-3-12b with settings", "Save as profile…");
    const name = screen.getByLabelText("Name of the profile");
    await act(() => void fireEvent.input(name, { target: { value: "fast" } }));
    await die(transport);

    await isDead(transport, "Save");
  });

  it("while somebody looks for a model", async () => {
    const transport = await into("Get model…");
    const field = screen.getByRole("searchbox", { name: /owner/ });
    await act(() => void fireEvent.input(field, { target: { value: "qwen/qwen3-0.6b" } }));
    await press("Find");
    await wait(0);
    await die(transport);

    await isDead(transport, "Find");
    await isDead(transport, "Get qwen/qwen3-0.6b Q8_0");
  });

  it("while the details of an instance are open, which can still be copied", async () => {
    const transport = await into("More about chat");
    await die(transport);

    await isDead(transport, "Unload chat");
    await isDead(transport, "1\u00a0h");
    expect(isDisabled("Copy identifier")).toBe(false);
  });

  it("while an unload can be undone", async () => {
    const transport = await into("Unload chat");
    await die(transport, { instances: three.instances.slice(1) });

    await isDead(transport, "Undo: load chat again");
  });

  it("takes none of the time that there is to undo: once it is back, it can be done", async () => {
    const without = { instances: three.instances.slice(1) };
    const transport = await into("Unload chat");
    await deliver(transport, next(without));
    await wait(UNDO_MS - 100);
    await die(transport, without);
    await wait(10 * UNDO_MS);
    await isDead(transport, "Undo: load chat again");

    await deliver(transport, next(without));
    await wait(UNDO_MS - 100);
    await press("Undo: load chat again");

    expect(transport.sent.at(-1)).toMatchObject({ kind: "load_again" });
  });

  it("before an unload has had its effect: nothing is offered, and the instance is still there", async () => {
    const transport = await into("Unload chat");
    await die(transport);
    await wait(TAKEN_MS);

    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
    expect(button("Unload chat")).toBeTruthy();
    await deliver(transport, next({ instances: three.instances.slice(1) }));
    await wait(LEAVE_MS);
    expect(screen.queryByText("chat")).toBeNull();
  });

  it("after Undo was pressed: what became of it is said on top", async () => {
    const transport = await into("Unload chat");
    await deliver(transport, next({ instances: three.instances.slice(1) }));
    transport.answer = () => refused as Reply;
    await press("Undo: load chat again");

    expect(screen.getByRole("alert").textContent).toContain(refused.problem.title);
    await press(`Dismiss: ${refused.problem.title}`);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("and another is turned to: it has nothing of the first one's to call back", async () => {
    const transport = await into("Unload chat");
    const without = { instances: three.instances.slice(1) };
    await die(transport, without);

    const host = { ...three.host, address: "there:1234" };
    await deliver(transport, { ...three, ...without, epoch: "another", revision: 0, host });

    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
  });

  it("between the two clicks that unload everything", async () => {
    const transport = await into("Unload all");
    await die(transport);

    await isDead(transport, "Unload all 3, 1 in use?");
  });

  it("in the middle of a load", async () => {
    const transport = await into();
    const { loads } = loading as Activity;
    await deliver(transport, next({ loads }));
    await die(transport, { loads });

    await isDead(transport, `Cancel loading ${loads[0]?.identifier ?? loads[0]?.model_key}`);
  });

  it("while the others are listed: to those one can still switch", async () => {
    const transport = await into("Host details");
    await die(transport);

    await press(/Switch to Embedded engine/ as never);

    expect(transport.sent.at(-1)).toMatchObject({ kind: "switch_host" });
  });

  it("shows no time left that nobody knows", async () => {
    const transport = await into();
    expect(timers()).toHaveLength(3);

    await die(transport);

    expect(screen.queryAllByRole("timer")).toEqual([]);
  });
});

describe("whoever acts from elsewhere", () => {
  it("loads another under the name and unloads it: that is not called back from here", async () => {
    const transport = await into("Unload chat");
    const [chat, ...others] = three.instances;
    await deliver(transport, next({ instances: others }));
    const another = { ...chat, instance_reference: "another" } as Instance;
    await deliver(transport, next({ instances: [another, ...others] }));

    await deliver(transport, next({ instances: others }));

    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
  });

  it("takes an instance away while its details are open, and nothing is left of them", async () => {
    const transport = await into("More about chat");

    await deliver(transport, next({ instances: three.instances.slice(1) }));
    await wait(200);

    expect(screen.queryByText("Copy identifier")).toBeNull();
    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
  });

  it("takes the model away that a form is open for", async () => {
    const transport = await into("Load google/gemma-3-12b with settings");
    const models = catalog.models.filter(({ model_key }) => model_key !== "google/gemma-3-12b");

    await deliver(transport, { ...catalog, revision: 99, models });

    expect(screen.queryByRole("form")).toBeNull();
  });

  it("restarts the kernel: another epoch is believed, whatever its revision", async () => {
    const transport = await into("Unload chat");

    await deliver(transport, { ...three, epoch: "another", revision: 0 });

    expect(button("Unload chat")).toBeTruthy();
    expect(isDisabled("Unload chat")).toBe(false);
  });
});

describe("names from anywhere", () => {
  it.each([
    "<img src=x onerror=alert(1)><b>bold</b>",
    "🦙👩‍🚀🏳️‍🌈 llama",
    "نموذج-لغوي-عربي",
    `very/${"long-".repeat(60)}name@q4_k_m`,
    "with spaces and 'quotes' \"both\"",
  ])("are shown as they are: %s", async (identifier) => {
    const [chat] = three.instances;
    const instances = [{ ...chat, identifier }] as Activity["instances"];
    const transport = await into();

    await deliver(transport, next({ instances }));
    await wait(200);

    const row = button(`Unload ${identifier}`).closest("li");
    expect(row?.querySelector(".lms-Name")?.textContent).toBe(identifier);
    expect(row?.querySelector("img, b")).toBeNull();
    await press(`Unload ${identifier}`);
    expect(transport.sent.at(-1)).toMatchObject({ kind: "unload", identifier });
  });
});
