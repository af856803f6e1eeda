import { useEffect, useState } from "preact/hooks";
import type { Activity } from "../protocol/protocol";
import { HostLine } from "./HostLine";
import { InstanceLine } from "./InstanceLine";
import { LoadLine } from "./LoadLine";
import { MemoryBar } from "./MemoryBar";
import { useStillWords } from "./stillWords";

/** After this without a live panel in its place, a still picture says that it is one. */
export const PATIENCE_MS = 3000;

/**
 * What was in memory when somebody last looked: what a panel shows until it is live.
 *
 * Nothing moves and nothing can be pressed; in a notebook without a kernel it stays.
 */
export function Glance({ activity }: { activity: Activity | null }) {
  const { strings, format, lang } = useStillWords();
  const [alone, setAlone] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setAlone(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  const { host, instances, loads, memory, now } = activity ?? NOTHING;
  const link = alone ? "lost" : host?.link;
  const then = () => now;
  return (
    <section class="lms-Panel" aria-label={strings.panel} lang={lang} data-link={link}>
      <div class="lms-Panel-inner">
        {host && link && (
          <header class="lms-HostBar">
            <HostLine host={host} link={link} />
          </header>
        )}
        <p class="lms-Notice" role="status">
          {alone && (host ? strings.noLink(format.time(now)) : strings.noServer)}
        </p>
        <MemoryBar memory={memory} instances={instances} now={then} stale />
        {host && (
          <section class="lms-Section" aria-label={strings.inMemory}>
            <header class="lms-Section-head">
              <h3>{strings.inMemory}</h3>
              <span class="lms-Section-count">{format.integer(instances.length)}</span>
            </header>
            <ul class="lms-List">
              {instances.map((instance) => (
                <li class="lms-Row" key={instance.instance_reference}>
                  <InstanceLine instance={instance} now={then} stale />
                </li>
              ))}
              {loads.map((load) => (
                <li class="lms-Row" key={load.load_id}>
                  <LoadLine load={load} now={then} cancelling={load.cancelling} />
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </section>
  );
}

const NOTHING = { host: null, instances: [], loads: [], memory: null, now: 0 } as const;
