import type { ProducerOptions } from "@ottla/client";
import { parseAcks, parseCompression, producerOptions } from "../options/client-settings.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { parsePairs, readPropertiesFile } from "../options/properties-file.ts";
import { parseLine, readLineFormat } from "./line-format.ts";
import { produceLines } from "./produce-lines.ts";

export interface ConsoleProducerFlags extends ConnectionFlags {
  readonly topic: string;
  readonly readerProperty?: readonly string[];
  readonly property?: readonly string[];
  readonly readerConfig?: string;
  readonly producerProperty?: readonly string[];
  readonly "producer.config"?: string;
  readonly compressionCodec?: string | true;
  readonly requestRequiredAcks?: string;
  readonly acks?: string;
  readonly sync?: true;
  readonly batchSize?: number;
  readonly maxPartitionMemoryBytes?: number;
  readonly timeout?: number;
  readonly maxBlockMs?: number;
  readonly maxMemoryBytes?: number;
  readonly metadataExpiryMs?: number;
  readonly requestTimeoutMs?: number;
  readonly retryBackoffMs?: number;
}

export async function runConsoleProducer(flags: ConsoleProducerFlags): Promise<void> {
  const format = readLineFormat(
    new Map([
      ...(flags.readerConfig === undefined ? [] : readPropertiesFile(flags.readerConfig)),
      ...parsePairs(flags.property ?? [], "--property"),
      ...parsePairs(flags.readerProperty ?? [], "--reader-property"),
    ]),
  );
  const configFile = flags["producer.config"];
  const properties = new Map([
    ...(configFile === undefined ? [] : readPropertiesFile(configFile)),
    ...parsePairs(flags.producerProperty ?? [], "--producer-property"),
  ]);
  await produceLines({
    topic: flags.topic,
    producer: { ...producerOptions(flags, properties), ...optionsOfFlags(flags) },
    parse: (line) => parseLine(line, format),
    isOneByOne: flags.sync === true,
    prompt: ">",
  });
}

function optionsOfFlags(flags: ConsoleProducerFlags): Partial<ProducerOptions> {
  const {
    compressionCodec,
    timeout,
    maxBlockMs,
    maxMemoryBytes,
    metadataExpiryMs,
    requestTimeoutMs,
    retryBackoffMs,
  } = flags;
  const acks = flags.requestRequiredAcks ?? flags.acks;
  const batchSize = flags.batchSize ?? flags.maxPartitionMemoryBytes;
  return {
    ...(acks === undefined ? {} : { acks: parseAcks(acks) }),
    ...(compressionCodec === undefined
      ? {}
      : { compression: parseCompression(compressionCodec === true ? "gzip" : compressionCodec) }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(timeout === undefined ? {} : { lingerMs: timeout }),
    ...(maxBlockMs === undefined ? {} : { maxBlockMs }),
    ...(maxMemoryBytes === undefined ? {} : { bufferMemory: maxMemoryBytes }),
    ...(metadataExpiryMs === undefined ? {} : { metadataMaxAgeMs: metadataExpiryMs }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    ...(retryBackoffMs === undefined ? {} : { retryBackoffMs }),
  };
}
