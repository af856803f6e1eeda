import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import type { ConsolePanel, IConsoleTracker } from "@jupyterlab/console";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { InsertWhere } from "./labSettings";

export const LOAD_EXTENSION = "%load_ext lms_jupyter";
/** A kernel that is busy does not answer; loading the magics twice does no harm. */
const PATIENCE_MS = 800;
const QUESTION = "'lms' in get_ipython().magics_manager.magics['line']";

/** Where somebody writes code: the notebook or the console that was used last. */
export interface Writing {
  /** Whether there is such a place. */
  readonly isThere: boolean;
  /** Put code there; cells that need our magics get them loaded first. Tells whether it could. */
  insert(code: string, where: InsertWhere): Promise<boolean>;
  /** Whether the kernel there knows our magics already. */
  knowsMagics(): Promise<boolean>;
  /** The names of the files of all open notebooks. */
  openNotebooks(): ReadonlySet<string>;
}

export function createWriting(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  consoles: IConsoleTracker | null,
): Writing {
  const notebook = () => notebooks?.currentWidget ?? null;
  const console_ = () => {
    const current = app.shell.currentWidget;
    const inFront = current !== null && consoles?.has(current);
    return inFront || notebook() === null ? (consoles?.currentWidget ?? null) : null;
  };
  const knowsMagics = () => asksKernel((console_() ?? notebook())?.sessionContext ?? null);
  return {
    get isThere() {
      return (console_() ?? notebook()) !== null;
    },
    knowsMagics,
    async insert(code, where) {
      const [shell, book] = [console_(), notebook()];
      const knows = await knowsMagics();
      if (shell !== null) return intoConsole(shell, together(code, knows).join("\n"));
      return book !== null && intoNotebook(book, together(code, knows), where);
    },
    openNotebooks() {
      const names = new Set<string>();
      notebooks?.forEach(({ context }) => {
        names.add(context.path.split("/").pop() ?? context.path);
      });
      return names;
    },
  };
}

/** The cells for a piece of code; a cell magic has to be the first line of its own. */
export function together(code: string, knowsMagics: boolean): string[] {
  if (knowsMagics) return [code];
  return code.startsWith("%%") ? [LOAD_EXTENSION, code] : [`${LOAD_EXTENSION}\n${code}`];
}

async function asksKernel(session: ISessionContext | null): Promise<boolean> {
  const kernel = session?.session?.kernel;
  if (!kernel) return false;
  const future = kernel.requestExecute(
    { code: "", silent: true, store_history: false, user_expressions: { lms: QUESTION } },
    true,
  );
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  const reply = await Promise.race([future.done.catch(() => null), late]);
  if (reply === null || reply?.content.status !== "ok") {
    future.dispose();
    return false;
  }
  const told = reply.content.user_expressions?.lms as { data?: Record<string, string> } | undefined;
  return told?.data?.["text/plain"] === "True";
}

function intoConsole(panel: ConsolePanel, code: string): boolean {
  const prompt = panel.console.promptCell;
  if (prompt === null) return false;
  prompt.model.sharedModel.setSource(code);
  panel.activate();
  prompt.editor?.focus();
  return true;
}

function intoNotebook(panel: NotebookPanel, cells: string[], where: InsertWhere): boolean {
  const { content } = panel;
  const [first = ""] = cells;
  if (content.model === null || content.model.readOnly) return false;
  const active = content.activeCell;
  const isCode = active?.model.type === "code";
  if (where === "cursor" && isCode && cells.length === 1 && !first.startsWith("%%")) {
    active.editor?.replaceSelection?.(first);
  } else if (isCode && active.model.sharedModel.getSource().trim() === "") {
    // An empty cell is where one would have typed it.
    active.model.sharedModel.setSource(first);
    insertAt(panel, content.activeCellIndex + 1, cells.slice(1));
  } else {
    insertAt(panel, content.activeCellIndex + (where === "above" ? 0 : 1), cells);
  }
  panel.activate();
  return true;
}

function insertAt({ content }: NotebookPanel, index: number, cells: string[]): void {
  cells.forEach((source, place) => {
    content.model?.sharedModel.insertCell(index + place, { cell_type: "code", source });
  });
  if (cells.length > 0) content.activeCellIndex = index + cells.length - 1;
}
