import { type ColumnCapacity, readColumnType } from "./column-type.js";

/**
 * Whether some value that a column of the type holds does not fit into the other one. Types as MySQL and MariaDB write them: `int(10)
 * unsigned`. Also true where two types are too different to tell. Character sets are not looked at.
 */
export function narrows(from: string, to: string): boolean {
  const [before, after] = [readColumnType(from), readColumnType(to)];
  if (JSON.stringify(comparable(before)) === JSON.stringify(comparable(after))) return false;
  switch (before.kind) {
    case "integer":
      return !holdsInteger(after, before);
    case "decimal":
      return !holdsDecimal(after, before);
    case "float":
      return !holdsFloat(after, before);
    case "text":
      return !holdsText(after, before);
    case "choice":
      return !holdsChoice(after, before);
    case "moment":
      return !holdsMoment(after, before);
    case "bit":
      return !(after.kind === "bit" && after.bits >= before.bits);
    case "json":
      return !(after.kind === "text" && after.unit === "bytes" && after.length >= LONGEST_TEXT);
    case "other":
      return true;
  }
}

type Of<Kind extends ColumnCapacity["kind"]> = Extract<ColumnCapacity, { kind: Kind }>;

const LONGEST_TEXT = 2 ** 32 - 1;
/** Most bytes of a character in any of MySQL's character sets. */
const CHARACTER_BYTES = 4;
/** A row's limit, so that a VARCHAR has no more bytes. */
const ROW_BYTES = 65_535;
/** Decimal digits that each keeps exactly. */
const FLOAT_DIGITS = { 24: 6, 53: 15 } as const;

function comparable(type: ColumnCapacity): unknown {
  return type.kind === "integer" ? { kind: type.kind, least: String(type.least), most: String(type.most) } : type;
}

function holdsInteger(type: ColumnCapacity, { least, most }: Of<"integer">): boolean {
  switch (type.kind) {
    case "integer":
      return type.least <= least && type.most >= most;
    case "decimal":
      return type.whole >= String(most).length && (least >= 0n || type.signed);
    case "float":
      return most <= 2n ** BigInt(type.bits) && (least >= 0n || type.signed);
    case "text":
      return type.length >= Math.max(String(most).length, String(least).length);
    default:
      return false;
  }
}

function holdsDecimal(type: ColumnCapacity, { whole, scale, signed }: Of<"decimal">): boolean {
  switch (type.kind) {
    case "integer":
      return scale === 0 && type.most >= 10n ** BigInt(whole) - 1n && (!signed || type.least <= 1n - 10n ** BigInt(whole));
    case "decimal":
      return type.whole >= whole && type.scale >= scale && (type.signed || !signed);
    case "float":
      return whole + scale <= FLOAT_DIGITS[type.bits] && (type.signed || !signed);
    case "text":
      return type.length >= whole + scale + 2;
    default:
      return false;
  }
}

function holdsFloat(type: ColumnCapacity, { bits, signed }: Of<"float">): boolean {
  if (type.kind === "float") return type.bits >= bits && (type.signed || !signed);
  return type.kind === "text" && type.length >= 24;
}

function holdsText(type: ColumnCapacity, from: Of<"text">): boolean {
  // What is no JSON is refused, not cut.
  if (type.kind === "json") return true;
  if (type.kind !== "text" || (from.binary && !type.binary)) return false;
  if (from.unit === "characters" && type.unit === "bytes")
    return type.length >= Math.min(from.length * (from.binary ? 1 : CHARACTER_BYTES), ROW_BYTES);
  return type.length >= from.length;
}

function holdsChoice(type: ColumnCapacity, { values, several }: Of<"choice">): boolean {
  if (type.kind === "choice") return values.every((value) => type.values.includes(value)) && (type.several || !several);
  const lengths = values.map((value) => value.length);
  const longest = several ? lengths.reduce((sum, length) => sum + length + 1, 0) : Math.max(0, ...lengths);
  return type.kind === "text" && type.length >= longest;
}

function holdsMoment(type: ColumnCapacity, { unit, fraction }: Of<"moment">): boolean {
  if (type.kind === "text") return type.length >= 20 + fraction;
  if (type.kind === "integer") return unit === "year" && type.most >= 2155n;
  if (type.kind !== "moment") return false;
  const fits = type.unit === unit || (type.unit === "datetime" && (unit === "date" || unit === "timestamp"));
  return fits && type.fraction >= fraction;
}
