// The parts of JupyterLab's notebook and console packages that are used here. The packages
// themselves, which bring an editor and a renderer with them, are JupyterLab's at run time.

declare module "@jupyterlab/notebook" {
  import type { ISessionContext } from "@jupyterlab/apputils";
  import type { Token } from "@lumino/coreutils";
  import type { Widget } from "@lumino/widgets";

  export interface SharedCell {
    getSource(): string;
    setSource(source: string): void;
    updateSource(start: number, end: number, source: string): void;
  }

  export interface Editor {
    getCursorPosition(): { line: number; column: number };
    getLine(line: number): string | undefined;
    replaceSelection?(text: string): void;
    focus(): void;
  }

  export interface Cell {
    readonly model: { readonly type: string; readonly sharedModel: SharedCell };
    readonly editor: Editor | null;
  }

  export interface NotebookPanel extends Widget {
    readonly context: { readonly path: string };
    readonly sessionContext: ISessionContext;
    readonly content: Widget & {
      readonly model: {
        readonly readOnly: boolean;
        readonly sharedModel: {
          insertCell(index: number, cell: { cell_type: "code"; source: string }): unknown;
        };
      } | null;
      readonly activeCell: Cell | null;
      activeCellIndex: number;
    };
  }

  export interface INotebookTracker {
    readonly currentWidget: NotebookPanel | null;
    forEach(visit: (panel: NotebookPanel) => void): void;
    has(widget: Widget): boolean;
  }

  export const INotebookTracker: Token<INotebookTracker>;
}

declare module "@jupyterlab/console" {
  import type { ISessionContext } from "@jupyterlab/apputils";
  import type { Cell } from "@jupyterlab/notebook";
  import type { Token } from "@lumino/coreutils";
  import type { Widget } from "@lumino/widgets";

  export interface ConsolePanel extends Widget {
    readonly sessionContext: ISessionContext;
    readonly console: {
      readonly promptCell: Cell | null;
      /** Run code in a cell above the prompt. */
      inject(code: string): Promise<void>;
    };
  }

  export interface IConsoleTracker {
    readonly currentWidget: ConsolePanel | null;
    forEach(visit: (panel: ConsolePanel) => void): void;
    has(widget: Widget): boolean;
  }

  export const IConsoleTracker: Token<IConsoleTracker>;
}

declare module "@jupyterlab/translation" {
  import type { Token } from "@lumino/coreutils";

  export interface ITranslator {
    /** As "de-DE"; older ones say "default" or nothing for English. */
    readonly languageCode?: string;
  }

  export const ITranslator: Token<ITranslator>;
}

declare module "@jupyterlab/rendermime" {
  import type { Token } from "@lumino/coreutils";

  export interface MimeModel {
    readonly data: Readonly<Record<string, unknown>>;
  }

  export interface Renderer {
    readonly node: HTMLElement;
    renderModel(model: MimeModel): Promise<void>;
  }

  export interface IRenderMimeRegistry {
    createRenderer(mimeType: string): Renderer;
    clone(options?: object): IRenderMimeRegistry;
  }

  export const IRenderMimeRegistry: Token<IRenderMimeRegistry>;
}
