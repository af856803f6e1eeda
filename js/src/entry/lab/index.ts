import {
  ILabShell,
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
import { ITranslator } from "@jupyterlab/translation";
import { exactly } from "../../store/named";
import { attend } from "../../transport/attend";
import { offerStandIn } from "../../transport/offer";
import type { Usable } from "../../ui/controls/place";
import { formatFor } from "../../ui/text/format";
import { codeFor } from "./code";
import { addCommands } from "./commands";
import { keepFromPalette } from "./cursor";
import { createDesk } from "./desk";
import { makeDraggable, usableAt } from "./drag";
import { tellNotices } from "./notices";
import { jupyterServer } from "./server";
import { type InsertWhat, readPreferences } from "./settings";
import { Sidebar } from "./sidebar";
import { standInAt } from "./standIn";
import { StatusLine } from "./status";
import { still } from "./still";
import { ENGLISH, type Strings } from "./strings";
import { addStyle } from "./style";
import { translationFor } from "./translation";
import { addTutorials } from "./tutorials";
import { createWriting, together } from "./writing";

/** The frame's style sheet; the build puts it here. */
declare const FRAME_CSS: string;

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
    ITranslator,
    ILabShell,
  ],
  activate,
};

async function activate(
  app: JupyterFrontEnd,
  restorer: ILayoutRestorer | null,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
  statusBar: IStatusBar | null,
  registry: ISettingRegistry | null,
  notebooks: INotebookTracker | null,
  consoles: IConsoleTracker | null,
  translator: ITranslator | null,
  labShell: ILabShell | null,
): Promise<void> {
  const translation = await translationFor(
    translator?.languageCode || document.documentElement.lang || "en",
  );
  const strings = translation?.strings ?? ENGLISH;
  addStyle(FRAME_CSS);
  const desk = createDesk(jupyterServer(app.serviceManager.serverSettings), app.restored);
  offerStandIn(standInAt(desk.server));
  const preferences = readPreferences(registry, ID, translation?.settings ?? null);
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
      Notification.info(strings.nowhere, { autoClose: 5000 });
    }
  };
  const hosts = () => {
    const all = desk.known?.hosts ?? [];
    const shown = all.filter((host) => preferences.now.hosts.includes(host));
    return shown.length > 0 ? shown : all;
  };
  const place = () => ({
    surface: "sidebar" as const,
    use: (what: Usable) => void insert(what),
    engine: () =>
      desk.known?.discovers
        ? { missing: desk.known.engine_missing, start: desk.server.startEngine }
        : null,
    oneClick,
    units: preferences.now.units,
  });

  const panel = new Sidebar(desk, strings, place, hosts);
  const show = () => {
    keepFromPalette(panel.node);
    app.shell.activateById(panel.id);
  };
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

  const startEngine = async () => {
    const problem = await desk.server.startEngine();
    if (problem) Notification.error(`${problem.title} ${problem.hint}`);
    else Notification.info(strings.engineRuns, { autoClose: 3000 });
  };
  const mayStart = () => desk.known?.discovers === true && desk.known.engine_missing.length === 0;

  addCommands(app, {
    desk,
    strings,
    palette,
    show,
    find: () => {
      show();
      panel.find();
    },
    // Notebook 7 opens each document in a page of its own.
    mayWrite: () => writing.isThere || labShell !== null,
    code,
    insert,
    oneClick,
    hosts,
    underMenu: () => {
      const hit = app.contextMenuHitTest((node) => usableAt(node) !== null);
      return usableAt(hit ?? null);
    },
    startEngine,
    mayStart,
  });
  addMenu(app, strings);
  launcher?.add({
    command: "lms:open",
    category: "Other",
    rank: 99,
    args: { label: strings.title },
  });
  addTutorials(app, launcher, palette, strings);

  const format = () => formatFor(document.documentElement.lang || "en", preferences.now.units);
  const status = new StatusLine(desk, format(), strings, show);
  tellNotices({
    desk,
    preferences,
    strings,
    isSeen: () => panel.isSeen,
    inSight: writing.inSight,
    openKernels: writing.openKernels,
    actions: () => ({
      show,
      use: (identifier) => void insert({ kind: "instance", name: identifier }),
      keep: (instance) =>
        void desk.store.send({ kind: "set_ttl", ...exactly(instance), ttl_s: instance.ttl_s }),
      startEngine: mayStart() ? () => void startEngine() : null,
    }),
  });

  const put = () => {
    const { side } = preferences.now;
    if ([...app.shell.widgets(side)].includes(panel)) return;
    const wasOpen = panel.isVisible;
    app.shell.add(panel, side, { rank: RANK });
    if (wasOpen) show();
  };
  let registered: { dispose(): void } | null = null;
  let leave: (() => void) | null = null;
  const lookAlways = () => {
    leave?.();
    const { line } = desk;
    leave = preferences.now.watch === "page" ? attend((look) => line.send(look), document) : null;
  };
  let side: string | null = null;
  preferences.watch((settings) => {
    // JupyterLab can move it too: only another setting moves it back.
    if (side !== settings.side) put();
    side = settings.side;
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
    desk.pace(settings.rhythmSeconds);
    lookAlways();
    panel.refresh();
  });
  // The layout that comes back may be from before somebody chose another side than the usual.
  void app.restored.then(() => preferences.now.side !== "left" && put());
  // Another line knows nothing of who looks at this page.
  desk.onHost(lookAlways);
}

/** What a click with the right button on a row offers. */
function addMenu(app: JupyterFrontEnd, strings: Strings): void {
  const add = (command: string, selector: string, rank: number, label?: string) => {
    const args = { menu: true, ...(label && { label }) };
    app.contextMenu.addItem({ command, args, selector, rank });
  };
  add("lms:load", ".lms-Sidebar .lms-ModelRow", 0, strings.loadThis);
  add("lms:unload", ".lms-Sidebar .lms-InstanceRow", 1, strings.unloadThis);
  for (const [rank, command] of ["insert-line", "insert-python", "insert-cell"].entries()) {
    add(`lms:${command}`, ".lms-Sidebar .lms-Row-line", 10 + rank);
  }
  add("lms:copy-name", ".lms-Sidebar .lms-InstanceRow", 20);
  add("lms:copy-name", ".lms-Sidebar .lms-ModelRow", 20, strings.copyKey);
}

export default [still, sidebar];
