import { EncodeError } from "../errors/encode-error.ts";
import { EMPTY_BYTES, type Fields } from "../schema/field.ts";
import type { VersionRange } from "../schema/version-range.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { DecoderSource } from "./decoder-source.ts";
import { EncoderSource } from "./encoder-source.ts";
import { versionContext } from "./layout.ts";

export type Decoder = (reader: ByteReader) => unknown;
export type Encoder = (writer: ByteWriter, value: unknown) => void;

/*
 * Turns one version of a table into a function. Everything in the generated source comes from our
 * tables (validated names, numbers, JSON-quoted strings), nothing from the wire.
 */

export function compileDecoder(fields: Fields, flexible: VersionRange, version: number): Decoder {
  const source = new DecoderSource(versionContext(version, flexible));
  const root = source.struct(fields);
  const create = new Function("EMPTY", `"use strict";\n${source.text()}\nreturn ${root};`);
  return create(EMPTY_BYTES) as Decoder;
}

export function compileEncoder(
  name: string,
  fields: Fields,
  flexible: VersionRange,
  version: number,
): Encoder {
  const source = new EncoderSource(versionContext(version, flexible));
  const root = source.struct(fields, []);
  const refuseNull = (path: string): never => {
    throw new EncodeError(`${name}.${path} is null, which version ${version} does not allow`);
  };
  const create = new Function(
    "EMPTY",
    "refuseNull",
    `"use strict";\n${source.text()}\nreturn ${root};`,
  );
  return create(EMPTY_BYTES, refuseNull) as Encoder;
}
