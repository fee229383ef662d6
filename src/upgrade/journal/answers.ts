import { deflateSync, inflateSync } from "node:zlib";

/** What a statement came to, as the migration saw it: a result, or the driver's error. */
export type Outcome =
  | { readonly kind: "answered"; readonly response: unknown; readonly context?: unknown }
  | { readonly kind: "refused"; readonly error: DriverErrorFields };

/** The parts of a driver's error that a migration may look at. */
export interface DriverErrorFields {
  readonly message: string;
  readonly code?: string | number;
  readonly errno?: number;
  readonly sqlState?: string;
  readonly sqlMessage?: string;
}

/** mysql2's answer to a statement that has changed no row; also of one that needed not be sent. */
export const PLAIN_OK = [{ fieldCount: 0, affectedRows: 0, insertId: 0, info: "", serverStatus: 2, warningStatus: 0 }, undefined] as const;

const TAG = "$upgate";

/** JSON that keeps what SQL drivers answer beyond JSON: dates, buffers, big integers, undefined, NaN. */
export function encodeAnswer(outcome: unknown): string {
  return JSON.stringify(tagged(outcome));
}

export function decodeAnswer(text: string): unknown {
  return untagged(JSON.parse(text));
}

/** An answer too long to be read by people, compressed; see `pack`. */
interface Packed {
  readonly packed: string;
}

/** About a tenth of the text. */
export function pack(answer: string): string {
  return JSON.stringify({ packed: deflateSync(answer).toString("base64") } satisfies Packed);
}

export function unpack(answer: string): string {
  const { packed } = answer.startsWith('{"packed":') ? (JSON.parse(answer) as Packed) : { packed: null };
  return packed === null ? answer : inflateSync(Buffer.from(packed, "base64")).toString("utf8");
}

function tagged(value: unknown): unknown {
  switch (typeof value) {
    case "undefined":
      return { [TAG]: "undefined" };
    case "bigint":
      return { [TAG]: "bigint", value: String(value) };
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { [TAG]: "number", value: Object.is(value, -0) ? "-0" : String(value) };
    case "object":
      return value === null ? null : taggedObject(value);
    case "function":
    case "symbol":
      return { [TAG]: "undefined" };
    default:
      return value;
  }
}

function taggedObject(value: object): unknown {
  if (Array.isArray(value)) return value.map(tagged);
  if (value instanceof Date) return { [TAG]: "date", value: value.getTime() };
  if (Buffer.isBuffer(value)) return { [TAG]: "buffer", value: value.toString("base64") };
  if (value instanceof ArrayBuffer) return { [TAG]: "arraybuffer", value: Buffer.from(value).toString("base64") };
  if (ArrayBuffer.isView(value))
    return { [TAG]: "buffer", value: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  const members = Object.entries(value).map(([name, member]) => [name, tagged(member)] as const);
  const plain = Object.fromEntries(members);
  return TAG in plain ? { [TAG]: "object", value: plain } : plain;
}

function untagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untagged);
  if (typeof value !== "object" || value === null) return value;
  const mark = (value as Record<string, unknown>)[TAG];
  if (mark === undefined) return membersOf(value);
  const { value: inner } = value as { value?: unknown };
  switch (mark) {
    case "undefined":
      return undefined;
    case "bigint":
      return BigInt(inner as string);
    case "number":
      return Number(inner);
    case "date":
      return new Date((inner as number | null) ?? Number.NaN);
    case "buffer":
      return Buffer.from(inner as string, "base64");
    case "arraybuffer":
      return new Uint8Array(Buffer.from(inner as string, "base64")).buffer;
    case "object":
      return membersOf(inner as object);
    default:
      throw new Error(`The journal holds an answer of an unknown kind: ${String(mark)}`);
  }
}

function membersOf(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, untagged(member)]));
}

/** mysql2 answers `[rows, fields]`; its fields hold whole packets, of which a migration may look at name and type. */
export function answered(response: unknown, context: unknown): Outcome {
  const plain = context === undefined ? {} : { context };
  if (!Array.isArray(response) || response.length !== 2 || !Array.isArray(response[1])) return { kind: "answered", response, ...plain };
  return { kind: "answered", response: [response[0], response[1].map(plainField)], ...plain };
}

function plainField(field: unknown): unknown {
  if (Array.isArray(field)) return field.map(plainField);
  if (typeof field !== "object" || field === null) return field;
  const { name, columnType, type, table } = field as Record<string, unknown>;
  return { name, columnType, type, table };
}

/** Without the statement that mysql2 puts into its errors: it holds the values. */
export function refusedBy(error: unknown): Outcome {
  const { message, code, errno, sqlState, sqlMessage } = error as DriverErrorFields;
  return { kind: "refused", error: { message, code, errno, sqlState, sqlMessage } as DriverErrorFields };
}

/** The recorded error, as thrown by a driver. */
export function errorOf({ message, ...fields }: DriverErrorFields): Error {
  return Object.assign(new Error(message), fields);
}
