import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * FindCoordinator (key 10): finds the coordinator of a group (type 0), a transactional id (1) or
 * a share partition (2, from version 6, KIP-932). From 4 on several keys at once (KIP-699).
 * Versions 0 to 6, flexible from 3.
 */

export const findCoordinatorRequest = message({
  apiKey: 10,
  name: "FindCoordinatorRequest",
  validVersions: "0-6",
  flexibleVersions: "3+",
  fields: {
    key: f.string({ versions: "0-3" }),
    keyType: f.int8({ versions: "1+" }),
    coordinatorKeys: f.array({ versions: "4+", of: f.string() }),
  },
});

export interface FindCoordinatorRequest extends Infer<typeof findCoordinatorRequest> {}

export const findCoordinatorResponse = message({
  apiKey: 10,
  name: "FindCoordinatorResponse",
  validVersions: "0-6",
  flexibleVersions: "3+",
  fields: {
    throttleTimeMs: f.int32({ versions: "1+" }),
    errorCode: f.int16({ versions: "0-3" }),
    errorMessage: f.string({ versions: "1-3", nullable: "1-3" }),
    nodeId: f.int32({ versions: "0-3" }),
    host: f.string({ versions: "0-3" }),
    port: f.int32({ versions: "0-3" }),
    coordinators: f.array({
      versions: "4+",
      fields: {
        key: f.string({ versions: "4+" }),
        nodeId: f.int32({ versions: "4+" }),
        host: f.string({ versions: "4+" }),
        port: f.int32({ versions: "4+" }),
        errorCode: f.int16({ versions: "4+" }),
        errorMessage: f.string({ versions: "4+", nullable: "4+" }),
      },
    }),
  },
});

export interface FindCoordinatorResponse extends Infer<typeof findCoordinatorResponse> {}
