import busy from "../../tests/wire_samples/activity_busy.json" with { type: "json" };
import connecting from "../../tests/wire_samples/activity_connecting.json" with { type: "json" };
import downloading from "../../tests/wire_samples/activity_downloading.json" with { type: "json" };
import empty from "../../tests/wire_samples/activity_empty.json" with { type: "json" };
import engine from "../../tests/wire_samples/activity_engine.json" with { type: "json" };
import gpus from "../../tests/wire_samples/activity_gpus.json" with { type: "json" };
import idle from "../../tests/wire_samples/activity_idle.json" with { type: "json" };
import loading from "../../tests/wire_samples/activity_loading.json" with { type: "json" };
import lost from "../../tests/wire_samples/activity_lost.json" with { type: "json" };
import problems from "../../tests/wire_samples/activity_problems.json" with { type: "json" };
import catalog from "../../tests/wire_samples/catalog.json" with { type: "json" };
import emptyCatalog from "../../tests/wire_samples/catalog_empty.json" with { type: "json" };
import estimated from "../../tests/wire_samples/reply_estimated.json" with { type: "json" };
import estimatedLarge from "../../tests/wire_samples/reply_estimated_large.json" with {
  type: "json",
};
import found from "../../tests/wire_samples/reply_found.json" with { type: "json" };
import foundNames from "../../tests/wire_samples/reply_found_names.json" with { type: "json" };
import hosts from "../../tests/wire_samples/reply_hosts.json" with { type: "json" };
import profiles from "../../tests/wire_samples/reply_profiles.json" with { type: "json" };
import refused from "../../tests/wire_samples/reply_refused.json" with { type: "json" };
import type {
  Activity,
  Catalog,
  Command,
  GpuMemory,
  Instance,
  Memory,
  Model,
  Reply,
  Slice,
} from "../src/protocol/protocol";
import type { FakeTransport } from "../src/transport/fake";
import type { Link } from "../src/transport/transport";
import type { DetailWords } from "../src/ui/text/detailWords";

type Strings = DetailWords["strings"];

/** What a scene delivers, and what is clicked then. */
export interface Scene {
  news: (Slice | Link)[];
  /** Accessible names in the language of the page, or how they begin. */
  clicks?: (strings: Strings) => string[];
  answer?: FakeTransport["answer"];
  /** What is typed into the field that has the focus, before the last click. */
  typed?: string;
}

const models = catalog as Catalog;
const three = idle as Activity;
const [first] = three.instances as [Instance];
const [gemma] = models.models as [Model];

const NASTY = [
  "<img src=x onerror=alert(1)><b>bold</b>",
  "🦙👩‍🚀🏳️‍🌈 llama-of-many-colours-with-a-long-name-🦙🦙🦙",
  "نموذج-لغوي-عربي-كبير-جدا-للاختبار",
  `very/${"long-".repeat(60)}name@q4_k_m`,
  "with  spaces and 'quotes' \"both\"",
  "\u202Eesrever",
];

function instance(change: Partial<Instance>): Instance {
  return { ...first, ...change, instance_reference: `ref-${change.identifier ?? "chat"}` };
}

function activity(change: Partial<Activity>): Activity {
  return { ...three, revision: three.revision + 1, ...change };
}

const lastMinute = activity({
  instances: [
    instance({ identifier: "leaving", idle_since: three.now - 258 }),
    instance({ identifier: "leaving-soon", idle_since: three.now - 291 }),
    instance({ identifier: "half-way", idle_since: three.now - 150 }),
    instance({ identifier: "fresh", ttl_s: 7200, idle_since: three.now - 3 }),
    instance({ identifier: "not-used-yet", idle_since: null }),
  ],
});
const gone = instance({ identifier: "an-earlier-one" });
const thousands: Catalog = {
  ...models,
  models: Array.from({ length: 5000 }, (_, number) => ({
    ...(models.models[number % models.models.length] ?? gemma),
    model_key: `publisher-${number % 97}/model-${number}-${number % 2 ? "instruct" : "base"}`,
  })),
};
const nastyCatalog: Catalog = {
  ...models,
  models: NASTY.map((model_key) => ({ ...gemma, model_key, display_name: model_key })),
};
const nastyActivity = activity({
  instances: NASTY.map((identifier) => instance({ identifier, model_key: identifier })),
  problems: [
    {
      code: "load_failed",
      title: `${NASTY[3]} could not be loaded`,
      hint: NASTY[0] ?? "",
      problem_id: "p",
      model_key: null,
    },
  ],
});
const many = (length: number) =>
  activity({
    instances: Array.from({ length }, (_, number) =>
      instance({ identifier: `instance-${number}`, ttl_s: 3600, idle_since: three.now - number }),
    ),
  });

/** One identifier here and on another device of the LM Link. */
const twins = activity({
  instances: [
    first,
    { ...first, instance_reference: "ref-there", device: "0f3a9c27d1", device_name: "gpu-box" },
    ...three.instances.slice(1),
  ],
});

const twoGpus = gpus as Activity;
const bigGpu = (twoGpus.memory as Memory & { gpus: [GpuMemory] }).gpus[0];
const oneGpu = (gpu: Partial<GpuMemory>): Activity => ({
  ...twoGpus,
  instances: twoGpus.instances.slice(0, 1),
  memory: { ...(twoGpus.memory as Memory), gpus: [{ ...bigGpu, ...gpu }] },
});
const manyHolders = oneGpu({
  available_bytes: 0,
  users: Array.from({ length: 7 }, (_, number) => ({
    name: `work/experiments/${NASTY[number % NASTY.length]}-${number}.ipynb`,
    is_notebook: true,
    memory_bytes: 3e9 - number * 2e8,
    pid: number + 1,
  })),
});

/** Answers every question; the same answer to all questions of a kind. */
const answering =
  (answers: Partial<Record<Command["kind"], object>>): FakeTransport["answer"] =>
  (command) =>
    (answers[command.kind] ?? { kind: "accepted", now: 0 }) as Reply;
const formAnswer = answering({ estimate: estimated, list_profiles: profiles });

const openMore = ({ loadWith, moreSettings }: Strings) => [
  loadWith(gemma.model_key),
  // How many are changed stands behind it.
  moreSettings(0).split(" (")[0] ?? "",
];

/** Every state that the panel can be in. */
export const SCENES: Record<string, Scene> = {
  idle: { news: [models, three, "live"] },
  nothing: { news: [] },
  connecting: { news: [emptyCatalog as Catalog, connecting as Activity, "live"] },
  hostless: {
    news: [
      emptyCatalog as Catalog,
      {
        ...(empty as Activity),
        host: { ...(lost as Activity).host, name: "LM Studio", version: null },
      },
      "live",
    ],
  },
  empty: { news: [models, empty as Activity, "live"] },
  no_models: { news: [emptyCatalog as Catalog, empty as Activity, "live"] },
  loading: { news: [models, loading as Activity, "live"] },
  busy: { news: [models, busy as Activity, "live"] },
  last_minute: { news: [models, lastMinute, "live"] },
  lost: { news: [models, lost as Activity, "live"] },
  absent: { news: [models, three, "absent"] },
  kernel_busy: { news: [models, three, "live", "busy"] },
  timeline: {
    news: [
      models,
      activity({ now: three.now - 400, instances: [...three.instances.slice(1), gone] }),
      activity({ revision: 99, now: three.now - 150, instances: three.instances.slice(1) }),
      activity({ revision: 100 }),
      "live",
    ],
    clicks: ({ timeline }) => [timeline],
  },
  problems: { news: [models, problems as Activity, "live"] },
  engine: { news: [models, engine as Activity, "live"], clicks: ({ more }) => [more("chat")] },
  gpus: { news: [models, twoGpus, "live"], clicks: ({ more }) => [more("my-coder")] },
  gpu_full: { news: [models, oneGpu({ available_bytes: 0 }), "live"] },
  gpu_empty: {
    news: [
      models,
      { ...oneGpu({ users: [], available_bytes: bigGpu.total_bytes }), instances: [] },
      "live",
    ],
  },
  gpu_many: { news: [models, manyHolders, "live"] },
  gpu_none: {
    news: [
      models,
      {
        ...(engine as Activity),
        memory: { ...((engine as Activity).memory as Memory), gpus: [] },
      },
      "live",
    ],
  },
  gpu_form: {
    news: [models, twoGpus, "live"],
    clicks: openMore,
    answer: formAnswer,
  },
  form: {
    news: [models, three, "live"],
    clicks: ({ loadWith }) => [loadWith(gemma.model_key)],
    answer: formAnswer,
  },
  form_more: {
    news: [models, three, "live"],
    clicks: openMore,
    answer: formAnswer,
  },
  form_large: {
    news: [models, three, "live"],
    clicks: ({ loadWith, saveProfile }) => [loadWith(gemma.model_key), saveProfile],
    answer: answering({ estimate: estimatedLarge, list_profiles: profiles }),
  },
  downloading: { news: [models, downloading as Activity, "live"] },
  get: {
    news: [emptyCatalog as Catalog, empty as Activity, "live"],
    clicks: ({ getMore, find }) => [getMore, find],
    answer: answering({ find_downloads: found }),
    typed: "qwen/qwen3-0.6b",
  },
  get_names: {
    news: [models, empty as Activity, "live"],
    clicks: ({ getMore, find }) => [getMore, find],
    answer: answering({ find_downloads: foundNames }),
    typed: "qwen3",
  },
  hosts: {
    news: [models, three, "live"],
    clicks: ({ hostDetails }) => [hostDetails],
    answer: answering({ list_hosts: hosts }),
  },
  expired: {
    news: [models, three, "live", activity({ revision: 50, instances: three.instances.slice(1) })],
  },
  refused: {
    news: [models, three, "live"],
    clicks: ({ loadNamed, unloadNamed }) => [loadNamed(gemma.model_key), unloadNamed("chat")],
    answer: () => refused as Reply,
  },
  queued: {
    news: [models, three, "live"],
    clicks: ({ loadNamed }) => [loadNamed(gemma.model_key)],
    answer: () => new Promise<Reply>(() => {}),
  },
  twins: { news: [models, twins, "live"], clicks: ({ more }) => [more("chat (gpu-box)")] },
  undo: {
    news: [models, three, "live"],
    clicks: ({ unloadNamed }) => [unloadNamed("chat")],
  },
  nasty: { news: [nastyCatalog, nastyActivity, "live"] },
  thousands: { news: [thousands, three, "live"] },
  hundred: { news: [models, many(100), "live"] },
  thousand: { news: [models, many(1000), "live"] },
};
