import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Values of control records in a log: the marker which ends a transaction, and those of the
 * metadata quorum.
 */

export const endTxnMarker = message({
  name: "EndTxnMarker",
  validVersions: "0",
  flexibleVersions: "none",
  fields: { coordinatorEpoch: f.int32() },
});

export interface EndTxnMarker extends Infer<typeof endTxnMarker> {}

const voterFields = { voterId: f.int32(), voterDirectoryId: f.uuid({ versions: "1+" }) };

export const leaderChangeMessage = message({
  name: "LeaderChangeMessage",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    version: f.int16(),
    leaderId: f.int32(),
    voters: f.array({ fields: voterFields }),
    grantingVoters: f.array({ fields: voterFields }),
  },
});

export interface LeaderChangeMessage extends Infer<typeof leaderChangeMessage> {}

export const snapshotHeaderRecord = message({
  name: "SnapshotHeaderRecord",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { version: f.int16(), lastContainedLogTimestamp: f.int64() },
});

export interface SnapshotHeaderRecord extends Infer<typeof snapshotHeaderRecord> {}

export const snapshotFooterRecord = message({
  name: "SnapshotFooterRecord",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { version: f.int16() },
});

export interface SnapshotFooterRecord extends Infer<typeof snapshotFooterRecord> {}

export const kRaftVersionRecord = message({
  name: "KRaftVersionRecord",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { version: f.int16(), kRaftVersion: f.int16() },
});

export interface KRaftVersionRecord extends Infer<typeof kRaftVersionRecord> {}

export const votersRecord = message({
  name: "VotersRecord",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    version: f.int16(),
    voters: f.array({
      fields: {
        voterId: f.int32(),
        voterDirectoryId: f.uuid(),
        endpoints: f.array({ fields: { name: f.string(), host: f.string(), port: f.uint16() } }),
        kRaftVersionFeature: f.struct({
          fields: { minSupportedVersion: f.int16(), maxSupportedVersion: f.int16() },
        }),
      },
    }),
  },
});

export interface VotersRecord extends Infer<typeof votersRecord> {}
