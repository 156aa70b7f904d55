import type { TargetName } from "../results/measurement.ts";

/** A broker in a process of its own, whose memory and processor time can be read. */
export interface MeasuredBroker {
  readonly name: TargetName;
  readonly port: number;
  readonly bootstrap: string;
  /** Of the process that holds all its threads. */
  readonly pid: number;
  /** False once the process has ended for whatever reason. */
  readonly isRunning: boolean;
  stop(): Promise<void>;
  /** Without any chance to write out what it has; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Starting is split so that only the start of the process is measured, not what comes before it once in a life. */
export interface PreparedBroker {
  readonly name: TargetName;
  readonly port: number;
  /** Resolves as soon as the process exists; it need not serve yet. */
  spawn(): MeasuredBroker;
}
