import { act, fireEvent, screen } from "@testing-library/preact";
import { expect, it } from "vitest";
import gpus from "../../../../tests/wire_samples/activity_gpus.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Activity } from "../../protocol/protocol";
import { cleanly, show } from "./fakePanel";

cleanly();

const ACTIVITY = gpus as Activity;
const [FIRST, SECOND] = ACTIVITY.instances.map((one) => one.instance_reference) as [string, string];

const rowOf = (reference: string) =>
  document.querySelector(`[data-key="${reference}"]`) as HTMLElement;
const linked = () =>
  [...document.querySelectorAll<HTMLElement>("[data-linked]")].map(
    ({ dataset, className }) => `${dataset.ref ?? dataset.key} ${className}`,
  );
const pointAt = (element: Element) => act(() => void fireEvent.pointerOver(element));

it("shows the parts of the memories that a row has, by pointer and by focus", async () => {
  await show(catalog, ACTIVITY, "live");

  await pointAt(rowOf(FIRST));
  // Main memory and one GPU, whose legend names it too.
  expect(linked().sort()).toEqual([
    `${FIRST} lms-Bar-instance`,
    `${FIRST} lms-Bar-instance`,
    `${FIRST} lms-Legend-instance`,
  ]);

  const stop = rowOf(SECOND).querySelector("[data-stop]") as HTMLElement;
  await act(() => stop.focus());
  expect(new Set(linked().map((one) => one.split(" ")[0]))).toEqual(new Set([SECOND]));

  await pointAt(rowOf(FIRST));
  await act(
    () => void fireEvent.pointerLeave(document.querySelector(".lms-Panel-inner") as Element),
  );
  // What has the focus is shown again once nobody points.
  expect(new Set(linked().map((one) => one.split(" ")[0]))).toEqual(new Set([SECOND]));

  await act(() => stop.blur());
  expect(linked()).toEqual([]);
});

it("shows the row that a part of a memory belongs to, and goes there", async () => {
  await show(catalog, ACTIVITY, "live");
  const part = document.querySelector(`.lms-Bar > [data-ref="${SECOND}"]`) as HTMLElement;

  await pointAt(part);
  expect(rowOf(SECOND).hasAttribute("data-linked")).toBe(true);
  expect(rowOf(FIRST).hasAttribute("data-linked")).toBe(false);

  await act(() => void fireEvent.click(part));
  expect(rowOf(SECOND).contains(document.activeElement)).toBe(true);

  await pointAt(document.querySelector(".lms-Bar-free") as Element);
  await act(() => (document.activeElement as HTMLElement).blur());
  expect(linked()).toEqual([]);
});

it("takes a part of nobody, and a model on the disk, for no instance", async () => {
  await show(catalog, ACTIVITY, "live");

  await pointAt(document.querySelector(".lms-Bar-other") as Element);
  expect(linked()).toEqual([]);
  await act(() => void fireEvent.click(document.querySelector(".lms-Bar-other") as Element));
  expect(document.activeElement).toBe(document.body);

  await pointAt(screen.getByRole("button", { name: "Load google/gemma-3-12b" }));
  expect(linked().filter((one) => one.includes("lms-Bar"))).toEqual([]);
});
