export type * from "./engine/storage-engine.ts";
export type { SlabPool, SlabSlice } from "./engine/slab-pool.ts";
export { defaultLogConfig, type CompressionSetting, type LogConfig } from "./log/log-config.ts";
