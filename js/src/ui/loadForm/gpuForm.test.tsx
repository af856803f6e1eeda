import { act, fireEvent, screen } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import gpus from "../../../../tests/wire_samples/activity_gpus.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Activity, Catalog, GpuMemory, LoadRequest, Memory } from "../../protocol/protocol";
import { cleanly, press, showAnswered, wait } from "../panel/fakePanel";
import { hasExperts } from "./settings";
import { PAUSE_MS } from "./useEstimate";

cleanly();

const activity = gpus as Activity;
const memory = activity.memory as Memory & { gpus: GpuMemory[] };
const [first] = (catalog as Catalog).models;

async function openForm(known: GpuMemory[] | null, model = "google/gemma-3-12b") {
  const transport = await showAnswered([
    catalog,
    { ...activity, memory: { ...memory, gpus: known } },
    "live",
  ]);
  await press(`Load ${model} with settings`);
  await wait(PAUSE_MS);
  return transport;
}
const line = () => screen.getByText(/^%lms load/).textContent ?? "";
const labelled = (name: string | RegExp) => screen.queryAllByLabelText(name).length;
const choose = (name: string, value: string) =>
  act(() => void fireEvent.change(screen.getByLabelText(name), { target: { value } }));
const tick = (name: string) => act(() => void fireEvent.click(screen.getByLabelText(name)));
const ON_GPU = ["GPU offload", "Offload KV cache to GPU", "Stay within GPU memory"];
const BIG = "GPU 0: NVIDIA GeForce RTX 4090";
const SMALL = "GPU 1: NVIDIA GeForce RTX 3060";

describe("the load form", () => {
  it("has nothing of GPUs where there is none", async () => {
    await openForm([]);

    for (const name of ON_GPU) expect(labelled(name)).toBe(0);
    expect(screen.getByRole("form").textContent).not.toContain("GPU");
  });

  it("has no split where there is one GPU", async () => {
    await openForm(memory.gpus.slice(0, 1));

    for (const name of ON_GPU) expect(labelled(name)).toBe(1);
    expect(labelled("Split over GPUs")).toBe(0);
  });

  it("offers the GPUs by name, and writes what was chosen as a line too", async () => {
    const transport = await openForm(memory.gpus);

    await choose("Split over GPUs", "priorityOrder");
    await choose("Fill first", "1");
    expect(line()).toContain("--split-strategy priorityOrder --main-gpu 1");

    await choose("Split over GPUs", "custom");
    expect(line()).toContain("--split-strategy custom --gpu-custom-ratio 1,1");
    const share = screen.getByLabelText(`Share of ${BIG}`);
    await act(() => void fireEvent.input(share, { target: { value: "3" } }));
    expect(line()).toContain("--gpu-custom-ratio 3,1");

    await press("Load");
    expect((transport.sent.at(-1) as LoadRequest).config).toEqual({
      split_strategy: "custom",
      gpu_custom_ratio: [3, 1],
    });
  });

  it("keeps one GPU in use, and the one that is filled first among those", async () => {
    await openForm(memory.gpus);
    await choose("Split over GPUs", "priorityOrder");

    await tick(BIG);

    expect(line()).toContain("--disable-gpu 0");
    expect(line()).toContain("--main-gpu 1");
    expect((screen.getByLabelText(SMALL) as HTMLInputElement).disabled).toBe(true);
    await tick(BIG);
    expect(line()).not.toContain("--disable-gpu");
  });

  it("says what a load takes of both memories", async () => {
    await openForm(memory.gpus);

    const label = screen.getByRole("form").querySelector(".lms-Estimate")?.textContent;
    expect(label?.replaceAll("\u00a0", " ")).toContain(
      "Memory: needs about 1.2 GB, 41 GB freeGPU memory: needs about 8.2 GB, 8.7 GB free",
    );
  });

  it("has expert layers for a mixture of experts alone", async () => {
    await openForm(memory.gpus);
    expect(labelled("Expert layers on the CPU")).toBe(0);
    await press("Load qwen/qwen3-30b-a3b with settings");
    expect(labelled("Expert layers on the CPU")).toBe(1);
  });
});

it("knows a mixture of experts by its size or its kind", () => {
  const model = (change: object) => ({ ...(first as NonNullable<typeof first>), ...change });

  expect(hasExperts(model({ params: "30B-A3B", architecture: null }))).toBe(true);
  expect(hasExperts(model({ params: "8x7B", architecture: null }))).toBe(true);
  expect(hasExperts(model({ params: "20B", architecture: "gpt-oss" }))).toBe(true);
  expect(hasExperts(model({ params: "4B", architecture: "qwen3" }))).toBe(false);
  expect(hasExperts(model({ params: null, architecture: null }))).toBe(false);
});
