import { CLIENTS, type ClientName } from "../options.ts";
import type { BenchContext } from "./bench-context.ts";

const CLIENT_TITLES: Readonly<Record<ClientName, string>> = {
  java: "Java",
  librdkafka: "librdkafka",
};

export function clientNames({ java, librdkafka }: BenchContext): ClientName[] {
  return CLIENTS.filter((name) => (name === "java" ? java : librdkafka) !== undefined);
}

export function sizeName(bytes: number): string {
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

export function workloadName(client: ClientName, recordBytes: number, partitions: number): string {
  const count = partitions === 1 ? "1 partition" : `${partitions} partitions`;
  return `${CLIENT_TITLES[client]}, ${sizeName(recordBytes)}, ${count}`;
}

let topics = 0;

/** Every run has its own topic, so that none reads what another wrote. */
export function topicName(): string {
  topics++;
  return `bench-${topics}`;
}
