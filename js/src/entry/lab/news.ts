import type { Activity, Instance } from "../../protocol/protocol";
import { countdown } from "../../store/select";

/** What counts down, and how long it has left. */
export interface Leaving {
  instance: Instance;
  left_s: number;
}

/**
 * The instances that leave by themselves, and that live long enough to be warned of.
 *
 * One that lives for hardly more than the warning is always about to leave: that is no news.
 */
export function leaving({ instances }: Activity, now: number, soon_s: number): Leaving[] {
  return instances.flatMap((instance) => {
    const left = countdown(instance, now);
    const lives = (instance.ttl_s ?? 0) >= 2 * soon_s;
    return left.kind === "counting" && lives ? [{ instance, left_s: left.left_s }] : [];
  });
}

/** The instances that are not known yet. */
export function arrivals(known: ReadonlySet<string>, { instances }: Activity): Instance[] {
  return instances.filter((instance) => !known.has(instance.instance_reference));
}

/** A kernel's claim on an instance, as the Jupyter Server tells it. */
export interface Claim {
  instance_reference: string;
  notebook?: string | null;
  /** Where the file browser has the notebook, if it does. */
  path?: string | null;
  kernel_id: string;
}

/** Whether one of these kernels uses the instance. */
export function isUsedBy(
  { instance_reference }: Instance,
  claims: readonly Claim[],
  kernels: ReadonlySet<string>,
): boolean {
  return claims.some(
    (claim) => claim.instance_reference === instance_reference && kernels.has(claim.kernel_id),
  );
}
