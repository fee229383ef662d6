import { createHash } from "node:crypto";
import path from "node:path";
import type { CustomTemplate, StockTemplates } from "../core/template-review.js";
import { TemplateArchive } from "../release/template-archive.js";
import { readTemplate, type TemplateFile, TemplateFiles, type TemplateFolder } from "../release/template-files.js";
import { TemplateMemory } from "../release/template-memory.js";
import type { Settings, TemplatePaths } from "./settings.js";

/** A theme folder's file, with where it lies. */
export interface CustomFile extends CustomTemplate, Pick<TemplateFile, "mtimeMs"> {
  readonly folder: TemplateFolder;
}

/** Names of what was left out; the rest are only counted by nobody. */
const MOST_SKIPPED = 20;

/** Everything that the review reads, of one application: the release's templates, the operator's, and what is known of earlier ones. */
export class TemplateSources {
  readonly #files = new TemplateFiles();
  readonly memory: TemplateMemory;

  constructor(
    private readonly settings: Settings,
    private readonly paths: TemplatePaths,
  ) {
    this.memory = new TemplateMemory(path.join(settings.dataDir, "templates"));
  }

  stock(): Promise<TemplateFolder> {
    return this.#files.read(this.paths.stock, this.paths.custom);
  }

  /** Of all theme folders, and names of what was left out there. */
  async custom(): Promise<{ readonly files: readonly CustomFile[]; readonly skipped: readonly string[] }> {
    const files = new Map<string, CustomFile>();
    const skipped: string[] = [];
    for (const folder of this.paths.custom) {
      const others = [this.paths.stock, ...this.paths.custom].filter((one) => one !== folder);
      const read = await this.#files.read(folder, others);
      for (const file of read.files.values()) {
        const name = this.#nameOf(path.join(folder, file.path));
        files.set(name, { ...file, id: idOf(name), name, folder: read });
      }
      skipped.push(...read.skipped.map((one) => this.#nameOf(path.join(folder, one))));
    }
    return { files: [...files.values()], skipped: skipped.slice(0, MOST_SKIPPED) };
  }

  /** Stock templates of earlier releases: as the vendor tells of them, else as this site has had them. */
  async releases(): Promise<Map<string, StockTemplates>> {
    const told = this.settings.release.templateHistory();
    return new Map([...(await this.memory.releases()), ...Object.entries(told)]);
  }

  /** Looks for a content by its sum; the vendor's archive is read when the site's memory has it not. */
  contents(): (hash: string) => Promise<Buffer | null> {
    const archive = this.paths.archive === null ? null : new TemplateArchive(this.paths.archive);
    return async (hash) => (await this.memory.content(hash)) ?? (await archive?.content(hash)) ?? null;
  }

  /** As it lies on disk; line ends as LF. */
  content(folder: TemplateFolder, name: string): Promise<Buffer | null> {
    return readTemplate(folder, name);
  }

  #nameOf(file: string): string {
    return path.relative(this.settings.root, file).split(path.sep).join("/");
  }
}

/** One for each application of the process: it remembers the files that it has read. */
const known = new WeakMap<Settings, TemplateSources>();

/** Null without the option `templates`. */
export function templateSources(settings: Settings): TemplateSources | null {
  if (settings.templates === null) return null;
  let sources = known.get(settings);
  if (!sources) known.set(settings, (sources = new TemplateSources(settings, settings.templates)));
  return sources;
}

function idOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 24);
}
