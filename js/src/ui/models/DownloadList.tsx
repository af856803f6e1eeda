import type { Command, Download } from "../../protocol/protocol";
import { downloadSubject, type Subject } from "../../store/pending";
import type { State } from "../../store/store";
import { useRoving } from "../controls/useRoving";
import { DownloadRow } from "./DownloadRow";

interface Props {
  downloads: readonly Download[];
  inert: boolean;
  pending: State["pending"];
  refusals: State["refusals"];
  onSend(command: Command): void;
  onForgive(subject: Subject): void;
}

/** What is on its way to the disk, and what was stopped on its way. */
export function DownloadList({ downloads, inert, pending, refusals, onSend, onForgive }: Props) {
  const roving = useRoving(downloads.map(({ download_id }) => download_id));
  if (downloads.length === 0) return null;
  return (
    <ul class="lms-List" ref={roving.list} {...roving.handlers}>
      {downloads.map((download) => {
        const subject = downloadSubject(download.download_id);
        return (
          <DownloadRow
            key={download.download_id}
            download={download}
            inert={inert}
            tabbable={roving.active === download.download_id}
            pending={pending.has(subject)}
            refusal={refusals.get(subject)}
            onSend={onSend}
            onForgive={onForgive}
          />
        );
      })}
    </ul>
  );
}
