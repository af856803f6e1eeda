import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import type { Place } from "../../ui/controls/place";
import { addCommands } from "./addCommands";
import { keepFromPalette } from "./cursor";
import { makeDraggable } from "./drag";
import { Sidebar } from "./frame";
import { IModelHub, type ModelHub } from "./hub";
import { icon } from "./icon";
import { together } from "./writing";

const RANK = 600;

/** What the panel may ask of the page that it stands on. */
function placeOn({ connection, preferences, insert, oneClick, writing }: ModelHub): Place {
  return {
    surface: "sidebar",
    use: (what) => void insert(what),
    write: (code) => void writing.insert(code, preferences.now.insertWhere),
    try: connection.server.tryPrompt(connection.host),
    engine: () =>
      connection.known?.discovers
        ? { missing: connection.known.engine_missing, start: connection.server.startEngine }
        : null,
    oneClick,
    units: preferences.now.units,
  };
}

/** Let rows be dragged into a notebook, as the cells that use what they show. */
function letRowsBeDragged({ node }: Sidebar, { code, writing }: ModelHub): void {
  let knowsMagics = false;
  node.addEventListener("pointerdown", () => {
    void writing.knowsMagics().then((knows) => {
      knowsMagics = knows;
    });
  });
  makeDraggable(node, (what) => {
    const text = code(what);
    return text === null ? [] : together(text, knowsMagics);
  });
}

/** Put the sidebar on the side that is set, and draw it again when something is set anew. */
function followSettings(
  app: JupyterFrontEnd,
  panel: Sidebar,
  { preferences }: ModelHub,
  show: () => void,
): void {
  const put = () => {
    const { side } = preferences.now;
    if ([...app.shell.widgets(side)].includes(panel)) return;
    const wasOpen = panel.isVisible;
    app.shell.add(panel, side, { rank: RANK });
    if (wasOpen) show();
  };
  let known: string | null = null;
  preferences.watch(({ side }) => {
    // JupyterLab can move it too: only another setting moves it back.
    if (known !== side) put();
    known = side;
    panel.refresh();
  });
  // The layout that comes back may be from before somebody chose another side than the usual.
  void app.restored.then(() => preferences.now.side !== "left" && put());
}

function activate(
  app: JupyterFrontEnd,
  hub: ModelHub,
  restorer: ILayoutRestorer | null,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
): void {
  const { strings } = hub;
  const panel = new Sidebar(hub.connection, strings, () => placeOn(hub), hub.hosts);
  const show = () => {
    keepFromPalette(panel.node);
    app.shell.activateById(panel.id);
  };
  const find = () => {
    show();
    panel.find();
  };
  hub.panels.add({ isSeen: () => panel.isSeen, show });
  restorer?.add(panel, panel.id);
  letRowsBeDragged(panel, hub);
  addCommands(app, palette, strings, [
    { id: "open", label: strings.open, run: show, icon, caption: strings.title },
    { id: "find", label: strings.find, run: find },
  ]);
  launcher?.add({
    command: "lms:open",
    category: "Other",
    rank: 99,
    args: { label: strings.title },
  });
  followSettings(app, panel, hub, show);
}

export const sidebar: JupyterFrontEndPlugin<void> = {
  id: "lms-jupyter:sidebar",
  description: "Shows the models in memory in a side area, and loads and unloads them.",
  autoStart: true,
  requires: [IModelHub],
  optional: [ILayoutRestorer, ICommandPalette, ILauncher],
  activate,
};
