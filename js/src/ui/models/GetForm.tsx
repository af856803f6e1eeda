import { useEffect, useRef, useState } from "preact/hooks";
import type { Command, Downloadable, Problem, Reply } from "../../protocol/protocol";
import { type Subject, subject } from "../../store/pending";
import type { State } from "../../store/store";
import { Button, quiet } from "../controls/Button";
import { Choice } from "../controls/Choice";
import { Icon } from "../controls/Icon";
import { Refusal } from "../controls/Refusal";
import { Field } from "../loadForm/fields";
import { useDetailWords } from "../text/detailWords";

export interface GetFormProps {
  inert: boolean;
  pending: State["pending"];
  refusals: State["refusals"];
  /** What was typed elsewhere and is looked for at once. */
  words: string;
  /** Whether the host can be told how fast to fetch. */
  limits: boolean;
  onFind(words: string): Promise<Reply>;
  onSend(command: Command): void;
  onClose(): void;
}

/** Look for a model by its name or by words, and have the host fetch it. */
export function GetForm(props: GetFormProps) {
  const { inert, pending, refusals, words, limits, onFind, onSend, onClose } = props;
  const { strings } = useDetailWords();
  const [typed, setTyped] = useState(words);
  const [rate, setRate] = useState("");
  const [reply, setReply] = useState<Reply | "asked" | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const alive = useRef(true);
  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    return () => {
      alive.current = false;
    };
  }, []);
  // It stays open until the host has taken the download: a refusal is shown beside its button.
  const [sent, setSent] = useState<Subject | null>(null);
  const taken = sent !== null && pending.get(sent)?.phase === "taken";
  const over = sent !== null && !pending.has(sent) && !refusals.has(sent);
  useEffect(() => {
    if (taken || over) onClose();
  }, [taken, over]);
  async function find(wanted: string): Promise<void> {
    if (inert || wanted.trim() === "" || reply === "asked") return;
    setTyped(wanted);
    setReply("asked");
    const answer = await onFind(wanted);
    if (alive.current) setReply(answer);
  }
  return (
    <form
      class="lms-LoadForm lms-GetForm"
      aria-label={strings.getModel}
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        void find(typed);
      }}
    >
      <div class="lms-GetForm-line">
        <input
          {...quiet}
          ref={field}
          type="search"
          aria-label={strings.getWhat}
          placeholder={strings.getWhat}
          spellcheck={false}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <Button look="accent" type="submit" disabled={inert || reply === "asked"}>
          {strings.find}
        </Button>
        <Button look="icon" label={strings.close} onClick={onClose}>
          <Icon name="close" />
        </Button>
      </div>
      {sent && refusals.get(sent) && <Refusal problem={refusals.get(sent) as Problem} />}
      <div role="status">
        {reply === "asked" && <p class="lms-Estimate">{strings.searching}</p>}
        {reply !== "asked" && reply?.kind === "refused" && <Refusal problem={reply.problem} />}
        {reply !== "asked" && reply?.kind === "found" && limits && reply.offers.length > 0 && (
          <RateChoice rate={rate} onChange={setRate} />
        )}
        {reply !== "asked" && reply?.kind === "found" && (
          <ul class="lms-GetForm-found">
            {reply.offers.length === 0
              ? reply.names.map((name) => (
                  <li key={name}>
                    <Button onClick={() => void find(name)}>{name}</Button>
                  </li>
                ))
              : reply.offers.map((offer) => (
                  <OfferRow
                    key={`${offer.name}@${offer.quantization}`}
                    offer={offer}
                    disabled={inert || pending.has(subject(downloadOf(offer)))}
                    onGet={() => {
                      const command = downloadOf(offer, Number(rate));
                      onSend(command);
                      setSent(subject(command));
                    }}
                  />
                ))}
          </ul>
        )}
      </div>
    </form>
  );
}

/** How fast a file may come at most, in bytes per second. */
const RATES = [1e6, 5e6, 20e6];

/** What a click on an offer's button asks for; no rate is no limit. */
function downloadOf({ name, quantization }: Downloadable, rate = 0): Command {
  const limit = rate > 0 ? { bytes_per_second: rate } : {};
  return { kind: "download", name, quantization, ...limit };
}

interface RateProps {
  rate: string;
  onChange(rate: string): void;
}

/** How fast the file may come. */
function RateChoice({ rate, onChange }: RateProps) {
  const { strings, format } = useDetailWords();
  const rates = RATES.map((each) => [each, strings.perSecond(format.bytes(each))]);
  return (
    <Field label={strings.atMost}>
      {(id) => (
        <Choice
          id={id}
          value={rate}
          options={{ "": strings.noLimit, ...Object.fromEntries(rates) }}
          onChange={onChange}
        />
      )}
    </Field>
  );
}

interface OfferProps {
  offer: Downloadable;
  disabled: boolean;
  onGet(): void;
}

/** One file of a model that could be fetched. */
function OfferRow({ offer, disabled, onGet }: OfferProps) {
  const { strings, format } = useDetailWords();
  const { name, quantization, size_bytes, recommended, fits, memory_fit, here } = offer;
  return (
    <li>
      <span class="lms-GetForm-name">{quantization ?? name}</span>
      <span class="lms-Row-facts">
        {format.bytes(size_bytes)}
        {recommended && ` · ${strings.recommended}`}
        {memory_fit && memory_fit !== "none" && ` · ${strings.memoryFits[memory_fit]}`}
        {here && ` · ${strings.diskState[here]}`}
        {!fits && (
          <span class="lms-Badge">
            {" "}
            <Icon name="warning" />
            {strings.tight}
          </span>
        )}
      </span>
      <Button
        label={strings.getNamed(`${name} ${quantization ?? ""}`)}
        disabled={disabled || here !== null}
        onClick={onGet}
      >
        {strings.get}
      </Button>
    </li>
  );
}
