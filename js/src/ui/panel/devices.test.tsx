import { fireEvent, screen, within } from "@testing-library/preact";
import { expect, it } from "vitest";
import loading from "../../../../tests/wire_samples/activity_loading.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Activity, Catalog, LmLink } from "../../protocol/protocol";
import {
  cleanly,
  deliver,
  later,
  press,
  show,
  showAnswered,
  three,
  timers,
  wait,
} from "./fakePanel";

cleanly();

const BOX = "0f3a9c27d1";
const [FIRST] = three.instances;
if (FIRST === undefined) throw new Error("The sample has instances.");
const THERE = {
  ...FIRST,
  identifier: "far",
  instance_reference: "ref-far",
  device: BOX,
  device_name: "gpu-box",
};
const link = (connected: boolean, back_at: number | null = null): LmLink => ({
  status: connected ? "online" : "offline",
  devices: [{ device: BOX, name: "gpu-box", connected }],
  back_at,
});
const heads = () => screen.queryAllByRole("heading", { level: 4 }).map((one) => one.textContent);
const rowsOf = (name: string) =>
  within(screen.getByRole("list", { name })).getAllByRole("listitem");

it("gives each machine a list of its own, the host's first", async () => {
  await show(
    catalog,
    later({ instances: [THERE, ...three.instances], lm_link: link(true) }),
    "live",
  );

  expect(heads()).toEqual(["Local", "gpu-box"]);
  expect(rowsOf("Local")).toHaveLength(three.instances.length);
  expect(rowsOf("gpu-box")).toHaveLength(1);
  expect(rowsOf("gpu-box")[0]?.textContent).toContain("far");
});

it("has one list without a heading where there is one machine", async () => {
  await show(catalog, three, "live");

  expect(heads()).toEqual([]);
  expect(screen.queryByRole("list", { name: "Local" })).toBeNull();
});

it("says of a machine that has left, and when the host tries its link again", async () => {
  const transport = await show(catalog, later({ instances: [THERE], lm_link: link(true) }), "live");
  expect(heads()).toEqual(["gpu-box"]);

  const back_at = transport.now() + 12;
  const gone = { instances: three.instances, lm_link: link(false, back_at) };
  await deliver(transport, { ...later(gone), revision: three.revision + 2, now: transport.now() });

  expect(heads()[1]).toContain("gpu-box");
  expect(heads()[1]).toContain("disconnected");
  expect(timers().join()).toMatch(/attempt in 12\ss/);
});

it("walks with the arrows from the list of one machine into the next", async () => {
  await show(catalog, later({ instances: [THERE, FIRST], lm_link: link(true) }), "live");
  const stops = () => [...document.querySelectorAll<HTMLElement>('[data-stop][tabindex="0"]')];
  const here = stops().find((stop) => stop.closest("[aria-label='Local']"));

  here?.focus();
  if (here) fireEvent.keyDown(here, { key: "ArrowDown" });

  expect(document.activeElement?.closest("ul")?.getAttribute("aria-label")).toBe("gpu-box");
});

it("shows a load on the machine that it goes to", async () => {
  const { loads } = loading as unknown as Activity;
  const there = loads.map((load) => ({ ...load, device: BOX }));
  await show(catalog, later({ loads: there, lm_link: link(true) }), "live");

  expect(heads()).toEqual(["Local", "gpu-box"]);
  expect(rowsOf("gpu-box")).toHaveLength(loads.length);
});

const models = (catalog as unknown as Catalog).models;
const [MODEL] = models;
if (MODEL === undefined) throw new Error("The sample has models.");
const onBoth = {
  ...catalog,
  models: [{ ...MODEL, device: BOX, device_name: "gpu-box" }, ...models],
};

it("lists a model once that two machines have, and loads it on the one that is chosen", async () => {
  const transport = await showAnswered([onBoth, three, "live"]);
  const { model_key } = MODEL;
  expect(document.querySelectorAll(`[data-key="${model_key}"]`)).toHaveLength(1);

  await press(`Load ${model_key} with settings`);
  const choice = screen.getByLabelText<HTMLSelectElement>("Device");
  expect([...choice.options].map(({ text }) => text)).toEqual(["host decides", "gpu-box", "Local"]);
  fireEvent.change(choice, { target: { value: BOX } });
  await wait(1000);
  expect(transport.sent.at(-1)).toMatchObject({ kind: "estimate", device: BOX });
  expect(document.querySelector(".lms-LoadForm-line")?.textContent).toContain(`--device ${BOX}`);

  fireEvent.change(choice, { target: { value: "" } });
  await wait(0);
  expect(document.querySelector(".lms-LoadForm-line")?.textContent).toContain("--device Local");
  fireEvent.change(choice, { target: { value: BOX } });
  await wait(0);
  await press("Load");

  const sent = transport.sent.find(({ kind }) => kind === "load");
  expect(sent).toMatchObject({ kind: "load", model_key, device: BOX });
});

it("asks for no machine where there is one", async () => {
  await showAnswered([catalog, three, "live"]);

  await press(`Load ${MODEL.model_key} with settings`);

  expect(screen.queryByLabelText("Device")).toBeNull();
});
