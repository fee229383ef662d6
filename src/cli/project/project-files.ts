import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { UpgateError } from "../../core/errors.js";
import { configText } from "./config-text.js";
import type { Project } from "./project.js";

const DEFAULT_ROW = { table: "tbl_config", keyColumn: "setting", key: "version", valueColumn: "value", isShort: false } as const;

export interface ProjectFile {
  /** Relative to the project's folder, with `/`. */
  readonly file: string;
  readonly text: string;
}

/** The files that put a project under upgate: configuration, module, and the migrations' folder where there is none. */
export function projectFiles(project: Project): ProjectFile[] {
  const { version, databaseChoice, database, migrations, license, releaseNotes, packageFile, module } = project;
  const found = database.kind === "read" ? (database.versionRows[0] ?? null) : null;
  const isDefault = found !== null && Object.entries(DEFAULT_ROW).every(([name, value]) => found[name as keyof typeof found] === value);
  const text = configText({
    version: version.problem === null ? null : version.version,
    database: databaseChoice,
    migrations: migrations.folder,
    license,
    releaseNotes,
    versionRow: isDefault ? null : found,
    product: packageFile.product,
  });
  return [
    { file: "upgate.config.mjs", text },
    ...module.files,
    ...(migrations.exists ? [] : [{ file: `${migrations.folder}/.gitkeep`, text: "" }]),
  ];
}

/** Writes new files; throws `ERR_UPGATE_PROJECT`, before the first is written, rather than touch one that is there. */
export function writeNewFiles(folder: string, files: readonly ProjectFile[]): void {
  const existing = files.filter(({ file }) => existsSync(path.join(folder, file))).map(({ file }) => file);
  if (existing.length > 0)
    throw new UpgateError("ERR_UPGATE_PROJECT", `${existing.join(" and ")} ${existing.length === 1 ? "is" : "are"} here already.`, {
      remedy: "Remove or rename it, then try again.",
    });
  for (const { file, text } of files) {
    const absolute = path.join(folder, file);
    mkdirSync(path.dirname(absolute), { recursive: true });
    writeFileSync(absolute, text, { flag: "wx" });
  }
}
