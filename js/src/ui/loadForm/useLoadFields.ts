import { useState } from "preact/hooks";
import type { LoadConfig, Model } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import type { GpuSplit } from "./settings";

/** Set one setting; `null` leaves it to the host. */
export type SetSetting = <Name extends keyof LoadConfig>(
  name: Name,
  value: LoadConfig[Name],
) => void;

/** What the form says of a load, and the two ways to change it. */
export function useLoadFields({ model_key }: Model) {
  const [request, setRequest] = useState<LoadFields>({
    model_key,
    identifier: null,
    ttl_s: 3600,
    config: {},
  });
  const change = (part: Partial<LoadFields>) => setRequest({ ...request, ...part });
  const set: SetSetting = (name, value) => {
    const { [name]: _, ...others } = request.config;
    change({ config: value === null ? others : { ...others, [name]: value } });
  };
  /** Set several at once; `null` leaves one to the host. */
  const split = (part: GpuSplit) => {
    const config = Object.entries({ ...request.config, ...part });
    change({ config: Object.fromEntries(config.filter(([, value]) => value !== null)) });
  };
  return { request, change, set, split };
}
