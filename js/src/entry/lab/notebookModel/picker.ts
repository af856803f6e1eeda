import type { NotebookPanel } from "@jupyterlab/notebook";
import { Widget } from "@lumino/widgets";
import type { ModelHub } from "../hub";
import { choicesOf, choose, chosenIn, isPython } from "./choice";

/** In a notebook's toolbar: which model its cells use. */
export class ModelPicker extends Widget {
  readonly #hub: ModelHub;
  readonly #panel: NotebookPanel;
  readonly #select = document.createElement("select");
  readonly #unwatch: () => void;
  #drawn = "";

  constructor(panel: NotebookPanel, hub: ModelHub) {
    super();
    this.#hub = hub;
    this.#panel = panel;
    this.addClass("lms-ModelPicker");
    const select = this.#select;
    select.title = hub.strings.modelOfNotebook;
    select.setAttribute("aria-label", hub.strings.modelOfNotebook);
    select.addEventListener("change", () => choose(panel.context.model, select.value));
    // The list may be as old as the last look; whoever opens it wants today's.
    select.addEventListener(
      "pointerdown",
      () => void hub.connection.line.send({ kind: "refresh" }),
    );
    this.node.append(select);
    panel.context.model.metadataChanged.connect(this.#draw, this);
    void panel.context.ready.then(this.#draw);
    this.#unwatch = hub.connection.watch(this.#draw);
  }

  override dispose(): void {
    this.#unwatch();
    super.dispose();
  }

  /** Only a change is drawn: a list that is open would close. */
  readonly #draw = (): void => {
    if (this.isDisposed) return;
    const { model } = this.#panel.context;
    const { memory, disk } = choicesOf(this.#hub.connection.store.get());
    const chosen = chosenIn(model);
    this.node.hidden = !isPython(model);
    this.#select.disabled = model.readOnly;
    const drawn = JSON.stringify([memory, disk, chosen]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const { strings } = this.#hub;
    const isKnown = chosen === "" || memory.includes(chosen) || disk.includes(chosen);
    this.#select.replaceChildren(
      option(strings.lastUsed, ""),
      ...(isKnown ? [] : [option(strings.notThere(chosen), chosen)]),
      ...group(strings.inMemory, memory),
      ...group(strings.onDisk, disk),
    );
    this.#select.value = chosen;
  };
}

function option(label: string, value: string): HTMLOptionElement {
  const element = document.createElement("option");
  element.textContent = label;
  element.value = value;
  return element;
}

function group(label: string, names: readonly string[]): HTMLElement[] {
  if (names.length === 0) return [];
  const element = document.createElement("optgroup");
  element.label = label;
  element.append(...names.map((name) => option(name, name)));
  return [element];
}
