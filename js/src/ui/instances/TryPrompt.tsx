import { useEffect, useRef, useState } from "preact/hooks";
import type { Instance } from "../../protocol/protocol";
import type { Trial, TrialPart, TrialStats, Try } from "../../store/trial";
import { Button, quiet } from "../controls/Button";
import { usePlace } from "../controls/place";
import { cellOf } from "../text/code";
import { type DetailWords, useDetailWords } from "../text/detailWords";

/** What has come of an answer so far. */
interface Answer {
  text: string;
  thought: string;
  stats: TrialStats | null;
  problem: string;
  runs: boolean;
}

const NOTHING: Answer = { text: "", thought: "", stats: null, problem: "", runs: false };

function grown(answer: Answer, part: TrialPart): Answer {
  return {
    text: answer.text + (part.text ?? ""),
    thought: answer.thought + (part.thought ?? ""),
    stats: part.stats ?? answer.stats,
    problem: part.problem ? `${part.problem.title} ${part.problem.hint}` : answer.problem,
    runs: answer.runs && !part.ended,
  };
}

/** Take an answer as it comes: drawn once a frame, however fast the pieces are. */
function useAnswer(ask: Try) {
  const [answer, setAnswer] = useState(NOTHING);
  const stop = useRef<(() => void) | null>(null);
  const latest = useRef(NOTHING);
  const frame = useRef(0);
  const draw = () => {
    frame.current = 0;
    setAnswer(latest.current);
  };
  const end = () => {
    stop.current?.();
    stop.current = null;
    latest.current = { ...latest.current, runs: false };
    draw();
  };
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      stop.current?.();
    },
    [],
  );
  const begin = (trial: Trial) => {
    stop.current?.();
    latest.current = { ...NOTHING, runs: true };
    draw();
    let isMine = true;
    const leave = ask(trial, (part) => {
      if (!isMine) return;
      latest.current = grown(latest.current, part);
      frame.current ||= requestAnimationFrame(draw);
    });
    stop.current = () => {
      isMine = false;
      leave();
    };
  };
  return { answer, begin, end };
}

/** A bench to check a model with: a prompt, its answer as it comes, and the cell that does the same. */
export function TryPrompt({ instance, inert }: { instance: Instance; inert: boolean }) {
  const { try: ask } = usePlace();
  return ask && instance.kind === "llm" ? <Bench {...{ instance, inert, ask }} /> : null;
}

function Bench({ instance, inert, ask }: { instance: Instance; inert: boolean; ask: Try }) {
  const words = useDetailWords();
  const { strings } = words;
  const { write } = usePlace();
  const { identifier, instance_reference } = instance;
  const [prompt, setPrompt] = useState("");
  const [system, setSystem] = useState("");
  const [temperature, setTemperature] = useState("");
  const [tokens, setTokens] = useState("");
  const { answer, begin, end } = useAnswer(ask);
  const trial: Trial = {
    ...{ identifier, instance_reference, prompt },
    system: system.trim() || null,
    temperature: numberIn(temperature),
    max_tokens: numberIn(tokens),
  };
  const isEmpty = prompt.trim() === "";
  const send = () => !isEmpty && !inert && begin(trial);
  return (
    <form
      class="lms-Try"
      aria-label={strings.tryPrompt}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
      }}
    >
      <Text label={strings.prompt} value={prompt} rows={3} onValue={setPrompt} />
      <Text label={strings.systemPrompt} value={system} rows={1} onValue={setSystem} />
      <div class="lms-Try-row">
        <Figure
          label={strings.temperature}
          value={temperature}
          step="0.1"
          onValue={setTemperature}
        />
        <Figure label={strings.maxTokens} value={tokens} step="1" onValue={setTokens} />
        {answer.runs ? (
          <Button onClick={end}>{strings.stop}</Button>
        ) : (
          <Button look="accent" disabled={isEmpty || inert} onClick={send}>
            {strings.send}
          </Button>
        )}
        {write && (
          <Button disabled={isEmpty} onClick={() => write(cellOf(trial))}>
            {strings.toCell}
          </Button>
        )}
      </div>
      <Outcome {...{ answer, words }} />
    </form>
  );
}

/** What came of it; what a model says is text, whatever it looks like. */
function Outcome({ answer, words }: { answer: Answer; words: DetailWords }) {
  const { strings, format } = words;
  const { text, thought, stats, problem, runs } = answer;
  return (
    <div aria-busy={runs} role="log">
      {thought && (
        <details class="lms-Try-thought">
          <summary {...quiet}>{strings.thoughts}</summary>
          <p dir="auto">{thought}</p>
        </details>
      )}
      {text && <p dir="auto">{text}</p>}
      {runs && !text && !thought && <p>{strings.firstToken}</p>}
      {problem && <p role="alert">{problem}</p>}
      {stats && (
        <p class="lms-Try-stats">
          {[
            stats.tokens_per_second &&
              strings.tokensPerSecond(format.integer(stats.tokens_per_second)),
            stats.predicted_tokens && strings.tokensOut(format.integer(stats.predicted_tokens)),
            stats.stop_reason,
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      )}
    </div>
  );
}

function numberIn(text: string): number | null {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

interface FieldProps {
  label: string;
  value: string;
  onValue(value: string): void;
}

function Text({ label, value, rows, onValue }: FieldProps & { rows: number }) {
  return (
    <textarea
      {...quiet}
      {...{ rows, value }}
      dir="auto"
      placeholder={label}
      aria-label={label}
      onInput={({ currentTarget }) => onValue(currentTarget.value)}
    />
  );
}

function Figure({ label, value, step, onValue }: FieldProps & { step: string }) {
  return (
    <label>
      {label}{" "}
      <input
        {...quiet}
        {...{ step, value }}
        type="number"
        min="0"
        onInput={({ currentTarget }) => onValue(currentTarget.value)}
      />
    </label>
  );
}
