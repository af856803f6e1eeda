import type { Instance } from "../../protocol/protocol";
import { InstanceLine } from "./InstanceLine";

/** An instance that is gone: its row stays for as long as nothing may move, then collapses. */
export function GoneRow({ instance, device }: { instance: Instance; device: string | null }) {
  return (
    <li class="lms-Row lms-GoneRow" aria-hidden="true">
      <InstanceLine instance={instance} device={device} now={() => 0} stale>
        <span class="lms-Row-actions" />
      </InstanceLine>
    </li>
  );
}
