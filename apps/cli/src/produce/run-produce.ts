import type { ProducerMessage } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import { parseAcks, parseCompression, producerOptions } from "../options/client-settings.ts";
import { unescapeText } from "../options/escapes.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { LineError } from "./line-format.ts";
import { produceLines } from "./produce-lines.ts";

export interface ProduceFlags extends ConnectionFlags {
  readonly key?: string;
  readonly keySeparator?: string;
  readonly header?: readonly string[];
  readonly partition?: number;
  readonly compression?: string;
  readonly acks?: string;
}

export async function runProduce(topic: string, flags: ProduceFlags): Promise<void> {
  const { compression, acks } = flags;
  await produceLines({
    topic,
    producer: {
      ...producerOptions(flags),
      ...(compression === undefined ? {} : { compression: parseCompression(compression) }),
      ...(acks === undefined ? {} : { acks: parseAcks(acks) }),
    },
    parse: lineParser(flags),
    prompt: "> ",
  });
}

function lineParser({
  key,
  keySeparator,
  header = [],
  partition,
}: ProduceFlags): (line: Buffer) => ProducerMessage {
  if (key !== undefined && keySeparator !== undefined)
    throw new UsageError(
      "-k gives every record one key, -K takes it from the line: use one of them",
    );
  if (keySeparator === "") throw new UsageError("-K needs a text between key and value");
  const headers = header.map(parseHeader);
  const separator =
    keySeparator === undefined ? undefined : Buffer.from(unescapeText(keySeparator));
  const fixed = {
    ...(headers.length === 0 ? {} : { headers }),
    ...(partition === undefined ? {} : { partition }),
    ...(key === undefined ? {} : { key }),
  };
  return (line) => {
    if (separator === undefined) return { ...fixed, value: line };
    const at = line.indexOf(separator);
    if (at < 0) throw new LineError(`no key separator ${JSON.stringify(separator.toString())}`);
    return { ...fixed, key: line.subarray(0, at), value: line.subarray(at + separator.length) };
  };
}

function parseHeader(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`"${text}" after -H is not of the form name=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}
