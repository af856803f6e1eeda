import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import type { LoadConfig } from "../protocol/protocol";
import type { Units } from "../ui/format";

export type Loudness = "off" | "quiet" | "popup";
export type InsertWhat = "line" | "python" | "cell";
export type InsertWhere = "below" | "above" | "cursor";

/** What can be set in JupyterLab's settings editor; `schema/sidebar.json` explains each. */
export interface Settings {
  side: "left" | "right";
  hosts: readonly string[];
  ttlMinutes: number;
  profile: LoadConfig;
  units: Units;
  watch: "sidebar" | "page";
  status: boolean;
  insertWhat: InsertWhat;
  insertWhere: InsertWhere;
  notices: { expiring?: Loudness; loaded?: Loudness; lost?: Loudness };
}

const DEFAULTS: Settings = {
  side: "left",
  hosts: [],
  ttlMinutes: 60,
  profile: {},
  units: "decimal",
  watch: "sidebar",
  status: true,
  insertWhat: "line",
  insertWhere: "below",
  notices: {},
};

/** The settings as they are now, and word when they change. */
export interface Preferences {
  readonly now: Settings;
  /** Call at once and with every change. */
  watch(listener: (settings: Settings) => void): void;
}

/** Read the settings; until they are there, and where there are none, the defaults hold. */
export function readPreferences(registry: ISettingRegistry | null, id: string): Preferences {
  const listeners = new Set<(settings: Settings) => void>();
  let now = DEFAULTS;
  const take = (settings: ISettingRegistry.ISettings) => {
    now = { ...DEFAULTS, ...(settings.composite as Partial<Settings>) };
    for (const listener of listeners) listener(now);
  };
  registry?.load(id).then(
    (settings) => {
      take(settings);
      settings.changed.connect(take);
    },
    // The schema is missing: somebody copied the script alone. The defaults do.
    () => {},
  );
  return {
    get now() {
      return now;
    },
    watch(listener) {
      listeners.add(listener);
      listener(now);
    },
  };
}
