import { act, render, screen, within } from "@testing-library/preact";
import { expect, it } from "vitest";
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import refused from "../../../../tests/wire_samples/reply_refused.json" with { type: "json" };
import type { Activity, Instance, Reply } from "../../protocol/protocol";
import { memoryShares } from "../../store/select";
import { FakeTransport } from "../../transport/fake";
import { Glance } from "../snapshot/Glance";
import { button, cleanly, clicks, deliver, isDisabled, press, show } from "./fakePanel";
import { mount } from "./mount";

cleanly();

const ACTIVITY = engine as unknown as Activity;
const [HERE] = ACTIVITY.instances.map((one) => ({ ...one, users: [] as string[] })) as unknown as [
  Instance,
];
const DEVICE = "0f3a9c27d1";
const THERE: Instance = {
  ...HERE,
  instance_reference: "ref-there",
  device: DEVICE,
  device_name: "gpu-box",
};
let revision = ACTIVITY.revision;
const holding = (...instances: Instance[]): Activity => {
  revision += 1;
  return { ...ACTIVITY, revision, instances };
};
const rows = () =>
  within(screen.getByRole("region", { name: "In memory" })).getAllByRole("listitem");
const textsOf = (row: HTMLElement | undefined) =>
  [...(row?.querySelector(".lms-Names")?.children ?? [])].map((one) => one.textContent);
const sent = { identifier: "chat", instance_reference: "ref-there" };

it("shows two of one identifier as two rows, each with the name of its device", async () => {
  await show(catalog, holding(HERE, THERE), "live");

  expect(rows().map((row) => textsOf(row).slice(0, 2))).toEqual([
    ["chat", "Local"],
    ["chat", "gpu-box"],
  ]);
  expect(document.body.textContent).not.toContain(DEVICE);
});

it("shows the device of a lone instance only where that is not the host", async () => {
  const transport = await show(catalog, holding(HERE), "live");
  expect(textsOf(rows()[0])).not.toContain("Local");

  await deliver(transport, holding(THERE));
  expect(textsOf(rows()[0])).toContain("gpu-box");
});

it("has the devices in the still picture too", async () => {
  await act(() => void render(<Glance activity={holding(HERE, THERE)} catalog={null} />));

  expect(rows().map((row) => textsOf(row)[1])).toEqual(["Local", "gpu-box"]);
});

it("sends with each button of a row which of the two is meant", async () => {
  const transport = await show(catalog, holding(HERE, THERE), "live");
  await press("More about chat (gpu-box)");
  await press("Pin");
  await press(/^30.min$/);
  await press("Unload chat (gpu-box)");

  expect(clicks(transport)).toEqual([
    { kind: "pin", ...sent, pinned: true },
    { kind: "set_ttl", ...sent, ttl_s: 1800 },
    { kind: "unload", ...sent },
  ]);
});

it("sends it with a reload, where a TTL cannot be changed", async () => {
  const activity = holding(HERE, THERE);
  const host = { ...activity.host, features: [] };
  const transport = await show(catalog, { ...activity, host }, "live");
  await press("More about chat (gpu-box)");
  await press(/^30.min$/);

  expect(clicks(transport)).toEqual([{ kind: "reload", ...sent, ttl_s: 1800 }]);
});

it("names the device where it asks whether to unload what is in use", async () => {
  await show(catalog, holding(HERE, { ...THERE, queued: 1 }), "live");

  await press("Unload chat (gpu-box)");

  expect(screen.getByRole("alertdialog").getAttribute("aria-label")).toContain(
    "Unload chat (gpu-box)?",
  );
});

it("holds the buttons of the row that was clicked alone, until that row is gone", async () => {
  const transport = await show(catalog, holding(HERE, THERE), "live");

  await press("Unload chat (gpu-box)");
  expect(isDisabled("Unload chat (gpu-box)")).toBe(true);
  expect(isDisabled("Unload chat (Local)")).toBe(false);
  // Word of the other row is no word of this one.
  await deliver(transport, holding({ ...HERE, queued: 2 }, THERE));
  expect(isDisabled("Unload chat (gpu-box)")).toBe(true);
});

it("takes an unload of either row back in its own place", async () => {
  const transport = await show(catalog, holding(HERE, THERE), "live");

  await press("Unload chat (gpu-box)");
  await deliver(transport, holding(HERE));
  expect(rows()).toHaveLength(2);
  expect(button("Unload chat")).toBeTruthy();
  await press("Undo: load chat (gpu-box) again");
  expect(transport.sent.at(-1)).toEqual({ kind: "load_again", instance_reference: "ref-there" });

  await deliver(transport, holding(HERE, { ...THERE, instance_reference: "ref-again" }));
  await press("Unload chat (Local)");
  await deliver(transport, holding({ ...THERE, instance_reference: "ref-again" }));
  expect(rows()[0]?.textContent).toContain("chat (Local)");
  await press("Undo: load chat (Local) again");
  expect(transport.sent.at(-1)).toEqual({
    kind: "load_again",
    instance_reference: HERE.instance_reference,
  });
});

it("shows a refusal on the row that was clicked", async () => {
  const transport = await show(catalog, holding(HERE, THERE), "live");
  transport.answer = () => refused as Reply;

  await press("Unload chat (gpu-box)");

  expect(rows().map((row) => within(row).queryByRole("alert") !== null)).toEqual([false, true]);
});

it("makes one of the two the chosen row, and one the stop of the Tab key", async () => {
  let chosen: readonly [string | null, string | null] = [null, null];
  const selection = {
    get: () => chosen,
    set: (...next: readonly [string, string | null]) => {
      chosen = next;
    },
    watch: () => () => {},
  };
  const transport = new FakeTransport();
  const element = document.body.appendChild(document.createElement("div"));
  let end = () => {};
  await act(() => {
    end = mount(element, transport, { selection });
  });
  await deliver(transport, holding(HERE, THERE));
  const current = () => rows().map((row) => row.getAttribute("aria-current") === "true");
  const stops = () =>
    rows().map((row) => row.querySelectorAll('[data-stop][tabindex="0"]').length > 0);
  expect(stops()).toEqual([true, false]);

  await act(async () => button("More about chat (gpu-box)").focus());
  expect(stops()).toEqual([false, true]);
  expect([chosen, current()]).toEqual([
    ["chat", THERE.device],
    [false, true],
  ]);

  await deliver(transport, holding(HERE));
  expect(current()).toEqual([true]);
  await act(() => end());
});

it("draws in the memory of this machine only what is on this machine", () => {
  const shares = memoryShares({ total_bytes: 64e9, available_bytes: 60e9, gpus: null }, [
    HERE,
    THERE,
  ]);

  expect(shares.instances).toHaveLength(1);
});
