import type { Knex } from "knex";
import type { Upgate, UpgateOptions } from "../../src/index.js";
import { listTables } from "../../src/store/tables.js";
import type { DatabaseKind } from "./databases.js";
import { hostApplication, listening, PageClient } from "./hosting.js";
import { createProject, INSTALL_KEY, type ProjectOptions, SHOP_MIGRATIONS, type TestProject } from "./project.js";
import { install, withUpgate } from "./upgates.js";

export interface InstallerScene {
  readonly kind: DatabaseKind;
  readonly project: TestProject;
  readonly options: UpgateOptions;
  readonly upgate: Upgate;
  readonly base: string;
  readonly client: PageClient;
}

interface SceneOptions extends Partial<ProjectOptions> {
  /** Default 1.0.0; null: a fresh installation. The files are 1.1.0. */
  readonly installed?: string | null;
}

/** A site behind its guard and its installer, whose upgrades run inside this process. */
export async function installerScene(
  kind: DatabaseKind,
  play: (scene: InstallerScene) => Promise<void>,
  { installed = "1.0.0", more = {}, ...rest }: SceneOptions = {},
): Promise<void> {
  const { address } = await kind.create();
  const project = createProject(address, {
    migrations: SHOP_MIGRATIONS,
    license: "# Terms\n\nBe kind.",
    more: serializable(more),
    ...rest,
  });
  const { configFile: _none, ...options } = { ...project.options, ...more };
  try {
    if (installed !== null) await install(options, installed);
    await withUpgate(options, async (upgate) =>
      listening(hostApplication(upgate), (base) => play({ kind, project, options, upgate, base, client: new PageClient(base) })),
    );
  } finally {
    project.remove();
  }
}

/** Functions don't fit into the configuration file. */
function serializable(more: Partial<UpgateOptions>): Partial<UpgateOptions> {
  return Object.fromEntries(Object.entries(more).filter(([, value]) => typeof value !== "function"));
}

/** Another node of the same site. */
export function otherNode(options: UpgateOptions, use: (node: { upgate: Upgate; base: string }) => Promise<void>): Promise<void> {
  return withUpgate(options, async (upgate) => listening(hostApplication(upgate), (base) => use({ upgate, base })));
}

/** Up to the page with the start button. */
export async function walkToStart(client: PageClient, key = INSTALL_KEY): Promise<void> {
  await client.signIn(key);
  await client.get("/install/license");
  await client.post("/install/license", { agree: "yes" });
  await client.post("/install/review");
}

/** Nodes say at any time that they live. */
const ALWAYS_MOVING = ["upgate_node", "upgate_connection"];

/** Every table's rows, without what moves by itself, and without `except`. */
export async function everything(knex: Knex, { name }: DatabaseKind, except: readonly string[] = []): Promise<Record<string, string[]>> {
  const tables = (await listTables(knex, name === "SQLite" ? "sqlite" : "mysql")).toSorted();
  const all: Record<string, string[]> = {};
  for (const table of tables) {
    if (ALWAYS_MOVING.includes(table) || except.includes(table)) continue;
    const rows = (await knex(table).select()) as Record<string, unknown>[];
    all[table] = rows.map(({ seen_at: _seen, expires_at: _expires, beat: _beat, ...row }) => JSON.stringify(row)).toSorted();
  }
  return all;
}
