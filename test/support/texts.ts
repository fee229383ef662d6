import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ejs from "ejs";
import { parseSync } from "oxc-parser";
import { LEAST_LETTERS } from "../../src/web/texts/sentences.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LOCALES = path.join(ROOT, "locales");

/** A text of the pages or a sentence for operators; `isPlural`: its forms go by a number. */
export interface FoundText {
  readonly key: string;
  readonly isPlural: boolean;
  /** The first file that has it, for translators. */
  readonly file: string;
}

interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** The command line and the check of the options speak to engineers, in English. */
const ROOMS = ["core", "store", "release", "backup", "upgrade", "web"];
const FOR_ENGINEERS =
  /^src\/(?:core\/notification|release\/(?:list-files|seal)|upgrade\/(?:settings|sealing|report-text|report-secrets|health-text|health-settings|notifications\/)|core\/(?:check-|feed\.|option|config-file|default-export|statement-)|web\/(?:texts\/|mount-order|render))/;
/** Properties whose text people read, sentence or not. */
const READ_BY_PEOPLE = new Set(["message", "remedy", "reason", "title", "text", "heading", "label", "detail", "activity", "why"]);
const SENTENCE = /^[\p{Lu}“"{][^]*\s[^]*(?:[.!?:…]|\}\})$/u;
const SQL =
  /^(?:ALTER|ANALYZE|ATTACH|BEGIN|COMMIT|CREATE|DEFAULT|DELETE|DETACH|DROP|FLUSH|GRANT|INSERT|KILL|LOCK|ON DUPLICATE|PRAGMA|RENAME|REPLACE|SELECT|SET|SHOW|START|TRUNCATE|UPDATE|USE|VACUUM)\b/;

/** Every text that a page may show, in the order of files and lines. */
export function findTexts(): FoundText[] {
  const found = new Map<string, FoundText>();
  const add = (key: string, file: string, isPlural = false): void => {
    if (/\{\{\d/.test(key) && lettersOf(key) < LEAST_LETTERS) return;
    const known = found.get(key);
    if (!known || (isPlural && !known.isPlural)) found.set(key, { key, isPlural, file });
  };
  for (const file of filesBelow("views", ".ejs").filter((name) => !name.startsWith("views/demo"))) textsOfView(file, add);
  for (const room of ROOMS) for (const file of filesBelow(`src/${room}`, ".ts")) if (!FOR_ENGINEERS.test(file)) textsOfSource(file, add);
  return [...found.values()];
}

function lettersOf(key: string): number {
  return key.replaceAll(/\{\{\d+\}\}/g, "").replaceAll(/[^\p{L}]/gu, "").length;
}

type Add = (key: string, file: string, isPlural?: boolean) => void;

function textsOfView(file: string, add: Add): void {
  const template = new (
    ejs as unknown as { Template: new (text: string, options: object) => { generateSource(): void; source: string } }
  ).Template(readFileSync(path.join(ROOT, file), "utf8"), {});
  template.generateSource();
  visit(parse("view.js", `async () => {${template.source}}`), (node) => {
    const callee = node["callee"] as Node | undefined;
    if (node.type !== "CallExpression" || callee?.type !== "Identifier" || !["t", "html"].includes(String(callee["name"]))) return true;
    const [text, values] = node["arguments"] as Node[];
    const isPlural = ((values?.["properties"] ?? []) as Node[]).some((property) => (property["key"] as Node)?.["name"] === "count");
    for (const key of literalsIn(text)) add(key, file, isPlural);
    return true;
  });
}

function textsOfSource(file: string, add: Add): void {
  visit(parse(file, readFileSync(path.join(ROOT, file), "utf8")), (node) => {
    if (isForEngineers(node)) return false;
    if (node.type === "CallExpression" && (node["callee"] as Node)["name"] === "say")
      for (const key of literalsIn((node["arguments"] as Node[])[0])) add(key, file);
    // The web side's own texts.
    if (node.type === "CallExpression" && ["t", "html"].includes(String((node["callee"] as Node)["name"])) && file.startsWith("src/web/"))
      for (const key of literalsIn((node["arguments"] as Node[])[0]))
        add(key, file, /\bcount\b/.test(JSON.stringify((node["arguments"] as Node[])[1] ?? {})));
    if (node.type === "Property" && READ_BY_PEOPLE.has(String((node["key"] as Node)["name"])))
      for (const key of literalsIn(node["value"] as Node)) if (/\p{L}{2}/u.test(key) && !/^[a-z_]+$/.test(key)) add(key, file);
    const text = textOf(node);
    if (text !== null && SENTENCE.test(text) && !SQL.test(text)) add(text, file);
    return text === null;
  });
}

/** Log lines, program errors, problems of the options, and types. */
function isForEngineers(node: Node): boolean {
  if (node.type.startsWith("TS") && !["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"].includes(node.type)) return true;
  if (node.type === "ImportDeclaration") return true;
  if (node.type === "NewExpression") return ["Error", "TypeError", "RangeError"].includes(String((node["callee"] as Node)["name"]));
  if (node.type !== "CallExpression") return false;
  const callee = node["callee"] as Node;
  const receiver = callee["object"] as Node | undefined;
  return callee.type === "MemberExpression" && /logger$/i.test(String(receiver?.["name"] ?? (receiver?.["property"] as Node)?.["name"]));
}

/** The literals of an expression: of both branches of a condition, of every member of an object, not of calls in it. */
function literalsIn(node: Node | null | undefined): string[] {
  if (!node) return [];
  const text = textOf(node);
  if (text !== null) return [text];
  switch (node.type) {
    case "ConditionalExpression":
      return [...literalsIn(node["consequent"] as Node), ...literalsIn(node["alternate"] as Node)];
    case "LogicalExpression":
      return [...literalsIn(node["left"] as Node), ...literalsIn(node["right"] as Node)];
    case "ObjectExpression":
      return (node["properties"] as Node[]).flatMap((property) => literalsIn(property["value"] as Node));
    case "MemberExpression":
      return literalsIn(node["object"] as Node);
    case "ParenthesizedExpression":
    case "TSAsExpression":
    case "TSSatisfiesExpression":
      return literalsIn(node["expression"] as Node);
    default:
      return [];
  }
}

/** A literal's text, with `{{0}}`, `{{1}}` … in a template's places. */
function textOf(node: Node): string | null {
  if (node.type === "Literal") return typeof node["value"] === "string" ? node["value"] : null;
  if (node.type !== "TemplateLiteral") return null;
  const parts = (node["quasis"] as { value: { cooked: string } }[]).map(({ value }) => value.cooked);
  return parts.map((part, index) => (index === 0 ? part : `{{${index - 1}}}${part}`)).join("");
}

function visit(node: unknown, enter: (node: Node) => boolean): void {
  if (Array.isArray(node)) return void node.forEach((one) => visit(one, enter));
  if (typeof node !== "object" || node === null) return;
  if (typeof (node as Node).type === "string" && !enter(node as Node)) return;
  for (const member of Object.values(node)) visit(member, enter);
}

function parse(file: string, text: string): Node {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  return program as unknown as Node;
}

function filesBelow(folder: string, extension: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(extension))
    .map((name) => `${folder}/${name}`)
    .toSorted();
}

/** The keys that a language's file must have for a text. */
export function keysFor({ key, isPlural }: Pick<FoundText, "key" | "isPlural">, language: string): string[] {
  if (!isPlural) return [key];
  return new Intl.PluralRules(language).resolvedOptions().pluralCategories.map((category) => `${key}_${category}`);
}

export function readLocale(language: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(path.join(LOCALES, `${language}.json`), "utf8")) as Record<string, string>;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return {};
    throw error;
  }
}

export function writeLocale(language: string, texts: Readonly<Record<string, string>>): void {
  const sorted = Object.fromEntries(Object.entries(texts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(path.join(LOCALES, `${language}.json`), `${JSON.stringify(sorted, null, 2)}\n`);
}
