import type { Command, Download, Problem } from "../../protocol/protocol";
import { downloadSubject, type Subject } from "../../store/pending";
import { Button } from "../controls/Button";
import { Icon } from "../controls/Icon";
import { memo } from "../controls/memo";
import { Name } from "../controls/Name";
import { Refusal } from "../controls/Refusal";
import { duration } from "../text/format";
import { useWords, type Words } from "../text/words";

interface Props {
  download: Download;
  inert: boolean;
  tabbable: boolean;
  /** A click on one of its buttons has not had its effect yet. */
  pending: boolean;
  refusal: Problem | undefined;
  onSend(command: Command): void;
  onForgive(subject: Subject): void;
}

/** A download: how far it is, how fast it goes, and the ways to stop it and to go on. */
export const DownloadRow = memo((props: Props) => {
  const { download, inert, tabbable, pending, refusal, onSend, onForgive } = props;
  const { download_id, downloaded_bytes, total_bytes, state, problem } = download;
  const words = useWords();
  const { strings } = words;
  const name = nameOf(download);
  const disabled = inert || pending;
  const tabIndex = tabbable ? 0 : -1;
  const cancel = () => onSend({ kind: "cancel_download", download_id });
  const resume = () => onSend({ kind: "resume_download", download_id });
  return (
    <li class="lms-Row" data-key={download_id}>
      <div class="lms-Row-line lms-LoadRow lms-DownloadRow" data-state={state}>
        <progress
          max={Math.max(1, total_bytes)}
          value={downloaded_bytes}
          aria-label={strings.downloadingNamed(name)}
        />
        <Name>{name}</Name>
        <span class="lms-Row-facts">{downloadFacts(download, words)}</span>
        <span class="lms-Row-actions">
          {state === "running" && download.can_pause && (
            <Button
              look="icon"
              label={strings.pauseNamed(name)}
              title={strings.pause}
              {...{ disabled, tabIndex }}
              stop
              onClick={() => onSend({ kind: "pause_download", download_id })}
            >
              <Icon name="pause" />
            </Button>
          )}
          {state === "paused" && (
            <Button
              look="icon"
              label={strings.resumeNamed(name)}
              title={strings.resume}
              {...{ disabled, tabIndex }}
              stop
              onClick={resume}
            >
              <Icon name="play" />
            </Button>
          )}
          {state === "failed" && (
            <Button
              look="icon"
              label={strings.tryDownload(name)}
              title={strings.retry}
              {...{ disabled, tabIndex }}
              stop
              onClick={resume}
            >
              <Icon name="refresh" />
            </Button>
          )}
          <Button
            look="icon"
            label={strings.cancelDownload(name)}
            title={strings.cancel}
            {...{ disabled, tabIndex }}
            stop
            onClick={cancel}
          >
            <Icon name="close" />
          </Button>
        </span>
      </div>
      {problem && <Refusal problem={problem} />}
      {refusal && (
        <Refusal problem={refusal} onDismiss={() => onForgive(downloadSubject(download_id))} />
      )}
    </li>
  );
});

function nameOf({ name, quantization }: Download): string {
  return quantization === null ? name : `${name}@${quantization.toLowerCase()}`;
}

/** "39 % · 310 of 804 MB · 21.5 MB/s · about 23 s left". */
export function downloadFacts(download: Download, { strings, format }: Words): string {
  const { downloaded_bytes, total_bytes, bytes_per_second, queue_position, state } = download;
  const parts = [];
  if (state !== "running") parts.push(strings[state]);
  else if (queue_position) parts.push(`${strings.waits} (${queue_position})`);
  else if (total_bytes > 0) parts.push(format.percent(downloaded_bytes / total_bytes));
  parts.push(strings.memoryOf(format.bytes(downloaded_bytes), format.bytes(total_bytes)));
  if (state === "running" && bytes_per_second > 0) {
    parts.push(strings.perSecond(format.bytes(bytes_per_second)));
    const left_s = (total_bytes - downloaded_bytes) / bytes_per_second;
    parts.push(strings.aboutLeft(duration(Math.max(1, left_s))));
  }
  return parts.join(" · ");
}
