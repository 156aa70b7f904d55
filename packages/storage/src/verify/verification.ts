import type { FileSystem } from "@ottla/runtime";

/**
 * `damage`: data that was promised cannot be read as written. `repairable`: a file that the next start builds anew
 * from the log, or a torn tail that it cuts. `note`: worth knowing, nothing is wrong.
 */
export type Severity = "damage" | "repairable" | "note";

export interface Finding {
  readonly severity: Severity;
  /** Path of the file or directory. */
  readonly file: string;
  /** Byte in the file, where that says something. */
  readonly position?: number;
  readonly message: string;
}

export interface PartitionVerification {
  /** Name of the directory: topic, dash, partition. */
  readonly name: string;
  readonly topicId: string | undefined;
  readonly segments: number;
  readonly batches: number;
  readonly records: number;
  readonly sizeBytes: number;
  /** First offset that counts: from the log-start checkpoint, or the first segment. */
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly findings: readonly Finding[];
}

export interface LogVerification {
  readonly path: string;
  readonly partitions: readonly PartitionVerification[];
  /** Of files that belong to no partition. */
  readonly findings: readonly Finding[];
  readonly bytesChecked: number;
}

export interface VerifyOptions {
  /** Only read from. */
  readonly fileSystem: FileSystem;
  /** Also decompress the batches and read every record. */
  readonly deep?: boolean;
  /** Called after about every MiB, so that the event loop gets its turn. */
  readonly onProgress?: (
    bytesChecked: number,
    bytesTotal: number,
    partition: string,
  ) => void | Promise<void>;
}

/** Collects what is found. */
export class Findings {
  readonly all: Finding[] = [];

  damage(file: string, message: string, position?: number): void {
    this.#add("damage", file, message, position);
  }

  repairable(file: string, message: string, position?: number): void {
    this.#add("repairable", file, message, position);
  }

  note(file: string, message: string): void {
    this.#add("note", file, message, undefined);
  }

  #add(severity: Severity, file: string, message: string, position: number | undefined): void {
    this.all.push({ severity, file, message, ...(position !== undefined && { position }) });
  }
}
