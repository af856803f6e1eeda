import { screen, within } from "@testing-library/preact";
import { expect, it } from "vitest";
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import gpus from "../../../../tests/wire_samples/activity_gpus.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Activity, GpuMemory, Memory } from "../../protocol/protocol";
import { gpuName, memoryShares } from "../../store/select";
import { cleanly, press, show } from "../panel/fakePanel";

cleanly();

const activity = gpus as Activity;
const memory = activity.memory as Memory & { gpus: [GpuMemory, GpuMemory] };
const legends = () =>
  [...document.querySelectorAll(".lms-Legend")].map((list) =>
    within(list as HTMLElement)
      .getAllByRole("listitem")
      .map(({ textContent }) => textContent?.replace("\u00a0", " ")),
  );

it("draws a bar for each pool, and says who holds how much of a GPU", async () => {
  await show(catalog, activity, "live");

  expect(
    screen.getAllByRole("img", { name: / of / }).map((bar) => bar.getAttribute("aria-label")),
  ).toEqual([
    "Memory: 23\u00a0GB of 64\u00a0GB",
    "GPU 0: NVIDIA GeForce RTX 4090: 19.8\u00a0GB of 25.8\u00a0GB",
    "GPU 1: NVIDIA GeForce RTX 3060: 10.1\u00a0GB of 12.9\u00a0GB",
  ]);
  expect(legends()).toEqual([
    ["notebook train.ipynb 11.2 GB", "chat 2.9 GB", "my-coder 4.6 GB", "other programs 1.1 GB"],
    ["my-coder 9.8 GB", "other programs 300 MB"],
  ]);
});

it("says nothing of GPUs where there is none, nor where the host does not tell", async () => {
  for (const none of [[], null]) {
    const sizes = (engine as Activity).memory as Memory;
    await show(catalog, { ...engine, memory: { ...sizes, gpus: none } }, "live");
  }

  const [without, silent] = document.querySelectorAll(".lms-Panel");
  expect(without?.textContent).toBe(silent?.textContent);
  expect(without?.textContent).not.toContain("GPU ");
  expect(document.querySelector(".lms-Gpus, .lms-Legend")).toBeNull();
});

it("counts what the named do not hold as other programs', never as less than nothing", () => {
  const [gpu] = memory.gpus;
  const full = memoryShares({ ...gpu, available_bytes: 0 }, activity.instances);
  const odd = memoryShares({ ...gpu, available_bytes: gpu.total_bytes }, activity.instances);

  expect([full.free_bytes, full.other_bytes]).toEqual([0, 25757220864 - 11.2e9 - 2.9e9 - 4.6e9]);
  expect(odd.other_bytes).toBe(0);
});

it("numbers GPUs where there are several", () => {
  expect(gpuName(0, memory.gpus)).toBe("GPU 0: NVIDIA GeForce RTX 4090");
  expect(gpuName(0, memory.gpus.slice(0, 1))).toBe("NVIDIA GeForce RTX 4090");
});

it("says in the details of an instance where it lies and what serves it", async () => {
  await show(catalog, activity, "live");
  await press("More about my-coder");

  const facts = [...document.querySelectorAll(".lms-Details-facts > div")].map((fact) =>
    fact.textContent?.replaceAll("\u00a0", " "),
  );
  expect(facts).toContain(
    "GPU memory4.6 GB on GPU 0: NVIDIA GeForce RTX 4090 · 9.8 GB on GPU 1: NVIDIA GeForce RTX 3060",
  );
  expect(facts).toContain("Runtimellama-server b10434 (CUDA)");
});

it("names the GPUs of the host's machine in its details", async () => {
  await show(catalog, activity, "live");
  await press("Host details");

  const facts = [...document.querySelectorAll(".lms-HostDetails dd")].map((dd) => dd.textContent);
  expect(facts).toContain("NVIDIA GeForce RTX 3060");
});
