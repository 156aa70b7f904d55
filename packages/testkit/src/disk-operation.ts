/** A name in a directory that starts or ceases to stand for an inode. */
export interface NameChange {
  readonly directory: number;
  readonly name: string;
  /** Undefined when the name is removed. */
  readonly inode: number | undefined;
}

/**
 * What a file system was asked to do, as far as a power loss can tell. `upTo` of a sync is the count of
 * operations when it was called: what came after that call is not covered by it.
 */
export type DiskOperation =
  | { readonly kind: "create"; readonly inode: number; readonly isDirectory: boolean }
  /** All changes take effect together or not at all: a rename removes one name and sets another. */
  | { readonly kind: "names"; readonly changes: readonly NameChange[]; readonly atMs: number }
  | {
      readonly kind: "write";
      readonly inode: number;
      readonly position: number;
      readonly bytes: Uint8Array;
      readonly atMs: number;
    }
  | {
      readonly kind: "truncate";
      readonly inode: number;
      readonly sizeBytes: number;
      readonly atMs: number;
    }
  | { readonly kind: "sync-file"; readonly inode: number; readonly upTo: number }
  /** The kernel drops what it could not write and calls it clean: no later sync covers it. */
  | { readonly kind: "sync-failed"; readonly inode: number; readonly upTo: number }
  | { readonly kind: "sync-directory"; readonly inode: number; readonly upTo: number };

export const ROOT_INODE = 0;
