import type { INotebookModel, NotebookPanel } from "@jupyterlab/notebook";
import type { Kernel } from "@jupyterlab/services";
import { expect, it, vi } from "vitest";
import engine from "../../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import type { State } from "../../../store/store";
import type { ModelHub } from "../hub";
import { ENGLISH } from "../strings";
import { choicesOf, choose, chosenIn, isPython } from "./choice";
import { loadOf } from "./opening";
import { ModelPicker } from "./picker";
import { tell } from "./tell";

// JupyterLab's own is for a page with all of it.
vi.mock("@jupyterlab/apputils", () => ({ Notification: { warning: vi.fn() } }));

/** A notebook's metadata, and word of its changes. */
function createNotebook(metadata: Record<string, unknown> = {}, language = "python") {
  const listeners = new Set<() => void>();
  const changed = () => listeners.forEach((listener) => void listener());
  const model = {
    defaultKernelLanguage: language,
    readOnly: false,
    metadataChanged: { connect: (listener: () => void) => listeners.add(listener) },
    getMetadata: (key: string) => metadata[key],
    setMetadata(key: string, value: unknown) {
      metadata[key] = value;
      changed();
    },
    deleteMetadata(key: string) {
      delete metadata[key];
      changed();
    },
  };
  return { metadata, model: model as unknown as INotebookModel };
}

/** A kernel that notes what it is sent, and answers as it is told. */
function createKernel(status = "ok") {
  const sent: string[] = [];
  let says: (sender: unknown, status: string) => void = () => undefined;
  const kernel = {
    statusChanged: {
      connect: (listener: typeof says) => {
        says = listener;
      },
    },
    requestExecute({ code }: { code: string }) {
      sent.push(code);
      return { done: Promise.resolve({ content: { status } }) };
    },
  };
  return {
    kernel: kernel as unknown as Kernel.IKernelConnection,
    sent,
    is: (next: string) => says(null, next),
  };
}

const line = (name: string) =>
  `__import__("os").environ["LMS_JUPYTER_MODEL"] = ${JSON.stringify(name)}`;

it("keeps what else is ours in the metadata, and writes down that none is chosen", () => {
  const { metadata, model } = createNotebook({ lms_jupyter: { other: 1 } });

  choose(model, "qwen3-4b");
  expect(metadata).toEqual({ lms_jupyter: { other: 1, model: "qwen3-4b" } });
  choose(model, "");
  expect(metadata).toEqual({ lms_jupyter: { other: 1, model: "" } });
  expect(chosenIn(model)).toBe("");
});

it.each([null, 4, "qwen", [], { model: 4 }, { model: "x".repeat(301) }, { model: {} }])(
  "reads no choice from %j",
  (ours) => {
    expect(chosenIn(createNotebook({ lms_jupyter: ours }).model)).toBe("");
  },
);

it("tells a kernel once, and again when it is another model or the kernel begins anew", () => {
  const { model } = createNotebook();
  const { kernel, sent, is } = createKernel();

  tell(kernel, model);
  expect(sent).toEqual([]);
  choose(model, "a/b");
  tell(kernel, model);
  tell(kernel, model);
  expect(sent).toEqual([line("a/b")]);
  is("restarting");
  tell(kernel, model);
  choose(model, "");
  tell(kernel, model);
  expect(sent).toEqual([line("a/b"), line("a/b"), line("")]);
});

it("tells it again what another page may have told it otherwise meanwhile", () => {
  const { model } = createNotebook({ lms_jupyter: { model: "a" } });
  const { kernel, sent } = createKernel();
  tell(kernel, model);

  // Somebody else chooses b, runs a cell, and a is chosen again.
  choose(model, "b");
  choose(model, "a");
  tell(kernel, model);
  tell(kernel, model);

  expect(sent).toEqual([line("a"), line("a")]);
});

it("tells a kernel that none is chosen any more, also from a page that was loaded again", () => {
  const { model, metadata } = createNotebook({ lms_jupyter: { model: "a" } });
  const { kernel, sent } = createKernel();
  choose(model, "");

  tell(kernel, model);
  tell(kernel, model);
  expect(sent).toEqual([line("")]);

  delete metadata.lms_jupyter;
  const untouched = createKernel();
  tell(untouched.kernel, model);
  expect(untouched.sent).toEqual([]);
});

it("tells it again where the cell before it has failed", async () => {
  const { model } = createNotebook({ lms_jupyter: { model: "a" } });
  const { kernel, sent } = createKernel("aborted");

  tell(kernel, model);
  await Promise.resolve();
  await Promise.resolve();
  tell(kernel, model);

  expect(sent).toEqual([line("a"), line("a")]);
});

it.each(['"; import os #', "\\", "line\nbreak", "'''"])(
  "sends %j as a text and no code",
  (name) => {
    const { model } = createNotebook({ lms_jupyter: { model: name } });
    const { kernel, sent } = createKernel();

    tell(kernel, model);

    expect(sent).toEqual([line(name.trim())]);
    expect(sent[0]?.split("\n")).toHaveLength(1);
  },
);

it("leaves kernels of other languages alone", () => {
  const { model } = createNotebook({ lms_jupyter: { model: "a" } }, "R");
  const { kernel, sent } = createKernel();

  tell(kernel, model);

  expect(isPython(model)).toBe(false);
  expect(sent).toEqual([]);
});

/** A picker for a notebook, on a host with these. */
function createPicker(notebook: INotebookModel, state: State) {
  const hub = {
    strings: ENGLISH,
    connection: {
      line: { send: vi.fn() },
      store: { get: () => state },
      watch(listener: () => void) {
        listener();
        return () => undefined;
      },
    },
  } as unknown as ModelHub;
  const context = { model: notebook, ready: new Promise(() => {}) };
  const picker = new ModelPicker({ context } as unknown as NotebookPanel, hub);
  const select = picker.node.querySelector("select");
  if (select === null) throw new Error("There is no list.");
  return { select, names: () => [...select.options].map(({ value }) => value) };
}

const models = [
  { model_key: "chat", kind: "llm" },
  { model_key: "on-disk", kind: "llm" },
  { model_key: "embed", kind: "embedding" },
];
const known = { activity: engine, catalog: { models } } as unknown as State;

it("offers what can answer, each once: what is in memory first", () => {
  const { memory, disk } = choicesOf(known);

  expect(memory).toContain("chat");
  expect(disk).toEqual(["on-disk"]);
});

it("writes what is picked into the notebook, and follows what others write there", () => {
  const { metadata, model } = createNotebook();
  const { select, names } = createPicker(model, known);

  expect(select.value).toBe("");
  select.value = "on-disk";
  select.dispatchEvent(new Event("change"));
  expect(metadata).toEqual({ lms_jupyter: { model: "on-disk" } });

  choose(model, "<b>gone</b>");
  expect(select.value).toBe("<b>gone</b>");
  expect(select.selectedOptions[0]?.textContent).toBe("<b>gone</b> (not on this host)");
  expect(select.querySelector("b")).toBeNull();
  choose(model, "");
  expect(names()).not.toContain("<b>gone</b>");
});

it("loads the model of a notebook that was opened once, however often it hears of its host", () => {
  const { model } = createNotebook({ lms_jupyter: { model: "qwen3-4b" } });
  const sent: unknown[] = [];
  let hear: (state: unknown) => void = () => undefined;
  const connection = {
    watch(listener: typeof hear) {
      hear = listener;
      return () => undefined;
    },
    store: { send: (command: unknown) => Promise.resolve(sent.push(command)) },
  };
  const hub = { connection, oneClick: () => ({ ttl_s: 60 }), strings: ENGLISH };
  const panel = { context: { model }, disposed: { connect: () => undefined } };

  loadOf(panel as unknown as NotebookPanel, hub as unknown as ModelHub);
  hear({ activity: null, catalog: null });
  // Both before it can say that it wants to hear no more.
  const state = {
    activity: { ...engine, host: { ...engine.host, link: "connected" }, instances: [] },
    catalog: { models: [{ model_key: "qwen3-4b" }] },
  };
  hear(state);
  hear(state);

  expect(sent).toEqual([
    { kind: "load", mode: "use", join: true, model_key: "qwen3-4b", identifier: null, ttl_s: 60 },
  ]);
});
