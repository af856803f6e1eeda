// What people do with LM Studio's JavaScript SDK, from listing to unloading; prints what they saw.
// Run with the address of an engine and the name of the package that the SDK is. Ends by itself: a client that is closed keeps nothing alive.

import { readFileSync } from "node:fs";

const [address, sdk] = process.argv.slice(2);
const { LMStudioClient } = await import(sdk);

const greedy = { maxTokens: 8, temperature: 0 };
const seen = { progress: [], fragments: [] };
const logger = { debug() {}, info() {}, warn() {}, error() {} };

async function refusal(promise) {
  return promise.then(
    () => "no error",
    (error) => error.message,
  );
}

const client = new LMStudioClient({ baseUrl: `ws://${address}`, logger });
try {
  const downloaded = await client.system.listDownloadedModels();
  seen.keys = downloaded.map((model) => model.modelKey).sort();
  seen.version = await client.system.getLMStudioVersion();
  seen.unknown_key = await refusal(client.llm.load("nothing"));

  const model = await client.llm.load("big-llm", {
    identifier: "mine",
    ttl: 90,
    config: { contextLength: 512 },
    verbose: false,
    onProgress: (progress) => seen.progress.push(progress),
  });
  seen.twice = await refusal(client.llm.load("big-llm", { identifier: "mine" }));
  seen.context = await model.getContextLength();
  seen.config = await model.getLoadConfig();
  seen.info = await model.getModelInfo();

  const prediction = model.respond("hello", greedy);
  for await (const fragment of prediction) seen.fragments.push(fragment.content);
  const result = await prediction.result();
  seen.result = result.content;
  seen.stats = result.stats;
  seen.tokens = [await model.tokenize("abc"), await model.countTokens("abc")];
  seen.prompt = await model.applyPromptTemplate([{ role: "user", content: "hi" }]);
  seen.completion = (await model.complete("once", greedy)).content;

  const endless = model.respond("hello", { temperature: 0 });
  for await (const _ of endless) if (!seen.cancelled) seen.cancelled = (endless.cancel(), true);
  seen.stopped = (await endless.result()).stats.stopReason;

  const abort = new AbortController();
  const load = client.llm.load("big-llm", {
    identifier: "never",
    signal: abort.signal,
    onProgress: () => abort.abort(new Error("enough")),
  });
  seen.aborted = await refusal(load);

  const embedder = await client.embedding.model("tiny-embed", { ttl: 60 });
  seen.embedding = (await embedder.embed("some words")).embedding.length;
  const notes = await client.files.prepareFileBase64("notes.txt", btoa("First.\n\nSecond."));
  seen.parsed = (await client.files.parseDocument(notes)).content;
  const found = await client.files.retrieve("first", [notes], { embeddingModel: embedder });
  seen.retrieved = found.entries.map((entry) => [entry.content, entry.source.name]);
  seen.just_in_time = (await client.llm.model("tiny-llm")).identifier;
  seen.evicted = (await client.embedding.listLoaded()).length === 0;

  for (const loaded of await client.llm.listLoaded()) await loaded.unload();
  seen.left = (await client.llm.listLoaded()).map((loaded) => loaded.identifier);
  seen.after_unload = await refusal(model.respond("are you there?").result());
  seen.again = await refusal(client.llm.unload("mine"));
} finally {
  await client[Symbol.asyncDispose]();
}
seen.sdk = JSON.parse(
  readFileSync(new URL(`node_modules/${sdk}/package.json`, import.meta.url)),
).version;
console.log(JSON.stringify(seen));
