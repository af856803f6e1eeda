import { useEffect, useState } from "preact/hooks";
import type { Instance } from "../../protocol/protocol";
import { type NotebookLink, usePlace } from "../controls/place";

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
  // Two notebooks may be called alike: each is there once.
  const left = [...links];
  return names.map((name, place) => {
    const at = left.findIndex((one) => one.name === name);
    const [link] = at < 0 ? [] : left.splice(at, 1);
    return [
      place > 0 && ", ",
      link ? (
        <button type="button" class="lms-Link" onClick={link.open}>
          {name}
        </button>
      ) : (
        name
      ),
    ];
  });
}
