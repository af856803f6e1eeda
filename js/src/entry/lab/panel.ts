import { importText } from "../importText";
import type * as Live from "../widget/live";
import type { Server } from "./server";
import { addStyle } from "./style";

export type Mount = typeof Live.mount;

/** What the first part of the panel offers beside the widget. */
interface First {
  run(script: string): Promise<typeof Live>;
}

/** The panel of the notebook cells, from the Jupyter Server: loaded once, or else tried again. */
export function panelOf(
  server: Pick<Server, "panel">,
  importScript: (script: string) => Promise<First> = importText,
): () => Promise<Mount> {
  let known: Promise<Mount> | null = null;

  async function load(): Promise<Mount> {
    const { script, live, style } = await server.panel();
    const { mount } = await (await importScript(script)).run(live);
    addStyle(style);
    return mount;
  }

  return () => {
    known ??= load().catch((error) => {
      known = null;
      throw error;
    });
    return known;
  };
}
