import { invariant } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";
import { partitionKey } from "./directory-names.ts";
import type { EngineLinks } from "./engine-links.ts";
import type { EnginePartition } from "./engine-partition.ts";
import { GroupedCalls, type GroupedCall } from "./grouped-calls.ts";
import type { HostLink } from "./host-link.ts";
import type { PartitionTable } from "./partition-table.ts";
import type { PartitionSpec } from "./storage-engine.ts";

/** Between two groups the engine's thread and the hosts do other things. */
const CREATIONS_PER_GROUP = 256;

type Creation = GroupedCall<PartitionSpec, EnginePartition>;

/** Makes partitions, those that are wanted at the same time in one call per host. */
export class PartitionCreation {
  readonly #partitions: PartitionTable;
  readonly #links: EngineLinks;
  readonly #calls: GroupedCalls<PartitionSpec, EnginePartition>;

  constructor(partitions: PartitionTable, links: EngineLinks) {
    this.#partitions = partitions;
    this.#links = links;
    this.#calls = new GroupedCalls(CREATIONS_PER_GROUP, (group) => this.#create(group));
  }

  /** Resolves when the log is on disk. Rejects with StorageError when it cannot be made. */
  create(spec: PartitionSpec): Promise<EnginePartition> {
    return this.#calls.call(spec);
  }

  async #create(group: readonly Creation[]): Promise<void> {
    const places = this.#links.forNew(group.length);
    const byLink = Map.groupBy(group.entries(), ([index]) => places[index]!);
    await Promise.all(
      [...byLink].map(async ([link, creations]) => {
        const mine = creations.map(([, creation]) => creation);
        try {
          await this.#createOn(link, mine);
        } catch (error) {
          for (const { reject } of mine) reject(error);
        }
      }),
    );
  }

  async #createOn(link: HostLink, creations: readonly Creation[]): Promise<void> {
    const requests = creations.map(({ argument }) => this.#partitions.createRequest(argument));
    const answers = await link.callHost("create", requests);
    for (const [index, { argument, resolve, reject }] of creations.entries()) {
      const request = requests[index]!;
      const answer = answers[index];
      invariant(
        answer?.partitionId === request.partitionId,
        "partitions are answered in the order asked",
      );
      if ("failure" in answer)
        reject(new StorageError(`${partitionKey(argument)}: ${answer.failure}`, { fatal: false }));
      else resolve(this.#partitions.adoptCreated(request, answer, link));
    }
  }
}
