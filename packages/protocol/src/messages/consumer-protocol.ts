import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * What members of a classic consumer group say to each other through the broker, which only
 * passes it on: each behind an int16 version. 1 lists owned partitions (KIP-429), 2 the
 * generation (KIP-792), 3 the rack (KIP-881).
 */

export const consumerProtocolSubscription = message({
  name: "ConsumerProtocolSubscription",
  validVersions: "0-3",
  flexibleVersions: "none",
  fields: {
    topics: f.array({ of: f.string() }),
    userData: f.bytes({ nullable: "0+", default: null }),
    ownedPartitions: f.array({
      versions: "1+",
      fields: {
        topic: f.string({ versions: "1+" }),
        partitions: f.array({ versions: "1+", of: f.int32() }),
      },
    }),
    generationId: f.int32({ versions: "2+", default: -1 }),
    rackId: f.string({ versions: "3+", nullable: "3+", default: null }),
  },
});

export interface ConsumerProtocolSubscription extends Infer<typeof consumerProtocolSubscription> {}

export const consumerProtocolAssignment = message({
  name: "ConsumerProtocolAssignment",
  validVersions: "0-3",
  flexibleVersions: "none",
  fields: {
    assignedPartitions: f.array({
      fields: { topic: f.string(), partitions: f.array({ of: f.int32() }) },
    }),
    userData: f.bytes({ nullable: "0+", default: null }),
  },
});

export interface ConsumerProtocolAssignment extends Infer<typeof consumerProtocolAssignment> {}
