import { useEffect, useRef, useState } from "preact/hooks";
import type { PresetLoad, Problem, Profile, Reply } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import { Button, quiet } from "../controls/Button";
import { Choice } from "../controls/Choice";
import { Refusal } from "../controls/Refusal";
import { useDetailWords } from "../text/detailWords";
import { Field } from "./fields";

interface Props {
  request: LoadFields;
  inert: boolean;
  onProfiles(): Promise<Reply>;
  onChoose(part: Partial<LoadFields>): void;
  onSave(profile: Profile): void;
}

/** The profiles that the other end keeps, once they are known, or why they are not. */
function useProfiles(inert: boolean, onProfiles: Props["onProfiles"]) {
  const [profiles, setProfiles] = useState<readonly Profile[] | null>(null);
  const [presets, setPresets] = useState<readonly PresetLoad[]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let wanted = true;
    if (!inert)
      void onProfiles().then((reply) => {
        if (!wanted) return;
        if (reply.kind === "profiles") {
          setProfiles(reply.profiles);
          setPresets(reply.presets);
        }
        setProblem(reply.kind === "refused" ? reply.problem : null);
      });
    return () => {
      wanted = false;
    };
  }, [inert]);
  return { profiles, setProfiles, presets, problem };
}

/** Settings under a name: take them over, or give the form's a name. Nothing where none are kept. */
export function ProfileChoice({ request, inert, onProfiles, onChoose, onSave }: Props) {
  const { strings } = useDetailWords();
  const { profiles, setProfiles, presets, problem } = useProfiles(inert, onProfiles);
  const [chosen, setChosen] = useState("");
  const [naming, setNaming] = useState(false);
  if (profiles === null) return problem && <Refusal problem={problem} />;

  function choose(wanted: string): void {
    setChosen(wanted);
    const profile = profiles?.find((one) => one.name === wanted);
    if (!profile) return;
    const { config, names_ttl, ttl_s, fit } = profile;
    onChoose(names_ttl ? { config, ttl_s, fit } : { config, fit });
  }

  function save(name: string): void {
    const { config, ttl_s, fit = null } = request;
    const profile = { name, config, ttl_s, names_ttl: true, fit };
    onSave(profile);
    setProfiles([...(profiles ?? []).filter((one) => one.name !== name), profile]);
    setChosen(name);
    setNaming(false);
  }

  const names = profiles.map(({ name }) => [name, name]);
  return (
    <>
      <Field label={strings.profile}>
        {(id) =>
          naming ? (
            <NameInput
              id={id}
              first={chosen}
              inert={inert}
              onSave={save}
              onCancel={() => setNaming(false)}
            />
          ) : (
            <>
              {names.length > 0 && (
                <Choice
                  id={id}
                  value={chosen}
                  options={{ "": strings.noProfile, ...Object.fromEntries(names) }}
                  onChange={choose}
                />
              )}
              <Button disabled={inert} onClick={() => setNaming(true)}>
                {strings.saveProfile}
              </Button>
            </>
          )
        }
      </Field>
      {presets.length > 0 && <PresetChoice {...{ presets, onChoose }} />}
    </>
  );
}

interface PresetProps extends Pick<Props, "onChoose"> {
  presets: readonly PresetLoad[];
}

/** Load settings of LM Studio's own presets: take them over, or read why they cannot be. */
function PresetChoice({ presets, onChoose }: PresetProps) {
  const { strings } = useDetailWords();
  const [chosen, setChosen] = useState("");
  const preset = presets.find(({ name }) => name === chosen);
  return (
    <>
      <Field label={strings.preset}>
        {(id) => (
          <Choice
            id={id}
            value={chosen}
            options={{
              "": strings.noProfile,
              ...Object.fromEntries(presets.map(({ name }) => [name, name])),
            }}
            onChange={(wanted) => {
              setChosen(wanted);
              const found = presets.find(({ name }) => name === wanted);
              if (found && !found.problem) onChoose({ config: found.config });
            }}
          />
        )}
      </Field>
      {preset?.problem && <Refusal problem={preset.problem} />}
    </>
  );
}

interface NameProps {
  id: string;
  first: string;
  inert: boolean;
  onSave(name: string): void;
  onCancel(): void;
}

/** The name under which the form's settings are to be kept. */
function NameInput({ id, first, inert, onSave, onCancel }: NameProps) {
  const { strings } = useDetailWords();
  const [name, setName] = useState(first);
  const field = useRef<HTMLInputElement>(null);
  // It takes the place of the button that was pressed.
  useEffect(() => field.current?.focus(), []);
  const wanted = name.trim();
  const save = () => {
    if (wanted) onSave(wanted);
  };
  return (
    <>
      <input
        {...quiet}
        id={id}
        type="text"
        ref={field}
        aria-label={strings.profileName}
        placeholder={strings.profileName}
        value={name}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            onCancel();
          } else if (event.key === "Enter") {
            event.preventDefault();
            save();
          }
        }}
      />
      <Button disabled={inert || !wanted} onClick={save}>
        {strings.save}
      </Button>
      <Button onClick={onCancel}>{strings.cancel}</Button>
    </>
  );
}
