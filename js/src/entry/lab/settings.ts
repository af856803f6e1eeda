import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import type { LoadConfig } from "../../protocol/protocol";
import type { Units } from "../../ui/text/format";
import type { SettingTexts } from "./strings";

export type Loudness = "off" | "quiet" | "popup";
export type InsertWhat = "line" | "python" | "cell";
export type InsertWhere = "below" | "above" | "cursor";

/** What can be set in JupyterLab's settings editor; `schema/sidebar.json` explains each. */
export interface Settings {
  side: "left" | "right";
  hosts: readonly string[];
  ttlMinutes: number;
  profile: LoadConfig;
  loadOnOpening: boolean;
  units: Units;
  watch: "sidebar" | "page";
  rhythmSeconds: number;
  status: boolean;
  insertWhat: InsertWhat;
  insertWhere: InsertWhere;
  notices: { expiring?: Loudness; loaded?: Loudness; lost?: Loudness };
  noticeSeconds: number;
}

const DEFAULTS: Settings = {
  side: "left",
  hosts: [],
  ttlMinutes: 60,
  profile: {},
  loadOnOpening: false,
  units: "decimal",
  watch: "sidebar",
  rhythmSeconds: 1,
  status: true,
  insertWhat: "line",
  insertWhere: "below",
  notices: {},
  noticeSeconds: 60,
};

/** The settings as they are now, and word when they change. */
export interface Preferences {
  readonly now: Settings;
  /** Call at once and with every change. */
  watch(listener: (settings: Settings) => void): void;
}

/** Read the settings; until they are there, and where there are none, the defaults hold. */
export function readPreferences(
  registry: ISettingRegistry | null,
  id: string,
  texts: SettingTexts | null,
): Preferences {
  const listeners = new Set<(settings: Settings) => void>();
  let now = DEFAULTS;
  const take = (settings: ISettingRegistry.ISettings) => {
    now = { ...DEFAULTS, ...(settings.composite as Partial<Settings>) };
    for (const listener of listeners) listener(now);
  };
  // The schema says that somebody has a word in it: JupyterLab waits for this.
  registry?.transform(id, {
    fetch: (plugin) =>
      texts === null ? plugin : { ...plugin, schema: translated(plugin.schema, texts) },
  });
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

/** The schema with what people read of it in their language. */
export function translated<Schema extends object>(schema: Schema, texts: SettingTexts): Schema {
  const into = (node: object, path: string): object => {
    const { choices, ...said } = texts[path] ?? {};
    const copy: Record<string, unknown> = { ...node, ...said };
    if (choices && copy.oneOf) {
      copy.oneOf = (copy.oneOf as { const: string; title: string }[]).map((choice) => ({
        ...choice,
        title: choices[choice.const] ?? choice.title,
      }));
    }
    if (copy.properties) {
      copy.properties = Object.fromEntries(
        Object.entries(copy.properties as Record<string, object>).map(([name, property]) => [
          name,
          into(property, path === "" ? name : `${path}.${name}`),
        ]),
      );
    }
    if (copy.items) copy.items = into(copy.items, `${path}.items`);
    return copy;
  };
  return into(schema, "") as Schema;
}
