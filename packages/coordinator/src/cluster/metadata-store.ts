/** Plain data that every store can encode: no class instances, no functions, no undefined. */
export type MetadataValue =
  | string
  | number
  | boolean
  | null
  | readonly MetadataValue[]
  | { readonly [field: string]: MetadataValue };

export interface MetadataEntry {
  readonly value: MetadataValue;
  /** Store revision of the last change of this key. */
  readonly revision: number;
}

/** A consistent view of everything, as of `revision`. */
export interface StoreContents {
  readonly revision: number;
  readonly entries: ReadonlyMap<string, MetadataEntry>;
}

/** `value: undefined` removes the key. */
export interface MetadataChange {
  readonly key: string;
  readonly value: MetadataValue | undefined;
}

/** The key must still have been changed last at `revision`; 0 means that it must not exist. */
export interface Expectation {
  readonly key: string;
  readonly revision: number;
}

export interface CompareAndSet {
  readonly expect: readonly Expectation[];
  readonly changes: readonly MetadataChange[];
}

/** `ok: false`: an expectation did not hold, nothing was changed; read again and decide anew. */
export type CompareAndSetResult =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly conflictKey: string };

/** The changes of one committed transaction. Every watcher sees each revision once and in order. */
export interface MetadataUpdate {
  readonly revision: number;
  readonly changes: readonly MetadataChange[];
}

/** Ownership of a name for as long as it is renewed. */
export interface MetadataLease {
  readonly name: string;
  /** False as soon as another process could hold it: stop acting as the owner at once. */
  readonly held: boolean;
  release(): Promise<void>;
}

/**
 * Where the metadata of the cluster lives. Small on purpose, so that a local log and a real
 * consensus system are the same to everyone above: a revision that grows by one with every
 * committed transaction, and transactions that hold only if nobody else changed the same keys.
 *
 * A transaction is durable before `compareAndSet` resolves and before any watcher hears of it.
 * Failures (disk, network) reject; after a rejection it is unknown whether the change was made.
 */
export interface MetadataStore {
  read(): Promise<StoreContents>;
  compareAndSet(transaction: CompareAndSet): Promise<CompareAndSetResult>;
  /** Calls `listener` for every update after `fromRevision`. Returns a function that stops it. */
  watch(fromRevision: number, listener: (update: MetadataUpdate) => void): () => void;
  /** Takes the lease `name`, or undefined while another process holds it. */
  lease(name: string): Promise<MetadataLease | undefined>;
  close(): Promise<void>;
}
