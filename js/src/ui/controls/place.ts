import { createContext } from "preact";
import { useCallback, useContext, useLayoutEffect, useReducer } from "preact/hooks";
import type { Instance, Problem } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import type { Try } from "../../store/trial";
import type { Units } from "../text/format";

/** What somebody wants to use where they write code. */
export interface Usable {
  kind: "instance" | "model";
  /** The identifier of the instance, or the key of the model. */
  name: string;
  /** Which instance of that name, where it is a row that is meant. */
  reference?: string;
}

/** What it takes to start an engine where there is no host. */
export interface EngineOffer {
  /** Packages that have to be installed first. */
  missing: readonly string[];
  /** Answers why not, or nothing if it runs. */
  start(): Promise<Problem | null>;
}

/** Which instance is chosen, where somebody beyond the panel wants to know or to say it. */
export interface Selection {
  /** Its identifier, and the device that it is on; no device for the host's own. */
  get(): readonly [identifier: string | null, device: string | null];
  set(identifier: string, device: string | null): void;
  /** Tell when it is another one, until the returned function is called. */
  watch(listener: () => void): () => void;
}

/** A notebook that can be opened from here. */
export interface NotebookLink {
  name: string;
  open(): void;
}

/** What the place that the panel is in can do beyond it. */
export interface Place {
  /** Where it is, for words that fit: a notebook's cell unless it says otherwise. */
  surface?: "sidebar";
  /** Put code for it where the user writes. */
  use?(what: Usable): void;
  /** Put code as it is where the user writes. */
  write?(code: string): void;
  /** The notebooks that use an instance of this host, by its reference, as far as they can be opened. */
  notebooks?(reference: string): Promise<readonly NotebookLink[]>;
  /** Try a prompt with an instance of this host. */
  try?: Try;
  /** Whether an engine may be started from here, as far as is known by now. */
  engine?(): EngineOffer | null;
  selection?: Selection;
  /** How a model is loaded with one click. */
  oneClick?(): Pick<LoadFields, "ttl_s" | "config">;
  /** Brings what opens in a panel: components by their names. The same again once it is here. */
  details?(): Promise<object>;
  /** 1000 or 1024 to the next unit. */
  units?: Units;
}

export const PlaceContext = createContext<Place>({});

export function usePlace(): Place {
  return useContext(PlaceContext);
}

/**
 * The reference of the instance that is chosen, and how to choose another; nothing where nobody asks.
 *
 * Of several that share its identifier, each on a device of its own, it is the one on that device.
 */
export function useSelection(
  instances: readonly Instance[],
): [string | undefined, (instance: Instance) => void] {
  const { selection } = usePlace();
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0);
  useLayoutEffect(() => selection?.watch(() => redraw(undefined)), [selection]);
  const [name, place] = selection?.get() ?? [];
  const named = instances.filter(({ identifier }) => identifier === name);
  const chosen = named.find(({ device }) => device === place) ?? named[0];
  const select = useCallback(
    (instance: Instance) => {
      selection?.set(instance.identifier, instance.device);
      redraw(undefined);
    },
    [selection],
  );
  return [chosen?.instance_reference, select];
}
