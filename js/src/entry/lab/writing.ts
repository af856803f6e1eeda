import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import type { Cell } from "@jupyterlab/cells";
import type { ConsolePanel, IConsoleTracker } from "@jupyterlab/console";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { InsertWhere } from "./settings";

export const LOAD_EXTENSION = "%load_ext lms_jupyter";
/** A kernel that is busy does not answer; loading the magics twice does no harm. */
const PATIENCE_MS = 800;
const QUESTION = "'lms' in get_ipython().magics_manager.magics['line']";

/** Where somebody writes code: the notebook or the console that was used last. */
export interface Writing {
  /** Whether there is such a place. */
  readonly isThere: boolean;
  /** Put code there; what needs our magics gets them loaded first. Tells whether it could. */
  insert(code: string, where: InsertWhere): Promise<boolean>;
  /** Whether the kernel there knows our magics already. */
  knowsMagics(): Promise<boolean>;
  /** The kernels of all open notebooks and consoles. */
  openKernels(): ReadonlySet<string>;
  /** The file name of the notebook that is looked at now. */
  inSight(): string | null;
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
      if (shell !== null) return intoConsole(shell, code, knows);
      return book !== null && intoNotebook(book, code, knows, where);
    },
    openKernels() {
      const kernels = new Set<string>();
      const note = ({ sessionContext }: { sessionContext: ISessionContext }) => {
        const id = sessionContext.session?.kernel?.id;
        if (id !== undefined) kernels.add(id);
      };
      notebooks?.forEach(note);
      consoles?.forEach(note);
      return kernels;
    },
    inSight() {
      const book = notebook();
      if (book?.isVisible !== true || document.visibilityState !== "visible") return null;
      return book.context.path.split("/").pop() ?? null;
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
  const evaluated = reply.content.user_expressions?.lms as
    | { data?: Record<string, string> }
    | undefined;
  return evaluated?.data?.["text/plain"] === "True";
}

/** What is at the prompt already stays: a cell magic goes above it, other code to the cursor. */
function intoConsole(panel: ConsolePanel, code: string, knows: boolean): boolean {
  const prompt = panel.console.promptCell;
  if (prompt === null) return false;
  const { sharedModel } = prompt.model;
  const isMagic = code.startsWith("%%");
  // A cell magic cannot have a line above it, and a console has no cell above its prompt to write.
  if (isMagic && !knows) void panel.console.inject(LOAD_EXTENSION);
  const [whole = ""] = isMagic ? [code] : together(code, knows);
  if (sharedModel.getSource().trim() === "") sharedModel.setSource(whole);
  else if (isMagic) sharedModel.updateSource(0, 0, code);
  else if (!atCursor(prompt, code, knows)) sharedModel.updateSource(0, 0, `${whole}\n`);
  panel.activate();
  prompt.editor?.focus();
  return true;
}

function intoNotebook(
  panel: NotebookPanel,
  code: string,
  knows: boolean,
  where: InsertWhere,
): boolean {
  const { content } = panel;
  if (content.model === null || content.model.readOnly) return false;
  const cells = together(code, knows);
  const active = content.activeCell;
  const isCode = active?.model.type === "code";
  if (isCode && active.model.sharedModel.getSource().trim() === "") {
    // An empty cell is where one would have typed it.
    active.model.sharedModel.setSource(cells[0] ?? "");
    insertAt(panel, content.activeCellIndex + 1, cells.slice(1));
  } else if (!(where === "cursor" && isCode && atCursor(active, code, knows))) {
    insertAt(panel, content.activeCellIndex + (where === "above" ? 0 : 1), cells);
  }
  panel.activate();
  return true;
}

/** Put code into a cell where its cursor is; tells whether it could be. */
function atCursor({ model, editor }: Cell, code: string, knows: boolean): boolean {
  const { sharedModel } = model;
  // Cell magics, the one to insert and one that is there, share a cell with nothing else.
  if (!editor?.replaceSelection || /^%%/.test(code) || /^%%/.test(sharedModel.getSource())) {
    return false;
  }
  const { line, column } = editor.getCursorPosition();
  const text = editor.getLine(line) ?? "";
  // A line magic after `name =` gives that name its value; anything else begins a line.
  const magic = /^\w+ = (?<magic>%.*)$/.exec(code)?.groups?.magic;
  const isValue = magic !== undefined && /=\s*$/.test(text.slice(0, column));
  const begins = isValue || text.slice(0, column).trim() === "";
  const ends = text.slice(column).trim() === "";
  const inserted = isValue ? magic : code;
  editor.replaceSelection(`${begins ? "" : "\n"}${inserted}${ends ? "" : "\n"}`);
  if (!knows) sharedModel.updateSource(0, 0, `${LOAD_EXTENSION}\n`);
  return true;
}

function insertAt({ content }: NotebookPanel, index: number, cells: string[]): void {
  cells.forEach((source, place) => {
    content.model?.sharedModel.insertCell(index + place, { cell_type: "code", source });
  });
  if (cells.length > 0) content.activeCellIndex = index + cells.length - 1;
}
