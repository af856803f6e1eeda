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

/** Have a notebook choose a model, or none; what else is ours in it stays. */
export function choose(notebook: INotebookModel, name: string): void {
  const { model: _, ...others } = ours(notebook);
  const next = name === "" ? others : { ...others, model: name };
  if (Object.keys(next).length > 0) notebook.setMetadata(KEY, next);
  else notebook.deleteMetadata(KEY);
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
