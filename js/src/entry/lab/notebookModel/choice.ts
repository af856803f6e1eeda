import type { INotebookModel } from "@jupyterlab/notebook";
import type { State } from "../../../store/store";

/** What is ours in a notebook's metadata; Python reads the same from the file. */
const KEY = "lms_jupyter";
/** What is longer was never chosen from a list. */
const LONGEST = 300;

/** Anybody may have written this: a notebook comes from anywhere. */
function ours(notebook: INotebookModel): Record<string, unknown> {
  const value = notebook.getMetadata(KEY);
  return typeof value === "object" && value !== null ? value : {};
}

/** The model that a notebook has chosen; empty if it has chosen none. */
export function chosenIn(notebook: INotebookModel): string {
  const { model } = ours(notebook);
  return typeof model === "string" && model.length <= LONGEST ? model.trim() : "";
}

/** Whether a model was ever chosen in a notebook, also if it has none now. */
export function hasChosen(notebook: INotebookModel): boolean {
  return "model" in ours(notebook);
}

/**
 * Have a notebook choose a model, or none, which is an empty name; what else is ours stays.
 *
 * "None" is written down too: kernels may have been told otherwise, by this page or another.
 */
export function choose(notebook: INotebookModel, name: string): void {
  notebook.setMetadata(KEY, { ...ours(notebook), model: name });
}

/** Whether cells of this notebook can know our magics, as far as it is known. */
export function isPython(notebook: INotebookModel): boolean {
  const language = notebook.defaultKernelLanguage || "python";
  return language.toLowerCase() === "python";
}

/** What a notebook may choose: by identifier what is in memory, by key the rest. */
export interface Choices {
  memory: readonly string[];
  disk: readonly string[];
}

export function choicesOf({ activity, catalog }: State): Choices {
  const answers = ({ kind }: { kind: string }) => kind === "llm";
  const memory = (activity?.instances ?? []).filter(answers).map(({ identifier }) => identifier);
  const disk = (catalog?.models ?? []).filter(answers).map(({ model_key }) => model_key);
  const known = new Set(memory);
  return { memory: [...known], disk: [...new Set(disk)].filter((key) => !known.has(key)) };
}
