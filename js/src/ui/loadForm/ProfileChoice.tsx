import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem, Profile, Reply } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import { Button, quiet } from "../controls/Button";
import { Refusal } from "../controls/Refusal";
import { useWords } from "../text/words";
import { Choice, Field } from "./fields";

interface Props {
  request: LoadFields;
  inert: boolean;
  onProfiles(): Promise<Reply>;
  onChoose(part: Partial<LoadFields>): void;
  onSave(profile: Profile): void;
}

/** Settings under a name: take them over, or give the form's a name. Nothing where none are kept. */
export function ProfileChoice({ request, inert, onProfiles, onChoose, onSave }: Props) {
  const { strings } = useWords();
  const [profiles, setProfiles] = useState<readonly Profile[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [chosen, setChosen] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    if (!inert)
      void onProfiles().then((reply) => {
        if (!wanted) return;
        if (reply.kind === "profiles") setProfiles(reply.profiles);
        setProblem(reply.kind === "refused" ? reply.problem : null);
      });
    return () => {
      wanted = false;
    };
  }, [inert]);
  const naming = name !== null;
  // It takes the place of the button that was pressed.
  useEffect(() => field.current?.focus(), [naming]);
  if (profiles === null) return problem && <Refusal problem={problem} />;

  function choose(wanted: string): void {
    setChosen(wanted);
    const profile = profiles?.find((one) => one.name === wanted);
    if (!profile) return;
    const { config, names_ttl, ttl_s } = profile;
    onChoose(names_ttl ? { config, ttl_s } : { config });
  }

  function save(): void {
    const wanted = name?.trim();
    if (!wanted) return;
    const { config, ttl_s } = request;
    const profile = { name: wanted, config, ttl_s, names_ttl: true };
    onSave(profile);
    setProfiles([...(profiles ?? []).filter((one) => one.name !== wanted), profile]);
    setChosen(wanted);
    setName(null);
  }

  return (
    <Field label={strings.profile}>
      {(id) =>
        name === null ? (
          <>
            {profiles.length > 0 && (
              <Choice
                id={id}
                value={chosen}
                options={{
                  "": strings.noProfile,
                  ...Object.fromEntries(profiles.map((one) => [one.name, one.name])),
                }}
                onChange={choose}
              />
            )}
            <Button disabled={inert} onClick={() => setName(chosen)}>
              {strings.saveProfile}
            </Button>
          </>
        ) : (
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
                  setName(null);
                } else if (event.key === "Enter") {
                  event.preventDefault();
                  save();
                }
              }}
            />
            <Button disabled={inert || !name.trim()} onClick={save}>
              {strings.save}
            </Button>
            <Button onClick={() => setName(null)}>{strings.cancel}</Button>
          </>
        )
      }
    </Field>
  );
}
