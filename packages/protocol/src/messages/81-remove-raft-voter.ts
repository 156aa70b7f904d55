import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * RemoveRaftVoter (key 81): removes a voter from the metadata quorum (KIP-853). Version 0,
 * flexible from 0.
 */

export const removeRaftVoterRequest = message({
  apiKey: 81,
  name: "RemoveRaftVoterRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    clusterId: f.string({ nullable: "0+" }),
    voterId: f.int32(),
    voterDirectoryId: f.uuid(),
  },
});

export interface RemoveRaftVoterRequest extends Infer<typeof removeRaftVoterRequest> {}

export const removeRaftVoterResponse = message({
  apiKey: 81,
  name: "RemoveRaftVoterResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
  },
});

export interface RemoveRaftVoterResponse extends Infer<typeof removeRaftVoterResponse> {}
