import type { WidgetModel } from "../../transport/comm";
import { importText } from "../importText";

/** After this an answer is not coming; a kernel that was busy is asked again when it is heard. */
export const PATIENCE_MS = 30_000;

/** What the parts of the panel have in common, by the names that the build gave it. */
export type Shared = object;

interface Answer {
  part?: string;
  script?: string;
}

/** The second part of the panel, which the kernel sends as a message. */
export interface SecondPart<Exports> {
  /** Take it from whatever comes for this model, asked or not, until the model is gone. */
  listen(model: WidgetModel): void;
  /** Ask for it, if it is not here yet. */
  fetch(model: WidgetModel): Promise<Exports>;
}

/**
 * The state of every widget carries the first part, and so does every saved notebook. The rest
 * comes to a page with a kernel: of its own accord with a new widget, else for the asking.
 */
export function secondPart<Exports>(
  name: string,
  run: (script: string) => Promise<Exports>,
): SecondPart<Exports> {
  const waiting = new Set<() => void>();
  let known: Promise<Exports> | null = null;

  function listen(model: WidgetModel): void {
    const hear = ({ part, script }: Answer) => {
      if (part !== name || script === undefined) return;
      known ??= run(script);
      for (const tell of waiting) tell();
      waiting.clear();
    };
    model.on("msg:custom", hear as (...given: never[]) => void);
  }

  function ask(model: WidgetModel): Promise<void> {
    return new Promise((resolve, reject) => {
      const tell = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(tell);
        reject(new Error("The kernel did not send it."));
      }, PATIENCE_MS);
      waiting.add(tell);
      // Throws where the front end has seen the kernel die.
      model.send({ part: name });
    });
  }

  return {
    listen,
    async fetch(model) {
      if (known === null) await ask(model);
      return known as Promise<Exports>;
    },
  };
}

/** Run a script of the second part as anywidget runs the first. */
export async function runPart<Exports>(script: string, shared: Shared): Promise<Exports> {
  const { default: part } = await importText<{ default(shared: Shared): Exports }>(script);
  return part(shared);
}
