import { act, fireEvent, screen } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import estimated from "../../../../tests/wire_samples/reply_estimated.json" with { type: "json" };
import estimatedLarge from "../../../../tests/wire_samples/reply_estimated_large.json" with {
  type: "json",
};
import profiles from "../../../../tests/wire_samples/reply_profiles.json" with { type: "json" };
import refused from "../../../../tests/wire_samples/reply_refused.json" with { type: "json" };
import type { Catalog, Reply } from "../../protocol/protocol";
import type { FakeTransport } from "../../transport/fake";
import { PAUSE_MS } from "../loadForm/useEstimate";
import {
  button,
  cleanly,
  deliver,
  isDisabled,
  leave,
  press,
  show,
  three,
  wait,
} from "../panel/fakePanel";

cleanly();

const type = (name: string, value: string) =>
  act(() => void fireEvent.input(screen.getByLabelText(name), { target: { value } }));
const choose = (name: string, value: string) =>
  act(() => void fireEvent.change(screen.getByLabelText(name), { target: { value } }));

const nameOf = (one: Element) => one.getAttribute("aria-label") ?? one.textContent ?? "";

describe("the load form", () => {
  async function openForm(): Promise<FakeTransport> {
    const transport = await show(catalog, three, "live");
    transport.answer = ({ kind }) =>
      (kind === "estimate" ? estimated : { kind: "accepted", now: three.now }) as Reply;
    await press("Load google/gemma-3-12b with settings");
    return transport;
  }
  const asked = (transport: FakeTransport) =>
    transport.sent.filter(({ kind }) => kind === "estimate");

  it("opens in its place with the focus in it, and Escape closes it", async () => {
    await openForm();
    const form = screen.getByRole("form", { name: "Settings for google/gemma-3-12b" });
    expect(form.contains(document.activeElement)).toBe(true);

    await act(() => void fireEvent.keyDown(form, { key: "Escape" }));

    expect(screen.queryByRole("form")).toBeNull();
  });

  it("sends what was set, leaves the rest to the host, and writes the same as a line", async () => {
    const transport = await openForm();
    await act(() => {
      const length = screen.getByRole("spinbutton", { name: "Context length" });
      fireEvent.input(length, { target: { value: "8192" } });
    });
    await type("GPU offload", "20");
    await type("Identifier", "gemma");
    await act(() => void fireEvent.click(screen.getByRole("radio", { name: /30.min/ })));
    await choose("Flash attention", "true");
    await choose("K cache type", "q8_0");
    expect(screen.getByText(/^%lms load google/).textContent).toContain(
      "-c 8192 --gpu max --flash-attn --k-cache q8_0 --ttl 30m --identifier gemma",
    );

    await press("Load");

    expect(transport.sent.at(-1)).toEqual({
      kind: "load",
      mode: "ensure",
      join: true,
      model_key: "google/gemma-3-12b",
      identifier: "gemma",
      ttl_s: 1800,
      config: { context_length: 8192, gpu: 1, flash_attention: true, k_cache_type: "q8_0" },
    });
  });

  it("is where the one Load is while it is open: a click cannot forget what was set", async () => {
    await openForm();
    const row = screen.getByRole("form").closest("li") as HTMLElement;

    const loads = [...row.querySelectorAll("button")].filter((one) => /^Load/.test(nameOf(one)));

    expect(loads.map(nameOf)).toEqual(["Load"]);
    expect(screen.getByRole("form").contains(loads[0] ?? null)).toBe(true);
    await press("Close the settings for google/gemma-3-12b");
    expect(button("Load google/gemma-3-12b")).toBeTruthy();
  });

  it("has no slider at a place that nobody chose, and one that follows what is chosen", async () => {
    await openForm();
    const slider = (name: string) => screen.getByRole<HTMLInputElement>("slider", { name });
    for (const name of ["Context length", "GPU offload"]) {
      expect(slider(name).value).toBe("0");
      expect(slider(name).dataset.unset).toBe("true");
      expect(slider(name).getAttribute("aria-valuetext")).toBe("host decides");
    }

    await type("GPU offload", "10");

    expect(slider("GPU offload").dataset.unset).toBe("false");
    expect(slider("GPU offload").getAttribute("aria-valuetext")).toBe("50%");
  });

  it("offers nothing of a GPU where the host has none, as it says or as it reckons", async () => {
    const engine = { ...three, host: { ...three.host, features: ["ttl", "pin"] } };
    const transport = await show(catalog, engine, "live");
    await press("Load google/gemma-3-12b with settings");
    expect(screen.queryByText(/GPU/)).toBeNull();
    await deliver(transport, {
      ...engine,
      revision: 90,
      host: { ...engine.host, features: ["ttl", "pin", "gpu"] },
    });
    expect(screen.getByText("GPU offload")).toBeTruthy();
    leave();
    document.body.replaceChildren();

    const studio = await show(catalog, three, "live");
    const estimate = { ...estimated.estimate, vram_bytes: 0 };
    studio.answer = () => ({ ...estimated, estimate }) as Reply;
    await press("Load google/gemma-3-12b with settings");
    await wait(PAUSE_MS);
    expect(screen.queryByText(/GPU/)).toBeNull();
  });

  it("is held by the load of a variant that was chosen in it, and closes when it is taken", async () => {
    const transport = await show(catalog, three, "live");
    let answer: (reply: Reply) => void = () => {};
    await press("Load lms-jupyter/tutor with settings");
    await choose("Variant", "lms-jupyter/tutor@q4_0");
    transport.answer = () => new Promise((resolve) => (answer = resolve));

    await press("Load");

    expect(isDisabled("Loading")).toBe(true);
    answer({ kind: "accepted", now: transport.now() });
    await wait(0);
    expect(screen.queryByRole("form")).toBeNull();
    expect(isDisabled("Loading lms-jupyter/tutor")).toBe(true);
  });

  it("asks for an estimate once it is left alone for a moment", async () => {
    const transport = await openForm();
    await type("GPU offload", "10");
    await type("GPU offload", "12");
    expect(asked(transport)).toEqual([]);

    await wait(PAUSE_MS);

    expect(asked(transport)).toEqual([
      { kind: "estimate", model_key: "google/gemma-3-12b", config: { gpu: 0.6 } },
    ]);
    expect(screen.getByText("needs about 9.4 GB, 36 GB free")).toBeTruthy();
    expect(screen.getByText("measured here")).toBeTruthy();
    expect(screen.getByText("fits")).toBeTruthy();
  });

  it("offers the variants that are there, and leaves the choice to the host at first", async () => {
    const transport = await show(catalog, three, "live");
    await press("Load lms-jupyter/tutor with settings");
    const variants = screen.getByLabelText<HTMLSelectElement>("Variant");
    expect(variants.value).toBe("lms-jupyter/tutor");

    await choose("Variant", "lms-jupyter/tutor@q4_0");
    await press("Load");

    expect(transport.sent.at(-1)).toMatchObject({ model_key: "lms-jupyter/tutor@q4_0" });
  });

  it("lets the host decide again", async () => {
    const transport = await openForm();
    await type("GPU offload", "0");
    await press("Let the host decide: GPU offload");
    await press("Load");

    expect(transport.sent.at(-1)).toMatchObject({ config: {} });
  });

  it("takes minutes of one's own, and never", async () => {
    const transport = await openForm();
    await act(() => void fireEvent.click(screen.getByRole("radio", { name: "custom" })));
    await type("Minutes", "7");
    expect(screen.getByText(/--ttl 7m/)).toBeTruthy();
    await act(() => void fireEvent.click(screen.getByRole("radio", { name: "never" })));
    await press("Load");

    expect(transport.sent.at(-1)).toMatchObject({ ttl_s: null });
  });
});

describe("what lies on the disk", () => {
  it("filters as one types, and shows all again", async () => {
    await show(catalog, three, "live");
    const search = screen.getByRole("searchbox");

    await act(() => void fireEvent.input(search, { target: { value: "qwen 30b" } }));
    expect(screen.getByText("1 / 6")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Load google/gemma-3-12b" })).toBeNull();

    await act(() => void fireEvent.input(search, { target: { value: "zzz" } }));
    expect(screen.getByText(/No model matches/)).toBeTruthy();
    await press("Show all");
    expect(button("Load google/gemma-3-12b")).toBeTruthy();
  });

  it("marks what is in memory", async () => {
    await show(catalog, three, "live");

    expect(button("Load qwen/qwen3-4b-2507").closest("li")?.textContent).toContain("in memory");
  });

  it("draws a few dozen rows of five thousand", async () => {
    const [model] = (catalog as Catalog).models;
    const models = Array.from({ length: 5000 }, (_, number) => ({
      ...model,
      model_key: `model-${number}`,
    }));
    await show({ ...catalog, models }, three, "live");

    expect(screen.getByText("5,000")).toBeTruthy();
    expect(screen.getAllByRole("listitem").length).toBeLessThan(100);
  });

  it("has no scroller within a cell: more are shown when somebody wants them", async () => {
    const [model] = (catalog as Catalog).models;
    const models = Array.from({ length: 80 }, (_, number) => ({
      ...model,
      model_key: `model-${number}`,
    }));
    await show({ ...catalog, models }, three, "live");
    const rows = () => document.querySelectorAll(".lms-ModelList > [data-key]").length;
    expect(rows()).toBe(12);

    await press("Show 60 more");
    expect(rows()).toBe(72);
    await press("Show 8 more");
    expect(rows()).toBe(80);
    expect(screen.queryByRole("button", { name: /^Show/ })).toBeNull();
  });
});

describe("profiles", () => {
  async function openWith(reply: object) {
    const transport = await show(catalog, three, "live");
    transport.answer = ({ kind }) =>
      (kind === "list_profiles"
        ? reply
        : kind === "estimate"
          ? estimated
          : { kind: "accepted", now: transport.now() }) as Reply;
    await press("Load google/gemma-3-12b with settings");
    await wait(0);
    return transport;
  }

  it("set the form to what they name, and the line says it", async () => {
    const transport = await openWith(profiles);
    await choose("Profile", "fast");
    expect(
      screen.getByText("%lms load google/gemma-3-12b -c 4096 --flash-attn --ttl 30m"),
    ).toBeTruthy();

    await press("Load");

    expect(transport.sent.at(-1)).toMatchObject({
      ttl_s: 1800,
      config: { context_length: 4096, flash_attention: true },
    });
  });

  it("leave the TTL alone where they name none", async () => {
    await openWith(profiles);
    await choose("Profile", "long");

    expect(screen.getByText(/--ttl 1h/)).toBeTruthy();
  });

  it("are made of what is set", async () => {
    const transport = await openWith(profiles);
    await type("GPU offload", "0");
    await press("Save as profile…");
    const name = screen.getByLabelText("Name of the profile");
    expect(document.activeElement).toBe(name);
    await act(() => void fireEvent.input(name, { target: { value: " cpu only " } }));
    await press("Save");

    expect(transport.sent.at(-1)).toEqual({
      kind: "save_profile",
      profile: { name: "cpu only", config: { gpu: 0 }, ttl_s: 3600, names_ttl: true, fit: null },
    });
    expect(screen.getByLabelText<HTMLSelectElement>("Profile").value).toBe("cpu only");
  });

  it("keep the memory that a load may take, and have the host asked for it", async () => {
    const transport = await openWith(profiles);
    await choose("Profile", "long");
    expect(screen.getByText(/--fit 85%/)).toBeTruthy();
    await wait(PAUSE_MS);
    expect(transport.sent.at(-1)).toMatchObject({ kind: "estimate", fit: "85%" });

    await choose("Fit into memory", "leave=4GB");
    await press("Save as profile…");
    await press("Save");
    expect(transport.sent.filter(({ kind }) => kind === "save_profile").at(-1)).toMatchObject({
      profile: { name: "long", fit: "leave=4GB" },
    });

    await press("Load");
    expect(transport.sent.at(-1)).toMatchObject({ kind: "load", fit: "leave=4GB" });
  });

  it("stand beside LM Studio's presets, which say why they cannot be used", async () => {
    const transport = await openWith(profiles);
    await choose("LM Studio preset", "Newer");
    expect(screen.getByText(/which this version cannot set/)).toBeTruthy();
    await choose("LM Studio preset", "Long context");
    expect(screen.queryByText(/which this version cannot set/)).toBeNull();

    await press("Load");

    expect(transport.sent.at(-1)).toMatchObject({ config: { context_length: 32768 } });
  });

  it("are not offered where none are kept", async () => {
    await openWith({ kind: "profiles", profiles: null });

    expect(screen.queryByText("Profile")).toBeNull();
  });

  it("that cannot be read are told of, and a load does without", async () => {
    const problem = { ...refused.problem, title: "lms_profiles.toml cannot be read.", hint: "" };
    await openWith({ ...refused, problem });

    expect(screen.getByRole("alert").textContent).toContain("lms_profiles.toml cannot be read.");
    expect(screen.queryByText("Profile")).toBeNull();
    expect(isDisabled("Load")).toBe(false);
  });
});

describe("room for a load", () => {
  it("says what the host thinks, who would have to go, and who would be evicted", async () => {
    const transport = await show(catalog, three, "live");
    transport.answer = () => estimatedLarge as Reply;
    await press("Load google/gemma-3-12b with settings");
    await wait(PAUSE_MS);

    expect(screen.getByText("more than the host allows")).toBeTruthy();
    expect(screen.getByText("Fits once chat, nomic-embed is unloaded")).toBeTruthy();
    expect(
      screen.getByText("If a request loads it, the host first unloads nomic-embed"),
    ).toBeTruthy();
  });
});

it("loads once, however often Load is clicked", async () => {
  const transport = await show(catalog, three, "live");

  for (let click = 0; click < 5; click += 1) {
    const name = click === 0 ? "Load google/gemma-3-12b" : "Loading google/gemma-3-12b";
    await press(name);
  }

  expect(transport.sent.filter(({ kind }) => kind === "load")).toHaveLength(1);
});
