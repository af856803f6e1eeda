import type { Instance } from "../protocol/protocol";

type Named = Pick<Instance, "identifier" | "instance_reference">;

/** How a command names an instance: several devices of an LM Link may have one of that name. */
export function exactly({ identifier, instance_reference }: Named): Named {
  return { identifier, instance_reference };
}

/** A name with the device that tells it from another, for a sentence or a label. */
export function withDevice(name: string, device: string | null): string {
  return device ? `${name} (${device})` : name;
}

/** What to call an instance where no other stands beside it. */
export function called({ identifier, device, device_name }: Instance): string {
  return withDevice(identifier, device_name ?? device);
}
