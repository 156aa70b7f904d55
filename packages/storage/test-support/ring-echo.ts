import { parentPort, workerData } from "node:worker_threads";
import { DescriptorRing } from "../src/engine/descriptor-ring.ts";

/** Answers each entry with its number, for the stress test of the ring: `take` and `wait` follow each other as fast as they can. */
async function echo(requests: DescriptorRing, answers: DescriptorRing): Promise<void> {
  while (!requests.stopped) {
    const seen = requests.noteSignal();
    let answered = false;
    for (let entry = requests.take(); entry !== -1; entry = requests.take()) {
      answers.setInt(answers.next(), 0, requests.int(entry, 0));
      answered = true;
    }
    if (answered) answers.publish();
    await requests.waitBeyond(seen);
  }
}

const { requests, answers } = workerData as {
  requests: SharedArrayBuffer;
  answers: SharedArrayBuffer;
};
// Waiting on shared memory does not keep a thread alive; listening does.
parentPort?.on("message", () => {});
await echo(new DescriptorRing(requests), new DescriptorRing(answers));
parentPort?.close();
