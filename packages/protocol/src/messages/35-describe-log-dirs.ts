import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeLogDirs (key 35): describes log directories and what lies in them (KIP-113). 4 tells
 * total and usable bytes (KIP-827), 5 whether a directory is cordoned (KIP-1066). Versions 1 to
 * 5, flexible from 2.
 */

export const describeLogDirsRequest = message({
  apiKey: 35,
  name: "DescribeLogDirsRequest",
  validVersions: "1-5",
  flexibleVersions: "2+",
  fields: {
    topics: f.array({
      nullable: "0+",
      fields: { topic: f.string(), partitions: f.array({ of: f.int32() }) },
    }),
  },
});

export interface DescribeLogDirsRequest extends Infer<typeof describeLogDirsRequest> {}

export const describeLogDirsResponse = message({
  apiKey: 35,
  name: "DescribeLogDirsResponse",
  validVersions: "1-5",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16({ versions: "3+" }),
    results: f.array({
      fields: {
        errorCode: f.int16(),
        logDir: f.string(),
        topics: f.array({
          fields: {
            name: f.string(),
            partitions: f.array({
              fields: {
                partitionIndex: f.int32(),
                partitionSize: f.int64(),
                offsetLag: f.int64(),
                isFutureKey: f.bool(),
              },
            }),
          },
        }),
        totalBytes: f.int64({ versions: "4+", default: -1n }),
        usableBytes: f.int64({ versions: "4+", default: -1n }),
        isCordoned: f.bool({ versions: "5+" }),
      },
    }),
  },
});

export interface DescribeLogDirsResponse extends Infer<typeof describeLogDirsResponse> {}
