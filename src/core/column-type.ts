import { isWord, type Token, Tokens } from "./statement-tokens.js";

/** How much a column of MySQL or MariaDB can hold. */
export type ColumnCapacity =
  | { readonly kind: "integer"; readonly least: bigint; readonly most: bigint }
  /** Digits before the point and behind it. */
  | { readonly kind: "decimal"; readonly whole: number; readonly scale: number; readonly signed: boolean }
  /** Bits of the significand. */
  | { readonly kind: "float"; readonly bits: 24 | 53; readonly signed: boolean }
  | { readonly kind: "text"; readonly unit: "characters" | "bytes"; readonly length: number; readonly binary: boolean }
  /** ENUM, and SET with `several`. Values in lower case. */
  | { readonly kind: "choice"; readonly values: readonly string[]; readonly several: boolean }
  /** `fraction`: digits of a second. */
  | { readonly kind: "moment"; readonly unit: "date" | "datetime" | "timestamp" | "time" | "year"; readonly fraction: number }
  | { readonly kind: "bit"; readonly bits: number }
  | { readonly kind: "json" }
  | { readonly kind: "other"; readonly text: string };

const INTEGER_BYTES: Readonly<Record<string, number>> = {
  tinyint: 1,
  int1: 1,
  bool: 1,
  boolean: 1,
  smallint: 2,
  int2: 2,
  mediumint: 3,
  int3: 3,
  middleint: 3,
  int: 4,
  int4: 4,
  integer: 4,
  bigint: 8,
  int8: 8,
  serial: 8,
};
const TEXT_BYTES: Readonly<Record<string, number>> = {
  tinytext: 2 ** 8 - 1,
  tinyblob: 2 ** 8 - 1,
  text: 2 ** 16 - 1,
  blob: 2 ** 16 - 1,
  mediumtext: 2 ** 24 - 1,
  mediumblob: 2 ** 24 - 1,
  long: 2 ** 24 - 1,
  longtext: 2 ** 32 - 1,
  longblob: 2 ** 32 - 1,
};
const CHARACTERS = new Set(["char", "character", "varchar", "varcharacter", "nchar", "nvarchar", "national", "binary", "varbinary"]);
const DECIMALS = new Set(["decimal", "dec", "numeric", "fixed"]);
const FLOATS = new Set(["float", "float4", "double", "float8", "real"]);
const MOMENTS = new Set(["date", "datetime", "timestamp", "time", "year"]);
const CHOICES = new Set(["enum", "set"]);

/** Of a type as the server or a statement writes it: `decimal(10,2) unsigned`. What it does not know is `other`. */
export function readColumnType(text: string): ColumnCapacity {
  const { base, sizes, values, signed } = partsOf(text);
  const [size, scale] = sizes;
  const bytes = INTEGER_BYTES[base];
  if (bytes !== undefined) return integer(bytes, signed && base !== "serial");
  const longest = TEXT_BYTES[base];
  if (longest !== undefined) return { kind: "text", unit: "bytes", length: longest, binary: base.endsWith("blob") };
  if (CHARACTERS.has(base)) return { kind: "text", unit: "characters", length: size ?? 1, binary: base.endsWith("binary") };
  if (DECIMALS.has(base)) return { kind: "decimal", whole: (size ?? 10) - (scale ?? 0), scale: scale ?? 0, signed };
  if (FLOATS.has(base)) return { kind: "float", bits: isSingle(base, sizes) ? 24 : 53, signed };
  if (MOMENTS.has(base)) return moment(base as "date", size);
  if (CHOICES.has(base)) return { kind: "choice", values, several: base === "set" };
  if (base === "bit") return { kind: "bit", bits: size ?? 1 };
  return base === "json" ? { kind: "json" } : { kind: "other", text: text.toLowerCase() };
}

interface Parts {
  readonly base: string;
  readonly sizes: readonly number[];
  readonly values: readonly string[];
  readonly signed: boolean;
}

function partsOf(text: string): Parts {
  const tokens = new Tokens(text, "mysql");
  const base = tokens.next()?.text.toLowerCase() ?? "";
  const sizes: number[] = [];
  const values: string[] = [];
  let signed = true;
  for (let token: Token | null = tokens.next(); token; token = tokens.next()) {
    if (token.kind === "text" || token.kind === "double") values.push(token.text.toLowerCase());
    else if (/^\d+$/.test(token.text)) sizes.push(Number(token.text));
    else if (isWord(token, "UNSIGNED") || isWord(token, "ZEROFILL")) signed = false;
  }
  return { base, sizes, values, signed };
}

function integer(bytes: number, signed: boolean): ColumnCapacity {
  const span = 2n ** BigInt(bytes * 8);
  return signed ? { kind: "integer", least: -span / 2n, most: span / 2n - 1n } : { kind: "integer", least: 0n, most: span - 1n };
}

/** FLOAT(25) and more is a double, FLOAT(7, 4) is not. */
function isSingle(base: string, [size, scale]: readonly number[]): boolean {
  return base === "float4" || (base === "float" && (size === undefined || scale !== undefined || size <= 24));
}

function moment(unit: Extract<ColumnCapacity, { kind: "moment" }>["unit"], size: number | undefined): ColumnCapacity {
  return { kind: "moment", unit, fraction: unit === "date" || unit === "year" ? 0 : (size ?? 0) };
}
