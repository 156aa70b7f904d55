import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * AddRaftVoter (key 80): adds a voter to the metadata quorum (KIP-853). Versions 0 to 1, flexible
 * from 0.
 */

export const addRaftVoterRequest = message({
  apiKey: 80,
  name: "AddRaftVoterRequest",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    clusterId: f.string({ nullable: "0+" }),
    timeoutMs: f.int32(),
    voterId: f.int32(),
    voterDirectoryId: f.uuid(),
    listeners: f.array({ fields: { name: f.string(), host: f.string(), port: f.uint16() } }),
    ackWhenCommitted: f.bool({ versions: "1+", default: true }),
  },
});

export interface AddRaftVoterRequest extends Infer<typeof addRaftVoterRequest> {}

export const addRaftVoterResponse = message({
  apiKey: 80,
  name: "AddRaftVoterResponse",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
  },
});

export interface AddRaftVoterResponse extends Infer<typeof addRaftVoterResponse> {}
