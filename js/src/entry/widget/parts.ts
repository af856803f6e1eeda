import type { WidgetModel } from "../../transport/widgetModel";
import { importText } from "../importText";

/** After this an answer is not coming; a kernel that was busy is asked again when it is heard. */
export const PATIENCE_MS = 30_000;

/** What the parts of the panel have in common: modules, by the names that the build gave them. */
export type Chunks = Record<string, object>;

interface Answer {
  part?: string;
  script?: string;
}

/** Brings in a script, and hands it what it takes from those before it. */
export type Run = <Exports>(script: string) => Promise<Exports>;

/** The parts of the panel that a kernel sends as messages. */
export interface LaterParts {
  /** Take them from whatever comes for this model, asked or not, until the model is gone. */
  listen(model: WidgetModel): void;
  /** Ask for one, if it is not here yet, and run it: those before it have to be there by then. */
  fetch<Exports>(model: WidgetModel, part: string): Promise<Exports>;
}

/**
 * The state of every widget carries the first part, and so does every saved notebook. The second
 * comes to a page with a kernel: of its own accord with a new widget, else for the asking. The
 * third comes with its first use, unless the kernel could not answer then.
 */
export function laterParts(run: Run): LaterParts {
  const scripts = new Map<string, string>();
  const known = new Map<string, Promise<never>>();
  const waiting = new Set<() => void>();

  function ask(model: WidgetModel, part: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(reject, PATIENCE_MS);
      const look = () => {
        if (!scripts.has(part)) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      // Throws where the front end has seen the kernel die.
      model.send({ part });
    });
  }

  return {
    listen(model) {
      const hear = ({ part, script }: Answer) => {
        if (part === undefined || script === undefined) return;
        scripts.set(part, script);
        for (const look of waiting) look();
      };
      model.on("msg:custom", hear as (...given: never[]) => void);
    },
    async fetch(model, part) {
      if (!scripts.has(part)) await ask(model, part);
      if (!known.has(part)) known.set(part, run(scripts.get(part) as string));
      return known.get(part) as Promise<never>;
    },
  };
}

/**
 * Run a script of a later part as anywidget runs the first.
 *
 * @param chunks What it takes from the parts before it; what it has for those after it is added.
 */
export async function runPart<Exports>(script: string, chunks: Chunks): Promise<Exports> {
  const { default: part } = await importText<{
    default(chunks: Chunks): Exports & { chunks?: Chunks };
  }>(script);
  const exports = part(chunks);
  Object.assign(chunks, exports.chunks);
  return exports;
}
