import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/** Key of a control record, behind an int16 version as in `encodeVersioned`. */
export const controlRecordKey = message({
  name: "ControlRecordTypeSchema",
  validVersions: "0",
  flexibleVersions: "none",
  fields: { type: f.int16() },
});

export interface ControlRecordKey extends Infer<typeof controlRecordKey> {}

/** The types that a control record key names. */
export const ControlRecordType = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const;
