export * from "./batch-builder.ts";
export {
  buildCrashState,
  LOST_NAMES,
  LOST_WRITES,
  type CrashOptions,
  type LostNames,
  type LostWrites,
} from "./crash-states.ts";
export type { DiskOperation, NameChange } from "./disk-operation.ts";
export { FaultPlan, systemError, type Fault, type FaultyCall } from "./faults.ts";
export { MemoryFileSystem, type MemoryFileSystemOptions } from "./memory-file-system.ts";
export { SeededRandom, testSeed } from "./seeded-random.ts";
export { SimulatedClock } from "./simulated-clock.ts";
