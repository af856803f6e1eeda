import type { DiaryRequest, Instance, SettingOrigin } from "../../protocol/protocol";
import { quiet } from "../controls/Button";
import { FactList } from "../controls/FactList";
import { useDiary } from "../controls/useDiary";
import { type DetailWords, useDetailWords } from "../text/detailWords";

/** The last requests of an instance, and its settings with where each comes from. */
export function InstanceHistory({ instance }: { instance: Instance }) {
  const words = useDetailWords();
  const { instance_reference, status, idle_since, ttl_s } = instance;
  // A request has ended when it is idle again.
  const anew = `${instance_reference} ${status === "idle"} ${idle_since} ${ttl_s}`;
  const diary = useDiary({ since: 0, instance_reference }, anew);
  if (diary === null) return null;
  const { strings } = words;
  return (
    <>
      {diary.requests.length > 0 && (
        <details class="lms-History">
          <summary {...quiet}>{strings.lastRequests(diary.requests.length)}</summary>
          <ol>
            {diary.requests.map((request) => (
              <li key={request.at}>{lineOf(request, words)}</li>
            ))}
          </ol>
        </details>
      )}
      {diary.settings.length > 0 && (
        <details class="lms-History">
          <summary {...quiet}>{strings.effective}</summary>
          <FactList facts={diary.settings.map((setting) => factOf(setting, words))} />
        </details>
      )}
    </>
  );
}

/** "14:32 · train.ipynb · 345 → 67 tokens · 46 tok/s · 3.4 s · complete". */
function lineOf(request: DiaryRequest, { strings, format }: DetailWords): string {
  const { client, prompt_tokens, predicted_tokens, tokens_per_second, ending, text } = request;
  const parts = [
    format.moment(request.at),
    client.split("/").at(-1),
    strings.readWritten(format.integer(prompt_tokens), format.integer(predicted_tokens)),
    tokens_per_second && strings.speed(format.integer(tokens_per_second)),
    `${request.seconds.toFixed(1)} s`,
    strings.endings[ending] ?? ending,
    text,
  ];
  return parts.filter(Boolean).join(" · ");
}

function factOf({ setting, value, origin, source }: SettingOrigin, { strings }: DetailWords) {
  const label = (strings.settings as Record<string, string>)[setting] ?? setting;
  const from = source || strings.origins[origin];
  return [label, from ? `${value} (${from})` : value] as const;
}
