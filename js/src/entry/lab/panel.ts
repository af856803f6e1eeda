import { importText } from "../importText";
import type * as Live from "../widget/live";
import type { Server } from "./server";
import { addStyle } from "./style";

export type Mount = typeof Live.mount;

/** What the first part of the panel offers beside the widget. */
interface First {
  run<Exports>(script: string): Promise<Exports>;
}

/**
 * The panel of the notebook cells, from the Jupyter Server: loaded once, or else tried again; what
 * opens in it with its first use.
 */
export function panelOf(
  server: Pick<Server, "panel" | "details">,
  importScript: (script: string) => Promise<First> = importText,
): () => Promise<Mount> {
  async function load(): Promise<Mount> {
    const { script, live, style } = await server.panel();
    const { run } = await importScript(script);
    const { mount } = await run<typeof Live>(live);
    addStyle(style);
    const details = once(async () => run<object>(await server.details()));
    return (element, transport, place) => mount(element, transport, { ...place, details });
  }

  return once(load);
}

/** The same promise for everybody, until one fails. */
function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let known: Promise<Value> | null = null;
  return () => {
    known ??= load().catch((error) => {
      known = null;
      throw error;
    });
    return known;
  };
}
