import { useEffect, useState } from "preact/hooks";
import type { Instance } from "../../protocol/protocol";
import { type NotebookLink, usePlace } from "../controls/place";
import { ownerOf } from "../text/detailFacts";
import type { DetailWords } from "../text/detailWords";

type Links = readonly NotebookLink[];

/** The notebooks of those who use an instance, once it is known which can be opened. */
export function useNotebooks({ instance_reference, owner, users }: Instance): Links {
  const { notebooks } = usePlace();
  const [links, setLinks] = useState<Links>([]);
  const people = [owner, ...users].join();
  // Asked again when others use it.
  useEffect(() => {
    let isHere = true;
    notebooks?.(instance_reference).then(
      (found) => isHere && setLinks(found),
      // They stay names.
      () => undefined,
    );
    return () => {
      isHere = false;
    };
  }, [instance_reference, people]);
  return links;
}

/** Names, of which those of notebooks that can be opened do so. */
export function Names({ names, links }: { names: readonly string[]; links: Links }) {
  return (
    <>
      {names.map((name, place) => {
        // Two notebooks may be called alike: each is there once.
        const turn = names.slice(0, place).filter((one) => one === name).length;
        const link = links.filter((one) => one.name === name)[turn];
        return (
          <span key={`${name}${turn}`}>
            {place > 0 && ", "}
            {link ? (
              <button type="button" class="lms-Link" onClick={link.open}>
                {name}
              </button>
            ) : (
              name
            )}
          </span>
        );
      })}
    </>
  );
}

/** Whose an instance is: the notebook that can be opened, else words. */
export function Owner(props: { instance: Instance; words: DetailWords; links: Links }) {
  const { instance, words, links } = props;
  const { owner } = instance;
  const isLink = owner !== null && links.some(({ name }) => name === owner);
  return isLink ? <Names names={[owner]} links={links} /> : <span>{ownerOf(instance, words)}</span>;
}
