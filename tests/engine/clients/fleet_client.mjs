// What people do with LM Studio's JavaScript SDK on a link of devices; prints what they saw.
// Run with the address of a gateway, the name of the package that the SDK is, a model and a device.

const [address, sdk, key, device] = process.argv.slice(2);
const { LMStudioClient } = await import(sdk);

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const seen = { fragments: [], progress: [] };

async function where(client) {
  const loaded = await client.llm.listLoaded();
  const infos = await Promise.all(loaded.map((model) => model.getModelInfo()));
  return infos.map((info) => [info.identifier, info.deviceIdentifier]);
}

const client = new LMStudioClient({ baseUrl: `ws://${address}`, logger });
try {
  const models = await client.system.listDownloadedModels();
  seen.devices = models.filter((one) => one.modelKey === key).map((one) => one.deviceIdentifier);
  // What `lms link status` and `lms link set-preferred-device` call.
  const status = await client.repository.lmLink.status();
  seen.peers = status.peers.map((peer) => [peer.deviceName, peer.status]);
  // What `lms load --device` passes on.
  const model = await client.llm.load(key, {
    identifier: "there",
    deviceIdentifier: device,
    config: { contextLength: 256 },
    verbose: false,
    onProgress: (progress) => seen.progress.push(progress),
  });
  seen.loaded = await where(client);
  const prediction = model.respond("Hello", { maxTokens: 8, temperature: 0 });
  for await (const fragment of prediction) seen.fragments.push(fragment.content);
  const result = await prediction.result();
  seen.result = result.content;
  seen.spoke = result.modelInfo.deviceIdentifier;
  const endless = model.respond("Hello", { temperature: 0 });
  for await (const _ of endless) if (!seen.cancelled) seen.cancelled = (endless.cancel(), true);
  seen.stopped = (await endless.result()).stats.stopReason;
  await client.repository.lmLink.setPreferredDevice(device);
  const preferred = await client.llm.load(key, { identifier: "preferred", verbose: false });
  seen.preferred = (await preferred.getModelInfo()).deviceIdentifier;
  await preferred.unload();
  await model.unload();
  seen.left = await where(client);
} finally {
  await client[Symbol.asyncDispose]();
}
console.log(JSON.stringify(seen));
