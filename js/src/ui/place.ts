import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Problem } from "../protocol/protocol";
import type { LoadRequest } from "./code";
import type { Units } from "./format";

/** What somebody wants to use where they write code. */
export interface Usable {
  kind: "instance" | "model";
  /** The identifier of the instance, or the key of the model. */
  name: string;
}

/** What it takes to start an engine where there is no host. */
export interface EngineOffer {
  /** Packages that have to be installed first. */
  missing: readonly string[];
  /** Answers why not, or nothing if it runs. */
  start(): Promise<Problem | null>;
}

/** What the place that the panel is in can do beyond it. */
export interface Place {
  /** Put code for it where the user writes. */
  use?(what: Usable): void;
  /** Whether an engine may be started from here, as far as is known by now. */
  engine?(): EngineOffer | null;
  /** How a model is loaded with one click. */
  oneClick?(): Pick<LoadRequest, "ttl_s" | "config">;
  /** 1000 or 1024 to the next unit. */
  units?: Units;
}

export const PlaceContext = createContext<Place>({});

export function usePlace(): Place {
  return useContext(PlaceContext);
}
