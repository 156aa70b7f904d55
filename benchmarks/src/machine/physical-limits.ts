import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { LimitSizes } from "../plans.ts";
import type { MeasurementLog } from "../results/measurement-log.ts";
import type { WireLoad } from "../native/wire-load.ts";

const MEBIBYTE = 2 ** 20;
const CHUNK = Buffer.alloc(MEBIBYTE, "ottla");

/** One 16 KiB batch, which is what the Java producer sends by default. */
const SMALL_WRITE = Buffer.alloc(16 * 1024, "ottla");

const SERIES = "machine";

/** What no broker on this machine can exceed, measured in the same run as everything else. */
export async function measureLimits(
  log: MeasurementLog,
  directory: string,
  sizes: LimitSizes,
  wireLoad: WireLoad | undefined,
): Promise<void> {
  const add = (
    id: string,
    title: string,
    unit: string,
    better: "higher" | "lower",
    value: number,
  ): void => log.add({ id: `limits/${id}`, section: "limits", title, unit, better }, SERIES, value);
  const { diskMebibytes, syncs, loopbackMebibytes } = sizes;
  add(
    "disk",
    `write ${diskMebibytes} MiB in 1 MiB steps, one fdatasync`,
    "MB/s",
    "higher",
    sequentialWrite(directory, diskMebibytes),
  );
  const { syncMs, rate } = syncedWrites(directory, syncs);
  add("sync", "16 KiB write with fdatasync, mean", "ms", "lower", syncMs);
  add("sync-rate", "16 KiB writes, each with fdatasync", "MB/s", "higher", rate);
  add("memory", "memory copy, 64 MiB blocks, one thread", "MB/s", "higher", memoryCopy());
  const loopback = await loopbackThroughput(loopbackMebibytes);
  add("loopback", "TCP over loopback, Node to Node, 64 KiB writes", "MB/s", "higher", loopback);
  if (wireLoad === undefined) return;
  const bare = await wireLoad.loopback(loopbackMebibytes * MEBIBYTE, 64 * 1024);
  add("loopback-bare", "TCP over loopback, bare sockets, 64 KiB writes", "MB/s", "higher", bare);
}

function sequentialWrite(directory: string, mebibytes: number): number {
  const file = path.join(directory, "sequential-write");
  const descriptor = openSync(file, "w");
  const startedAt = performance.now();
  for (let written = 0; written < mebibytes; written++) writeSync(descriptor, CHUNK);
  fdatasyncSync(descriptor);
  const seconds = (performance.now() - startedAt) / 1000;
  closeSync(descriptor);
  rmSync(file);
  return (mebibytes * MEBIBYTE) / 1e6 / seconds;
}

function syncedWrites(directory: string, syncs: number): { syncMs: number; rate: number } {
  const file = path.join(directory, "synced-writes");
  const descriptor = openSync(file, "w");
  const startedAt = performance.now();
  for (let written = 0; written < syncs; written++) {
    writeSync(descriptor, SMALL_WRITE);
    fdatasyncSync(descriptor);
  }
  const elapsedMs = performance.now() - startedAt;
  closeSync(descriptor);
  rmSync(file);
  return { syncMs: elapsedMs / syncs, rate: (syncs * SMALL_WRITE.length) / 1e3 / elapsedMs };
}

function memoryCopy(): number {
  const block = 64 * MEBIBYTE;
  const from = Buffer.alloc(block, "a");
  const to = Buffer.alloc(block, "b");
  const copies = 16;
  from.copy(to);
  const startedAt = performance.now();
  for (let copy = 0; copy < copies; copy++) from.copy(to);
  return (copies * block) / 1e3 / (performance.now() - startedAt);
}

/** The sender runs in a thread of its own, as a client would. */
const SENDER = `
  const { workerData } = require("node:worker_threads");
  const socket = require("node:net").connect(workerData.port, "127.0.0.1");
  const chunk = Buffer.alloc(64 * 1024, "a");
  let left = workerData.chunks;
  const send = () => { while (left > 0) { left--; if (!socket.write(chunk)) return; } socket.end(); };
  socket.on("connect", send);
  socket.on("drain", send);
`;

async function loopbackThroughput(mebibytes: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const rate = new Promise<number>((resolve, reject) => {
    server.once("connection", (socket) => {
      const startedAt = performance.now();
      let received = 0;
      socket.on("data", (chunk) => (received += chunk.length));
      socket.once("end", () => resolve(received / 1e3 / (performance.now() - startedAt)));
      socket.once("error", reject);
    });
  });
  const sender = new Worker(SENDER, { eval: true, workerData: { port, chunks: mebibytes * 16 } });
  try {
    return await rate;
  } finally {
    await sender.terminate();
    server.close();
  }
}
