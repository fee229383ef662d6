import { readFile, stat } from "node:fs/promises";
import type { StockTemplates } from "../core/template-review.js";
import { readTemplate, stockTemplates, TemplateFiles } from "./template-files.js";
import { packContent, unpackContent, writeWhole } from "./template-content.js";

/** Of the file; a larger one is not read. */
const ARCHIVE_BYTES = 128 * 1024 * 1024;
const FORMAT = "upgate-templates-1";

/** JSON: gzip in Base64 by the SHA-256 of the content, line ends as LF. */
interface ArchiveFile {
  readonly format: typeof FORMAT;
  readonly texts: Readonly<Record<string, string>>;
}

/** The vendor's archive of stock templates, of this release and of earlier ones. What is damaged counts as not there. */
export class TemplateArchive {
  #texts: Promise<ArchiveFile["texts"]> | null = null;

  /** `file`: absolute; read when something is first asked for. */
  constructor(private readonly file: string) {}

  /** By its sum; null: the archive has it not. */
  async content(hash: string): Promise<Buffer | null> {
    const texts = await (this.#texts ??= readArchive(this.file).catch((): ArchiveFile["texts"] => ({})));
    const text = Object.hasOwn(texts, hash) ? texts[hash] : undefined;
    return typeof text === "string" ? unpackContent(Buffer.from(text, "base64"), hash) : null;
  }
}

export interface TemplateArchiveOptions {
  /** Folder of the stock templates, absolute. */
  readonly stock: string;
  /** Folders that may lie below it and are no part of it, absolute. */
  readonly excluded?: readonly string[];
  /** The archive of the release before, whose texts are taken along. Default: the file itself, where it exists. */
  readonly previous?: string;
  /** Which of those are taken along: sums of the releases that `templateHistory` names. Default: all. */
  readonly keep?: ReadonlySet<string>;
}

export interface WrittenTemplateArchive {
  /** `templates` of `release.json`. */
  readonly templates: StockTemplates;
  /** How many texts it holds, of all releases. */
  readonly texts: number;
  /** Of the file. */
  readonly bytes: number;
}

/** Writes the archive that a release ships: the same templates give the same file. Rejects with the file system's error, or when `previous` is no archive. */
export async function writeTemplateArchive(
  file: string,
  { stock, excluded = [], previous, keep }: TemplateArchiveOptions,
): Promise<WrittenTemplateArchive> {
  const folder = await new TemplateFiles().read(stock, excluded);
  const earlier = previous === undefined ? await readArchive(file).catch(orNone) : await readArchive(previous);
  const texts = new Map(Object.entries(earlier).filter(([hash]) => keep?.has(hash) ?? true));
  for (const [name, { hash }] of folder.files) {
    if (texts.has(hash)) continue;
    const content = await readTemplate(folder, name);
    if (content !== null) texts.set(hash, (await packContent(content)).toString("base64"));
  }
  const sorted = Object.fromEntries([...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const body = `${JSON.stringify({ format: FORMAT, texts: sorted } satisfies ArchiveFile, null, 1)}\n`;
  await writeWhole(file, body, 0o644);
  return { templates: stockTemplates(folder), texts: texts.size, bytes: Buffer.byteLength(body) };
}

/** Rejects when it is no archive. */
async function readArchive(file: string): Promise<ArchiveFile["texts"]> {
  const { size } = await stat(file);
  if (size > ARCHIVE_BYTES) throw new Error(`${file} is too large for an archive of templates: ${size} bytes.`);
  const value = JSON.parse(await readFile(file, "utf8")) as Partial<ArchiveFile> | null;
  if (value?.format !== FORMAT || typeof value.texts !== "object" || value.texts === null)
    throw new Error(`${file} is no archive of templates.`);
  return value.texts;
}

function orNone(error: unknown): ArchiveFile["texts"] {
  if ((error as { code?: string }).code === "ENOENT") return {};
  throw error;
}
