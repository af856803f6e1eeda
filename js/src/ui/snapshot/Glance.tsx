import type { ComponentChild } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Activity, Catalog } from "../../protocol/protocol";
import { byUse, countByModel, deviceOf } from "../../store/select";
import { noteUse } from "../../store/used";
import { MemoryBar } from "../controls/MemoryBar";
import { roomFor } from "../controls/Name";
import { InstanceLine } from "../instances/InstanceLine";
import { LoadLine } from "../instances/LoadLine";
import { ModelLine } from "../models/ModelLine";
import { HostLine } from "../panel/HostLine";
import { useStillWords } from "../text/stillWords";

interface Props {
  activity: Activity | null;
  catalog: Catalog | null;
}

/** As many models as a list shows at first. */
const MODELS = 12;
/** After this without a live panel in its place, a still picture says that it is one. */
export const PATIENCE_MS = 3000;

/**
 * What was in memory when somebody last looked: what a panel shows until it is live.
 *
 * Nothing moves and nothing can be pressed; in a notebook without a kernel it stays.
 */
export function Glance({ activity, catalog }: Props) {
  const { strings, format, lang } = useStillWords();
  const [alone, setAlone] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setAlone(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  const { host, instances, loads, memory, now } = activity ?? NOTHING;
  const link = alone ? "lost" : host?.link;
  const then = () => now;
  const loaded = countByModel(activity);
  const used = activity ? noteUse(new Map(), activity) : new Map();
  return (
    <section class="lms-Panel" aria-label={strings.panel} lang={lang} data-link={link}>
      <div class="lms-Panel-inner">
        {host && link && (
          <header class="lms-HostBar">
            <HostLine host={host} link={link} />
          </header>
        )}
        <p class="lms-Notice" role="status">
          {alone && (host ? strings.noLink(format.moment(now)) : strings.noServer)}
        </p>
        <MemoryBar memory={memory} instances={instances} now={then} stale />
        {host && (
          <Section
            title={strings.inMemory}
            count={instances.length}
            room={roomFor(instances.map((one) => ({ ...one, name: one.identifier })))}
          >
            {instances.map((instance) => (
              <li class="lms-Row" key={instance.instance_reference}>
                <InstanceLine
                  instance={instance}
                  device={deviceOf(instance, instances, strings.local)}
                  now={then}
                  stale
                />
              </li>
            ))}
            {loads.map((load) => (
              <li class="lms-Row" key={load.load_id}>
                <LoadLine load={load} now={then} cancelling={load.cancelling} />
              </li>
            ))}
          </Section>
        )}
        {catalog && (
          <Section
            title={strings.onDisk}
            count={catalog.models.length}
            room={roomFor(catalog.models.map(({ model_key }) => ({ name: model_key })))}
          >
            {byUse(catalog.models, used)
              .slice(0, MODELS)
              .map((model) => (
                <li class="lms-Row" key={model.model_key}>
                  <ModelLine model={model} loaded={loaded.get(model.model_key) ?? 0} />
                </li>
              ))}
          </Section>
        )}
      </div>
    </section>
  );
}

interface SectionProps {
  title: string;
  count: number;
  room: string;
  children: ComponentChild;
}

function Section({ title, count, room, children }: SectionProps) {
  const { format } = useStillWords();
  return (
    <section class="lms-Section" aria-label={title}>
      <header class="lms-Section-head">
        <h3>{title}</h3>
        {count > 0 && <span class="lms-Section-count">{format.integer(count)}</span>}
      </header>
      <ul class="lms-List" style={room}>
        {children}
      </ul>
    </section>
  );
}

const NOTHING = { host: null, instances: [], loads: [], memory: null, now: 0 } as const;
