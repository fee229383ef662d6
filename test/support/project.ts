import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Logger, UpgateOptions } from "../../src/index.js";

/** A vendor's project in a scratch folder: migrations and a configuration file, read by this process and by the runner's. */
export interface TestProject {
  readonly folder: string;
  readonly options: UpgateOptions;
  readonly lines: string[];
  /** Writes a file below the folder; returns its absolute path. */
  write(name: string, text: string): string;
  remove(): void;
}

export interface ProjectOptions {
  readonly version?: string;
  /** By name below migrations/, e.g. `1.1.0/0001-add-email.mjs`. */
  readonly migrations: Readonly<Record<string, string>>;
  readonly license?: string;
  readonly more?: Partial<UpgateOptions>;
}

export const INSTALL_KEY = "an install key for the tests";

/** A relative SQLite address lies in the project's folder. */
export function createProject(database: string, { version = "1.1.0", migrations, license, more = {} }: ProjectOptions): TestProject {
  const folder = mkdtempSync(path.join(os.tmpdir(), "upgate-project-"));
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  mkdirSync(path.join(folder, "migrations"));
  for (const [name, text] of Object.entries(migrations)) write(`migrations/${name}`, text);
  if (license !== undefined) write("EULA.md", license);
  const lines: string[] = [];
  const plain = {
    version,
    database: database.replace(/^sqlite:\.\//, `sqlite:${folder}/`),
    migrations: path.join(folder, "migrations"),
    installKey: INSTALL_KEY,
    dataDir: path.join(folder, "data"),
    pollMs: 100,
    nodeTtlMs: 2000,
    leaseTtlMs: 1500,
    ...(license === undefined ? {} : { license: path.join(folder, "EULA.md") }),
    ...more,
  };
  const configFile = write("upgate.config.mjs", `export default ${JSON.stringify(plain)};\n`);
  return {
    folder,
    lines,
    write,
    options: { ...plain, configFile, logger: recorder(lines) },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function recorder(lines: string[]): Logger {
  const add = (message: string): void => void lines.push(message);
  return { info: add, warn: add, error: add };
}

/** Release 1.0.0 makes the table, 1.1.0 adds a column and fills it. */
export const SHOP_MIGRATIONS = {
  "1.0.0/0001-products.mjs": `export const up = async (knex) => {
  await knex.schema.createTable("products", (t) => { t.increments("id"); t.string("name").notNullable(); });
  await knex("products").insert([{ name: "Ink" }, { name: "Paper" }]);
};`,
  "1.1.0/0001-product-price.mjs": `export const up = (knex) => knex.schema.alterTable("products", (t) => t.integer("price_cents").notNullable().defaultTo(0));`,
  "1.1.0/0002-fill-prices.mjs": `export const up = (knex) => knex("products").update({ price_cents: 995 });`,
};
