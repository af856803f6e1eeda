import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { Menu } from "@lumino/widgets";
import type { Place } from "../../ui/controls/place";
import { addCommands } from "./addCommands";
import { keepFromPalette } from "./cursor";
import { makeDraggable } from "./drag";
import { Sidebar } from "./frame";
import { IModelHub, type ModelHub } from "./hub";
import { icon } from "./icon";
import { together } from "./writing";

const RANK = 600;

/** The name of a file, as the panel calls notebooks; the server may be on any system. */
const baseName = (path: string) =>
  path.slice(Math.max(...["/", "\\"].map((c) => path.lastIndexOf(c))) + 1);

/** What the panel may ask of the page that it stands on. */
function placeOn({
  connection,
  openNotebook,
  preferences,
  insert,
  oneClick,
  writing,
}: ModelHub): Place {
  return {
    surface: "sidebar",
    use: (what) => void insert(what),
    write: (code) => void writing.insert(code, preferences.now.insertWhere),
    async notebooks(instance) {
      const claims = await connection.server.claims(connection.host);
      return claims.flatMap(({ instance_reference, notebook, path }) =>
        instance_reference === instance && notebook && path
          ? [{ name: baseName(notebook), open: () => openNotebook(path) }]
          : [],
      );
    },
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

/** What the sidebar's menu offers; commands that do not apply are greyed. */
const MENU = ["add-host", "rename-host", "remove-host", "assist", "open-folder"];

/** Return what opens the menu of hosts, unless the plugin with the commands is disabled. */
function menuOf({ commands }: JupyterFrontEnd) {
  let menu: Menu | null = null;
  const open = (x: number, y: number) => {
    if (menu === null) {
      menu = new Menu({ commands });
      for (const id of MENU) menu.addItem({ command: `lms:${id}`, args: { menu: true } });
    }
    menu.open(x, y);
  };
  return () => (commands.hasCommand("lms:add-host") ? open : null);
}

function activate(
  app: JupyterFrontEnd,
  hub: ModelHub,
  restorer: ILayoutRestorer | null,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
): void {
  const { strings } = hub;
  const panel = new Sidebar(hub.connection, strings, () => placeOn(hub), hub.hosts, menuOf(app));
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
