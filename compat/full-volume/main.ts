// A log directory on a real volume that somebody else fills, to the reserve and to the last byte. It starts a broker of
// its own, because the volume has to be small and mounted first; without the right to mount it is skipped, with the reason.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runServer, type RunningServer } from "../../apps/broker/src/server.ts";
import {
  batchOf,
  createTopic,
  fetchFrom,
  produceTo,
  valuesOf,
} from "../../apps/broker/src/test/requests.ts";
import { WireClient } from "../../apps/broker/src/test/wire-client.ts";
import { Api } from "../../packages/protocol/src/index.ts";

const MEBIBYTE = 1_048_576;
const VOLUME_BYTES = 40 * MEBIBYTE;
const STORAGE_ERROR = 56;
/** The broker looks at its volumes every second. */
const NEXT_LOOK_MS = 1_500;
const VALUE = "x".repeat(10_000);

const root = mkdtempSync(join(tmpdir(), "ottla-full-volume-"));
const [plain, volume] = [join(root, "plain"), join(root, "volume")];
const filler = join(volume, "somebody-else");
const fatal: string[] = [];

function mount(): string | undefined {
  if (process.getuid?.() !== 0) return "mounting a small volume takes root";
  mkdirSync(volume);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${VOLUME_BYTES}`, "tmpfs", volume], {
      stdio: "pipe",
    });
    return undefined;
  } catch (error) {
    return `a tmpfs cannot be mounted here: ${String(error).split("\n")[0]}`;
  }
}

/** Leaves so many bytes free. */
function fill(freeBytes: number): void {
  const chunk = Buffer.alloc(4_096, 1);
  const file = openSync(filler, "a");
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(volume);
      if (bavail * bsize <= freeBytes) return;
      writeSync(file, chunk);
    }
  } finally {
    closeSync(file);
  }
}

function start(): Promise<RunningServer> {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const overrides = [
    "listeners=PLAINTEXT://127.0.0.1:0",
    `log.dirs=${plain},${volume}`,
    "ottla.storage.workers=2",
  ];
  return runServer({
    sources: { overrides },
    logger: quiet,
    onFatal: (reason) => fatal.push(reason),
  });
}

async function run(): Promise<void> {
  const server = await start();
  const client = await WireClient.connect(server.port);
  await createTopic(client, "t", { numPartitions: 2 });
  const directories = async () =>
    (await client.send(Api.DescribeLogDirs, 5, { topics: null })).results;
  const onVolume = (await directories())[1]!.topics[0]!.partitions[0]!.partitionIndex;
  const written: string[] = [];
  const produce = async (partition = onVolume): Promise<number> => {
    const value = `${written.length}${VALUE}`;
    const { errorCode } = await produceTo(client, { topic: "t", partition }, batchOf([value]));
    if (errorCode === 0 && partition === onVolume) written.push(value);
    return errorCode;
  };
  for (let index = 0; index < 20; index += 1) assert.equal(await produce(), 0);

  fill(MEBIBYTE);
  await sleep(NEXT_LOOK_MS);
  assert.equal(await produce(), STORAGE_ERROR, "below the reserve produce is refused");
  assert.equal(await produce(1 - onVolume), 0, "the other directory takes records");
  const first = await fetchFrom(client, "t", 0, { partition: onVolume });
  assert.equal(valuesOf(first).length, 20, "records stay readable");
  console.log("ok - below the reserve");

  rmSync(filler);
  await sleep(NEXT_LOOK_MS);
  assert.equal(await produce(), 0, "writes resume without a restart");
  fill(0);
  for (let index = 0; index < 20; index += 1)
    assert.equal(await produce(), STORAGE_ERROR, "the volume is full");
  assert.deepEqual(
    (await directories()).map(({ errorCode }) => errorCode),
    [0, 0],
    "a full volume is not a failed one",
  );
  rmSync(filler);
  await sleep(NEXT_LOOK_MS);
  assert.equal(await produce(), 0, "writes resume after a really full volume");
  console.log("ok - filled to the last byte");

  await client[Symbol.asyncDispose]();
  await server.close();
  const again = await start();
  const reader = await WireClient.connect(again.port);
  const values: string[] = [];
  while (values.length < written.length) {
    const some = valuesOf(await fetchFrom(reader, "t", values.length, { partition: onVolume }));
    assert.notEqual(some.length, 0);
    values.push(...some.map((value) => value.slice(value.indexOf(":") + 1)));
  }
  assert.deepEqual(values, written, "what was acknowledged is there, and nothing else");
  assert.deepEqual(fatal, []);
  await reader[Symbol.asyncDispose]();
  await again.close();
  console.log("ok - after a restart");
}

const reason = mount();
try {
  if (reason === undefined) await run();
  else console.log(`ok - full volume # SKIP ${reason}`);
} finally {
  if (reason === undefined) execFileSync("umount", ["-l", volume]);
  rmSync(root, { recursive: true, force: true });
}
