import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette, Notification } from "@jupyterlab/apputils";
import { IConsoleTracker } from "@jupyterlab/console";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { IStatusBar } from "@jupyterlab/statusbar";
import { attend } from "../transport/attend";
import { offerStandIn } from "../transport/offer";
import { formatFor } from "../ui/format";
import type { Usable } from "../ui/place";
import { codeFor } from "./labCode";
import { addCommands } from "./labCommands";
import { createDesk } from "./labDesk";
import { makeDraggable, usableAt } from "./labDrag";
import { tellNotices } from "./labNotices";
import { jupyterServer } from "./labServer";
import { type InsertWhat, readPreferences } from "./labSettings";
import { Sidebar } from "./labSidebar";
import { standInAt } from "./labStandIn";
import { StatusLine } from "./labStatus";
import { STRINGS } from "./labStrings";
import { addTutorials } from "./labTutorials";
import { createWriting, together } from "./labWriting";

const ID = "lms-jupyter:sidebar";
const RANK = 600;

const sidebar: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "Shows the models in memory in a side area, and loads and unloads them.",
  autoStart: true,
  optional: [
    ILayoutRestorer,
    ICommandPalette,
    ILauncher,
    IStatusBar,
    ISettingRegistry,
    INotebookTracker,
    IConsoleTracker,
  ],
  activate,
};

function activate(
  app: JupyterFrontEnd,
  restorer: ILayoutRestorer | null,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
  statusBar: IStatusBar | null,
  registry: ISettingRegistry | null,
  notebooks: INotebookTracker | null,
  consoles: IConsoleTracker | null,
): void {
  const desk = createDesk(jupyterServer(app.serviceManager.serverSettings));
  offerStandIn(standInAt(desk.server));
  const preferences = readPreferences(registry, ID);
  const writing = createWriting(app, notebooks, consoles);

  const oneClick = () => {
    const { ttlMinutes, profile } = preferences.now;
    return { ttl_s: ttlMinutes > 0 ? ttlMinutes * 60 : null, config: profile };
  };
  const code = (what: Usable, as: InsertWhat = preferences.now.insertWhat) =>
    codeFor(what, as, desk.store.get(), oneClick());
  const insert = async (what: Usable, as?: InsertWhat) => {
    const text = code(what, as);
    if (text !== null && !(await writing.insert(text, preferences.now.insertWhere))) {
      Notification.info(STRINGS.nowhere, { autoClose: 5000 });
    }
  };
  const hosts = () => {
    const all = desk.known?.hosts ?? [];
    const shown = all.filter((host) => preferences.now.hosts.includes(host));
    return shown.length > 0 ? shown : all;
  };
  const place = () => ({
    use: (what: Usable) => void insert(what),
    engine: () =>
      desk.known?.discovers
        ? { missing: desk.known.engine_missing, start: desk.server.startEngine }
        : null,
    oneClick,
    units: preferences.now.units,
  });

  const panel = new Sidebar(desk, place, hosts);
  const show = () => app.shell.activateById(panel.id);
  restorer?.add(panel, panel.id);
  let knowsMagics = false;
  panel.node.addEventListener("pointerdown", () => {
    void writing.knowsMagics().then((knows) => {
      knowsMagics = knows;
    });
  });
  makeDraggable(panel.node, (what) => {
    const text = code(what);
    return text === null ? [] : together(text, knowsMagics);
  });

  addCommands(app, {
    desk,
    palette,
    show,
    insert,
    oneClick,
    hosts,
    underMenu: () => {
      const hit = app.contextMenuHitTest((node) => usableAt(node) !== null);
      return usableAt(hit ?? null);
    },
    startEngine: async () => {
      const problem = await desk.server.startEngine();
      if (problem) Notification.error(`${problem.title} ${problem.hint}`);
      else Notification.info(STRINGS.engineRuns, { autoClose: 3000 });
    },
  });
  addMenu(app);
  launcher?.add({ command: "lms:open", category: "Other", rank: 99 });
  addTutorials(app, launcher, palette);

  const format = () => formatFor(document.documentElement.lang || "en", preferences.now.units);
  const status = new StatusLine(desk, format(), STRINGS, show);
  tellNotices({
    desk,
    preferences,
    strings: STRINGS,
    isSeen: () => panel.isSeen,
    openNotebooks: writing.openNotebooks,
    actions: {
      show,
      use: (identifier) => void insert({ kind: "instance", name: identifier }),
      keep: ({ identifier, ttl_s }) => void desk.store.send({ kind: "set_ttl", identifier, ttl_s }),
    },
  });

  let side: string | null = null;
  let registered: { dispose(): void } | null = null;
  let leave: (() => void) | null = null;
  preferences.watch((settings) => {
    if (side !== settings.side) {
      const wasOpen = side !== null && panel.isVisible;
      side = settings.side;
      app.shell.add(panel, side, { rank: RANK });
      if (wasOpen) show();
    }
    if (settings.status && registered === null) {
      registered =
        statusBar?.registerStatusItem("lms-jupyter:status", {
          item: status,
          align: "left",
          rank: 90,
        }) ?? null;
    } else if (!settings.status) {
      registered?.dispose();
      registered = null;
    }
    status.format = format();
    if (settings.watch === "page") leave ??= attend((look) => desk.line.send(look), document);
    else {
      leave?.();
      leave = null;
    }
    panel.refresh();
  });
}

/** What a click with the right button on a row offers. */
function addMenu(app: JupyterFrontEnd): void {
  const items: [string, string, string][] = [
    ["lms:load", STRINGS.load.replace(" a model…", ""), ".lms-Sidebar .lms-ModelRow"],
    ["lms:unload", "Unload", ".lms-Sidebar .lms-InstanceRow"],
  ];
  items.forEach(([command, label, selector], rank) => {
    app.contextMenu.addItem({ command, args: { menu: true, label }, selector, rank });
  });
  const selector = ".lms-Sidebar .lms-Row-line";
  for (const [rank, command] of [
    "lms:insert-line",
    "lms:insert-python",
    "lms:insert-cell",
    "lms:copy-name",
  ].entries()) {
    app.contextMenu.addItem({ command, args: { menu: true }, selector, rank: 10 + rank });
  }
}

export default sidebar;
