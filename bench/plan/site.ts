import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import mysql from "mysql2/promise";
import { openContext } from "../../src/upgrade/open-context.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { Upgrader } from "../../src/upgrade/upgrader.js";

export const LAYOUTS = {
  flat: { label: "one flat folder", releases: 1 },
  versions: { label: "a folder for each of 100 releases", releases: 100 },
} as const;

export type Layout = keyof typeof LAYOUTS;
export const LAYOUT_NAMES = Object.keys(LAYOUTS) as Layout[];

/** The release with the migrations to come is the one after this one. */
const INSTALLED = "99.0.0";
const VERSION = "100.0.0";

/** A release of `migrations` files on a database that has all but the last `pending` of them. */
export interface PlanSite {
  readonly url: string;
  readonly migrations: string;
  readonly version: string;
}

export async function makeSite(options: {
  readonly layout: Layout;
  readonly serverUrl: (database: string) => string;
  readonly folder: string;
  readonly migrations: number;
  readonly pending: number;
}): Promise<PlanSite> {
  const { layout, serverUrl, folder, migrations, pending } = options;
  const url = serverUrl(`plan_${layout}`);
  const names = migrationNames(layout, migrations);
  for (const name of names) writeMigration(folder, name);
  const admin = await mysql.createConnection(serverUrl(""));
  try {
    await admin.query(`create database plan_${layout}`);
    await admin.query(`create table plan_${layout}.client (id integer primary key)`);
  } finally {
    await admin.end();
  }
  const site: PlanSite = { url, migrations: folder, version: VERSION };
  await recordAsApplied(site, names[migrations - pending - 1] as string);
  return site;
}

/** As the host of an application that is new to upgate would. */
async function recordAsApplied({ url, migrations, version }: PlanSite, through: string): Promise<void> {
  const silent = (): void => undefined;
  const logger = { info: silent, warn: silent, error: (message: string) => console.error(message) };
  const installKey = "of the benchmark only";
  const context = openContext(
    resolveSettings({ version, database: url, migrations, dataDir: path.dirname(migrations), installKey, logger }),
  );
  try {
    await new Upgrader(context).baseline(INSTALLED, { through });
  } finally {
    await context.store.close();
  }
}

/** As in the history, in order; all files of the last release of a layout with releases are of `VERSION`. */
function migrationNames(layout: Layout, count: number): string[] {
  const { releases } = LAYOUTS[layout];
  return Array.from({ length: count }, (_, index) => {
    const name = `${String(index).padStart(14, "20200101")}_change_of_the_schema`;
    return layout === "flat" ? name : `${Math.floor((index * releases) / count) + 1}.0.0/${name}`;
  });
}

function writeMigration(folder: string, name: string): void {
  const file = path.join(folder, `${name}.js`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `exports.up = async function up(knex) {\n  await knex("client").update({ id: 1 });\n};\n`);
}
