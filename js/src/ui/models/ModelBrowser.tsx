import { useMemo } from "preact/hooks";
import type { Command, Profile } from "../../protocol/protocol";
import { type LoadFields, loadCommand } from "../../store/loadCommand";
import type { Subject } from "../../store/pending";
import type { Store } from "../../store/store";
import { useStore } from "../controls/useStore";
import { ModelList } from "./ModelList";

interface Props {
  store: Store;
  /** Nobody at the other end could do what is asked. */
  inert: boolean;
}

/** What could be loaded, and what is on its way to the disk. */
export function ModelBrowser({ store, inert }: Props) {
  const { catalog, activity, used, pending, refusals } = useStore(store);
  const actions = useMemo(() => actionsFor(store), [store]);
  if (catalog === null) return null;
  return <ModelList {...{ catalog, activity, used, inert, pending, refusals, actions }} />;
}

/** What rows and forms call; the same functions for as long as the panel lives. */
function actionsFor(store: Store) {
  const onSend = (command: Command) => void store.send(command);
  return {
    onSend,
    onLoad: (asked: LoadFields) => onSend(loadCommand(asked, store.get().activity)),
    onAsk: ({ model_key, config, device, fit }: LoadFields) =>
      store.ask({
        kind: "estimate",
        model_key,
        config,
        ...(device == null ? {} : { device }),
        ...(fit == null ? {} : { fit }),
      }),
    onFind: (words: string) => store.ask({ kind: "find_downloads", words }),
    onSave: (profile: Profile) => onSend({ kind: "save_profile", profile }),
    onProfiles: () => store.ask({ kind: "list_profiles" }),
    onForgive: (subject: Subject) => store.forgive(subject),
  };
}
