import { useRef } from "preact/hooks";
import type { Activity, Model, Problem, Profile, Reply } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import type { Pending, Subject } from "../../store/pending";
import { Button } from "../controls/Button";
import { Icon } from "../controls/Icon";
import { later } from "../controls/later";
import { memo } from "../controls/memo";
import { usePlace } from "../controls/place";
import { Refusal } from "../controls/Refusal";
import type { LoadFormProps } from "../loadForm/LoadForm";
import type { Devices } from "../loadForm/nameFields";
import { useWords } from "../text/words";
import { ModelLine } from "./ModelLine";
import type { ModelMoreProps } from "./ModelMore";

const LoadForm = later<LoadFormProps>("LoadForm");
const ModelMore = later<ModelMoreProps>("ModelMore");

export interface ModelActions {
  onLoad(request: LoadFields): void;
  onAsk(request: LoadFields): Promise<Reply>;
  onProfiles(): Promise<Reply>;
  onSave(profile: Profile): void;
  onOpen(model_key: string | null): void;
  onDelete(model_key: string): void;
  onForgive(subject: Subject): void;
}

interface Props {
  model: Model;
  /** The same model on each machine that has it; told to the row with the open form only. */
  devices: Devices;
  /** How many instances of it are in memory. */
  loaded: number;
  /** A load of it is in progress. */
  loading: boolean;
  inert: boolean;
  tabbable: boolean;
  /** The load form is open under it. */
  open: boolean;
  /** Told to the row with the open form only. */
  activity: Activity | null;
  pending: Pending["phase"] | undefined;
  deleting: boolean;
  /** What was refused, and why. */
  refused: Subject | undefined;
  refusal: Problem | undefined;
  actions: ModelActions;
}

/** A one-click load stays for an hour of idleness, unless the place says otherwise. */
const ONE_CLICK = { ttl_s: 3600, config: {} };

/** One downloaded model: what it is, and the ways to load it. */
export const ModelRow = memo((props: Props) => {
  const { model, loaded, loading, inert, tabbable, open, pending, refused, actions } = props;
  const { model_key } = model;
  const { strings } = useWords();
  const place = usePlace();
  const taken = loading || pending !== undefined;
  const tabIndex = tabbable ? 0 : -1;
  const row = useRef<HTMLLIElement>(null);
  const close = () => {
    row.current?.querySelector<HTMLElement>("[data-stop][aria-expanded]")?.focus();
    actions.onOpen(null);
  };
  return (
    <li
      ref={row}
      class="lms-Row"
      data-key={model_key}
      onKeyDown={(event) => {
        if (event.key === "Escape" && open) close();
      }}
    >
      <ModelLine model={model} loaded={loaded}>
        <span class="lms-Row-actions lms-Split">
          {/* With the form open there is one Load: the one that does what the form says. */}
          {!open && (
            <Button
              look="split"
              label={taken ? strings.loadingNamed(model_key) : strings.loadNamed(model_key)}
              disabled={inert || taken}
              stop
              tabIndex={tabIndex}
              onClick={() =>
                actions.onLoad({
                  model_key,
                  identifier: null,
                  ...(place.oneClick?.() ?? ONE_CLICK),
                  ttl_is_default: true,
                })
              }
            >
              {taken ? strings.loading : strings.load}
            </Button>
          )}
          <Button
            look="split"
            label={open ? strings.closeForm(model_key) : strings.loadWith(model_key)}
            title={open ? strings.close : strings.loadWith(model_key)}
            expanded={open}
            stop
            tabIndex={tabIndex}
            onClick={() => actions.onOpen(open ? null : model_key)}
          >
            <Icon name="chevron" />
          </Button>
        </span>
      </ModelLine>
      {refused && props.refusal && (
        <Refusal problem={props.refusal} onDismiss={() => actions.onForgive(refused)} />
      )}
      {open && <Opened {...props} onClose={close} />}
    </li>
  );
});

/** What is under a row whose form is open. */
function Opened({ onClose, ...props }: Props & { onClose(): void }) {
  const { model, activity, inert, actions } = props;
  return (
    <>
      <LoadForm
        {...{ model, activity, inert, onClose }}
        devices={props.devices}
        phase={props.pending}
        onAsk={actions.onAsk}
        onProfiles={actions.onProfiles}
        onSave={actions.onSave}
        onLoad={actions.onLoad}
      />
      <ModelMore
        {...{ model, activity, inert }}
        deleting={props.deleting}
        onDelete={actions.onDelete}
      />
    </>
  );
}
