import type { Clock, Random } from "@ottla/runtime";
import { FetchSession } from "./fetch-session.ts";

/** A session unused for this long may give its slot to another (Kafka's figure). */
const MIN_EVICTION_MS = 120_000;

/** A bounded set of fetch sessions. A client that gets no slot simply sends full requests. */
export class FetchSessionCache {
  readonly #sessions = new Map<number, FetchSession>();
  readonly #maxSlots: number;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: {
    readonly maxSlots: number;
    readonly clock: Clock;
    readonly random: Random;
  }) {
    this.#maxSlots = options.maxSlots;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(id: number): FetchSession | undefined {
    const session = this.#sessions.get(id);
    if (session) this.#touch(session);
    return session;
  }

  remove(id: number): void {
    this.#sessions.delete(id);
  }

  /** Undefined when every slot is in use by a session that is fresh and not smaller. */
  create(usesTopicIds: boolean, partitions: number): FetchSession | undefined {
    if (this.#sessions.size >= this.#maxSlots && !this.#evictFor(partitions)) return undefined;
    const session = new FetchSession(this.#newId(), usesTopicIds);
    this.#touch(session);
    return session;
  }

  /** Ids are random, so that a client that outlived a restart does not meet another's session. */
  #newId(): number {
    let id: number;
    do id = 1 + this.#random.nextInt(0x7ffffffe);
    while (this.#sessions.has(id));
    return id;
  }

  /** Re-inserting keeps the map in order of last use. */
  #touch(session: FetchSession): void {
    session.lastUsedMs = this.#clock.monotonicMs();
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
  }

  #evictFor(partitions: number): boolean {
    const oldest = this.#sessions.values().next().value;
    if (!oldest) return false;
    const stale = this.#clock.monotonicMs() - oldest.lastUsedMs > MIN_EVICTION_MS;
    if (!stale && oldest.size >= partitions) return false;
    this.#sessions.delete(oldest.id);
    return true;
  }
}
