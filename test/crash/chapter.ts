import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Dialect } from "../../src/store/connect.js";

const MIGRATIONS = fileURLToPath(new URL("./migrations/", import.meta.url));
const home = mkdtempSync(path.join(os.tmpdir(), "upgate-crash-"));
process.once("exit", () => rmSync(home, { recursive: true, force: true }));

/** Migrations that are swept together, from an empty database. */
export interface Chapter {
  readonly name: string;
  /** The code version: the last release of the chapter. */
  readonly version: string;
  /** Holds `<version>/<file>`. */
  readonly folder: string;
  /** Absolute, in order. */
  readonly files: readonly string[];
  /** Whether a death can leave a statement that only the operator can decide. */
  readonly asks: boolean;
}

/** What upgate's options are for a process on one database; plain. */
export interface UpgradeOptionsOnDisk {
  readonly version: string;
  readonly database: string;
  readonly migrations: string;
  readonly dataDir: string;
  readonly pollMs: number;
  readonly nodeTtlMs: number;
  readonly leaseTtlMs: number;
}

/** One for each release, so that a moment's price is that of its own release; they need nothing of one another. */
export function chaptersOf(dialect: Dialect): Chapter[] {
  const parts = ["both", dialect === "mysql" ? "server" : "sqlite"];
  const versions = new Set(parts.flatMap((part) => readdirSync(path.join(MIGRATIONS, part))));
  return [...versions].toSorted().map((version) => compose(`${dialect}-${version}`, [version], parts));
}

/** All releases one after the other. */
export function wholeSet(dialect: Dialect): Chapter {
  const parts = ["both", dialect === "mysql" ? "server" : "sqlite"];
  const versions = new Set(parts.flatMap((part) => readdirSync(path.join(MIGRATIONS, part))));
  return compose(`${dialect}-whole`, [...versions].toSorted(), parts);
}

/** Each with a statement that the database does not tell about; of `verified` the migration itself does. */
export function chaptersInDoubt(): Chapter[] {
  return readdirSync(path.join(MIGRATIONS, "doubt")).map((name) => ({
    ...compose(`doubt-${name}`, ["1.0.0"], [`doubt/${name}`]),
    asks: name !== "verified",
  }));
}

/** One statement takes seconds. */
export function longChapter(): Chapter {
  return compose("mysql-long", ["1.0.0"], ["long"]);
}

function compose(name: string, versions: readonly string[], parts: readonly string[]): Chapter {
  const folder = path.join(home, name);
  const files: string[] = [];
  for (const version of versions) {
    const target = path.join(folder, version);
    mkdirSync(target, { recursive: true });
    for (const part of parts) {
      const source = path.join(MIGRATIONS, part, version);
      if (existsSync(source)) cpSync(source, target, { recursive: true });
    }
    files.push(
      ...readdirSync(target)
        .toSorted()
        .map((file) => path.join(target, file)),
    );
  }
  return { name, version: versions.at(-1) as string, folder, files, asks: false };
}

/** Small bounds, so that a takeover never waits. */
export function optionsFor({ version, folder }: Chapter, database: string): UpgradeOptionsOnDisk {
  return { version, database, migrations: folder, dataDir: home, pollMs: 100, nodeTtlMs: 300, leaseTtlMs: 1000 };
}

let logs = 0;

export function newLog(): string {
  return path.join(home, `${++logs}.log`);
}
