import type { INotebookModel } from "@jupyterlab/notebook";
import type { Kernel } from "@jupyterlab/services";
import { chosenIn, hasChosen, isPython } from "./choice";

/** What our Python reads; it needs not be there yet when this is set. */
const VARIABLE = "LMS_JUPYTER_MODEL";
const BEGINS_ANEW = new Set(["starting", "restarting", "autorestarting", "dead"]);

/**
 * What a kernel was last told, as far as this page knows; one that is started again knows nothing.
 *
 * `null` where another page may have told it something: that of somebody else in the same
 * notebook, or this one before it was loaded again.
 */
const known = new WeakMap<Kernel.IKernelConnection, string | null>();
const followed = new WeakSet<Kernel.IKernelConnection>();

function follow(kernel: Kernel.IKernelConnection, notebook: INotebookModel): void {
  if (followed.has(kernel)) return;
  followed.add(kernel);
  kernel.statusChanged.connect((_, status) => {
    if (BEGINS_ANEW.has(status)) known.delete(kernel);
  });
  notebook.metadataChanged.connect(() => {
    if (known.has(kernel) && known.get(kernel) !== chosenIn(notebook)) known.set(kernel, null);
  });
}

/** What a kernel has been told, in a notebook in which models may have been chosen before. */
function lastWord(kernel: Kernel.IKernelConnection, notebook: INotebookModel): string | null {
  const unknown = hasChosen(notebook) ? null : "";
  return known.get(kernel) ?? (known.has(kernel) ? null : unknown);
}

/**
 * Tell a kernel which model its notebook has chosen, before it runs a cell of it.
 *
 * Both go the same way, so the cell comes after the word. Where nothing has ever been chosen,
 * nothing is sent.
 */
export function tell(kernel: Kernel.IKernelConnection, notebook: INotebookModel): void {
  const name = chosenIn(notebook);
  if (!isPython(notebook) || name === lastWord(kernel, notebook)) return;
  follow(kernel, notebook);
  known.set(kernel, name);
  // A text in JSON is the same text in Python.
  const [variable, value] = [VARIABLE, name].map((text) => JSON.stringify(text));
  const code = `__import__("os").environ[${variable}] = ${value}`;
  const future = kernel.requestExecute({ code, silent: true, store_history: false }, true);
  const again = () => {
    if (known.get(kernel) === name) known.delete(kernel);
  };
  // A cell before it has failed, and took all that waited with it.
  future.done.then(({ content }) => content.status !== "ok" && again(), again);
}
