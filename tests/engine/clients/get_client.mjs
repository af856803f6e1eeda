// What `lms get`, `lms runtime survey` and `lms ls KEY` do with LM Studio's JavaScript SDK; prints
// what they saw. Run with the address of an engine and the name of the package that the SDK is.

const [address, sdk] = process.argv.slice(2);
const { LMStudioClient } = await import(sdk);
const seen = { progress: [], plans: [], warnings: [] };
const warn = (...said) => seen.warnings.push(said.map(String).join(" "));
const logger = { debug() {}, info() {}, warn, error: warn };

async function refusal(promise) {
  return promise.then(
    () => "no error",
    (error) => error.message,
  );
}

async function get(planner) {
  await planner.untilReady();
  const plan = planner.getPlan();
  seen.plans.push([plan.downloadSizeBytes, plan.nodes.map((node) => node.state)]);
  await planner.download({ onProgress: (update) => seen.progress.push(update.downloadedBytes) });
}

const client = new LMStudioClient({ baseUrl: `ws://${address}`, logger });
try {
  const artifact = { owner: "a", name: "tiny" };
  await get(client.repository.createArtifactDownloadPlanner(artifact));
  await get(client.repository.createArtifactDownloadPlanner(artifact));
  const [found] = await client.repository.searchModels({ searchTerm: "tiny-GGUF" });
  seen.exact = found.isExactMatch();
  const [option] = await found.getDownloadOptions();
  seen.key = await option.download();
  const ghost = client.repository.createArtifactDownloadPlanner({ owner: "a", name: "ghost" });
  seen.ghost = await refusal(ghost.untilReady());
  if (client.runtime !== undefined) {
    const { repository, runtime, system } = client;
    const picks = await repository.unstable.fuzzyFindStaffPicks({ searchTerm: "tiny" });
    seen.picks = picks.map(({ owner, name }) => `${owner}/${name}`);
    seen.catalog = await repository.unstable.getModelCatalog();
    seen.authenticated = await repository.isAuthenticated?.();
    seen.survey = (await runtime.surveyHardware()).status;
    seen.engines = (await runtime.engine.list()).length;
    seen.no_variants = await refusal(system.listDownloadedModelVariants(seen.key));
  }
} finally {
  await client[Symbol.asyncDispose]();
}
console.log(JSON.stringify(seen));
