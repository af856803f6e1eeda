import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { Notification } from "@jupyterlab/apputils";
import { IConsoleTracker } from "@jupyterlab/console";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { ITranslator } from "@jupyterlab/translation";
import { Token } from "@lumino/coreutils";
import { attend } from "../../transport/attend";
import { offerKernelFallback } from "../../transport/offer";
import type { Usable } from "../../ui/controls/place";
import { codeFor, type OneClick } from "./code";
import { type Connection, createConnection } from "./connection";
import { kernelFallbackAt } from "./kernelFallback";
import { jupyterServer } from "./server";
import { type InsertWhat, type Preferences, readPreferences } from "./settings";
import { STAYS } from "./stays";
import { ENGLISH, type Strings } from "./strings";
import { addStyle } from "./style";
import { translationFor } from "./translation";
import { createWriting, type Writing } from "./writing";

/** The frame's style sheet; the build puts it here. */
declare const FRAME_CSS: string;

/** The settings of all plugins have the name of the first there was: users' own are kept by it. */
const SETTINGS_ID = "lms-jupyter:sidebar";

/** A place of the page where the models are shown. */
export interface ShownPanel {
  /** Whether somebody can see it now. */
  isSeen(): boolean;
  show(): void;
}

/** JupyterLab's own, for files and folders. */
const OPEN_PATH = "filebrowser:open-path";

/** What the plugins share: the models' host, what is set, and where somebody writes code. */
export interface ModelHub {
  readonly connection: Connection;
  readonly preferences: Preferences;
  readonly strings: Strings;
  readonly writing: Writing;
  /** Whoever shows the models adds itself; there is none where the sidebar is disabled. */
  readonly panels: Set<ShownPanel>;
  /** Bring the models into sight, where that is possible. */
  show(): void;
  /** How a model is loaded with one click. */
  oneClick(): OneClick;
  /** The code for a row, if it is still there. */
  code(what: Usable, as?: InsertWhat): string | null;
  insert(what: Usable, as?: InsertWhat): Promise<void>;
  /** The hosts to choose from. */
  hosts(): readonly string[];
  /** Show a folder in the file browser, if there is one. */
  openFolder(path: string): Promise<boolean>;
  /** Open a notebook. */
  openNotebook(path: string): void;
  mayStart(): boolean;
  startEngine(): Promise<void>;
}

export const IModelHub = new Token<ModelHub>("lms-jupyter:IModelHub");

type Parts = Pick<ModelHub, "connection" | "preferences" | "strings" | "writing"> & {
  commands: JupyterFrontEnd["commands"];
};

export function createHub(parts: Parts): ModelHub {
  const { commands, connection, preferences, strings, writing } = parts;
  const oneClick = () => {
    const { ttlMinutes, profile } = preferences.now;
    return { ttl_s: ttlMinutes > 0 ? ttlMinutes * 60 : null, config: profile };
  };
  const code = (what: Usable, as: InsertWhat = preferences.now.insertWhat) =>
    codeFor(what, as, connection.store.get(), oneClick());
  const panels = new Set<ShownPanel>();
  return {
    ...{ connection, preferences, strings, writing },
    panels,
    show() {
      for (const panel of panels) panel.show();
    },
    oneClick,
    code,
    async insert(what, as) {
      const text = code(what, as);
      if (text !== null && !(await writing.insert(text, preferences.now.insertWhere))) {
        Notification.info(strings.nowhere, { autoClose: 5000 });
      }
    },
    hosts() {
      const all = connection.known?.hosts ?? [];
      const shown = all.filter((host) => preferences.now.hosts.includes(host));
      return shown.length > 0 ? shown : all;
    },
    async openFolder(path) {
      if (!commands.hasCommand(OPEN_PATH)) return false;
      await commands.execute(OPEN_PATH, { path });
      return true;
    },
    openNotebook: (path) => void commands.execute("docmanager:open", { path }),
    mayStart: () =>
      connection.known?.discovers === true && connection.known.engine_missing.length === 0,
    async startEngine() {
      const problem = await connection.server.startEngine();
      if (problem) Notification.error(`${problem.title} ${problem.hint}`, STAYS);
      else Notification.info(strings.engineRuns, { autoClose: 3000 });
    },
  };
}

/** Have the host asked as often as it is set, and at all while the page is to be watched. */
function keepPace({ connection, preferences }: ModelHub): void {
  let leave: (() => void) | null = null;
  const lookAlways = () => {
    leave?.();
    const { line } = connection;
    leave = preferences.now.watch === "page" ? attend((look) => line.send(look), document) : null;
  };
  preferences.watch(({ rhythmSeconds }) => {
    connection.pace(rhythmSeconds);
    lookAlways();
  });
  // Another line knows nothing of who looks at this page.
  connection.onHost(lookAlways);
}

async function activate(
  app: JupyterFrontEnd,
  registry: ISettingRegistry | null,
  notebooks: INotebookTracker | null,
  consoles: IConsoleTracker | null,
  translator: ITranslator | null,
): Promise<ModelHub> {
  const translation = await translationFor(
    translator?.languageCode || document.documentElement.lang || "en",
  );
  addStyle(FRAME_CSS);
  const connection = createConnection(
    jupyterServer(app.serviceManager.serverSettings),
    app.restored,
  );
  offerKernelFallback(kernelFallbackAt(connection.server));
  const hub = createHub({
    commands: app.commands,
    connection,
    preferences: readPreferences(registry, SETTINGS_ID, translation?.settings ?? null),
    strings: translation?.strings ?? ENGLISH,
    writing: createWriting(app, notebooks, consoles),
  });
  keepPace(hub);
  return hub;
}

/** The plugin that all others but the still pictures need. */
export const hub: JupyterFrontEndPlugin<ModelHub> = {
  id: "lms-jupyter:hub",
  description: "Talks to the host of the models, for the other plugins.",
  autoStart: true,
  provides: IModelHub,
  optional: [ISettingRegistry, INotebookTracker, IConsoleTracker, ITranslator],
  activate,
};
