import { NO_VERSIONS, parseVersions, type VersionRange } from "./version-range.ts";

/** Kafka's all-zero uuid in its base64url text form; the default of every uuid field. */
export const ZERO_UUID = "AAAAAAAAAAAAAAAAAAAAAA";

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

/** Bytes to encode: one piece, or a list of slices which are sent one after the other. */
export type BytesInput = Uint8Array | readonly Uint8Array[];

export type FieldType =
  | "bool"
  | "int8"
  | "int16"
  | "uint16"
  | "int32"
  | "int64"
  | "float64"
  | "uuid"
  | "string"
  | "bytes"
  | "records"
  | "array"
  | "struct";

/**
 * One field of a message table. `T` is the static type of its decoded value; it exists for the
 * compiler only, no value of it is ever stored in the table.
 */
export interface Field<T> {
  readonly type: FieldType;
  readonly versions: VersionRange;
  readonly nullable: VersionRange;
  readonly tagged: VersionRange;
  /** Tag number in the versions where the field is tagged, -1 when it never is. */
  readonly tag: number;
  /** Value of the field where it is absent. Arrays and structs that default to "empty" have `undefined`. */
  readonly default: FieldDefault;
  /** True for the one field (client id in the request header) that never uses the compact form. */
  readonly neverCompact: boolean;
  /** Element of an array. */
  readonly element: Field<unknown> | null;
  /** Members of a struct. */
  readonly fields: Fields | null;
  readonly valueType?: T;
}

export type FieldDefault = boolean | number | bigint | string | Uint8Array | null | undefined;

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** Static type of a set of fields. */
export type ValueOf<F extends Fields> = {
  -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

interface Options<D> {
  /** Versions that have the field; "0+" when left out. */
  readonly versions?: string;
  readonly nullable?: string;
  /** Versions in which the field is a tagged field, and its tag. */
  readonly tagged?: string;
  readonly tag?: number;
  readonly default?: D;
  readonly flexible?: "none";
}

type Nullable<D> = Options<D | null> & { readonly nullable: string };
type NotNullable<D> = Options<D> & { readonly nullable?: never };
type NoOptions = Options<never>;

function field<T>(
  type: FieldType,
  zero: FieldDefault,
  options: Options<unknown> | undefined,
  parts: { element?: Field<unknown>; fields?: Fields } = {},
): Field<T> {
  return {
    type,
    versions: parseVersions(options?.versions ?? "0+"),
    nullable: options?.nullable === undefined ? NO_VERSIONS : parseVersions(options.nullable),
    tagged: options?.tagged === undefined ? NO_VERSIONS : parseVersions(options.tagged),
    tag: options?.tag ?? -1,
    default: options?.default === undefined ? zero : (options.default as FieldDefault),
    neverCompact: options?.flexible === "none",
    element: parts.element ?? null,
    fields: parts.fields ?? null,
  };
}

function string(options?: NotNullable<string>): Field<string>;
function string(options: Nullable<string>): Field<string | null>;
function string(options?: Options<string | null>): Field<string | null> {
  return field("string", "", options);
}

function bytes(options?: NotNullable<never>): Field<Uint8Array>;
function bytes(options: Nullable<never>): Field<Uint8Array | null>;
function bytes(options?: Options<null>): Field<Uint8Array | null> {
  return field("bytes", EMPTY_BYTES, options);
}

interface ElementOf<T> {
  readonly of: Field<T>;
}
interface WithFields<F extends Fields> {
  readonly fields: F;
}

function array<F extends Fields>(options: NotNullable<never> & WithFields<F>): Field<ValueOf<F>[]>;
function array<F extends Fields>(
  options: Nullable<never> & WithFields<F>,
): Field<ValueOf<F>[] | null>;
function array<T>(options: NotNullable<never> & ElementOf<T>): Field<T[]>;
function array<T>(options: Nullable<never> & ElementOf<T>): Field<T[] | null>;
function array(
  options: Options<null> & Partial<ElementOf<unknown> & WithFields<Fields>>,
): Field<unknown> {
  const element =
    options.of ?? field<unknown>("struct", undefined, undefined, { fields: options.fields ?? {} });
  return field("array", undefined, options, { element });
}

function struct<F extends Fields>(options: NotNullable<never> & WithFields<F>): Field<ValueOf<F>>;
function struct<F extends Fields>(
  options: Nullable<never> & WithFields<F>,
): Field<ValueOf<F> | null>;
function struct(options: Options<null> & WithFields<Fields>): Field<unknown> {
  return field("struct", undefined, options, { fields: options.fields });
}

/** The constructors of fields; `message` puts them together. */
export const f = {
  bool: (options?: Options<boolean>): Field<boolean> => field("bool", false, options),
  int8: (options?: Options<number>): Field<number> => field("int8", 0, options),
  int16: (options?: Options<number>): Field<number> => field("int16", 0, options),
  uint16: (options?: Options<number>): Field<number> => field("uint16", 0, options),
  int32: (options?: Options<number>): Field<number> => field("int32", 0, options),
  int64: (options?: Options<bigint>): Field<bigint> => field("int64", 0n, options),
  float64: (options?: Options<number>): Field<number> => field("float64", 0, options),
  uuid: (options?: NoOptions): Field<string> => field("uuid", ZERO_UUID, options),
  string,
  bytes,
  /** Record batches: a view of the input when decoded, spliced in without a copy when encoded. */
  records: (options?: Options<null>): Field<Uint8Array | null> => field("records", null, options),
  array,
  struct,
};
