import type { Activity, Instance, LinkDevice, Load } from "../protocol/protocol";

/** What is in memory on one machine: the host itself, or another one on its LM Link. */
export interface DeviceGroup<Row> {
  /** Its identifier; empty for the host itself. */
  device: string;
  /** What people call it; empty for the host itself. */
  name: string;
  /** It is not on the link now: what is shown of it is old. */
  away: boolean;
  rows: Row[];
  loads: Load[];
}

/**
 * Sort rows by the machine that they are on, the host's own first.
 *
 * A machine that has left the link is named also where nothing of it is shown any more.
 */
export function byDevice<Row>(
  rows: readonly Row[],
  instanceOf: (row: Row) => Instance,
  { lm_link, loads }: Pick<Activity, "lm_link" | "loads">,
): DeviceGroup<Row>[] {
  const peers = new Map(lm_link?.devices.map((peer) => [peer.device, peer]));
  const groups = new Map<string, DeviceGroup<Row>>();
  const groupOf = (device: string, name = "", peer: LinkDevice | undefined = peers.get(device)) => {
    const away = peer?.connected === false;
    const known = { device, name: peer?.name ?? name, away, rows: [], loads: [] };
    const group = groups.get(device) ?? known;
    groups.set(device, group);
    return group;
  };
  const here = groupOf("");
  for (const row of rows) {
    const { device, device_name } = instanceOf(row);
    groupOf(device ?? "", device_name ?? device ?? "").rows.push(row);
  }
  for (const load of loads) groupOf(load.device ?? "", load.device ?? "").loads.push(load);
  for (const peer of peers.values()) if (!peer.connected) groupOf(peer.device);
  const [, ...others] = groups.values();
  if (others.length > 0 && here.rows.length + here.loads.length === 0) return others;
  return [here, ...others];
}
