import { createHash } from "node:crypto";
import type { Definition, DefinitionTarget } from "../core/statement.js";
import type { SendSql, TableCatalogue } from "./table-catalogue.js";

export { type SendSql, TableCatalogue } from "./table-catalogue.js";

/** Type and name (`table products`) → SHA-256 of the normalised definition, hex; null where there is no such object. */
export type PreState = Readonly<Record<string, string | null>>;

/** No such table 1146, 1051; routine 1305; trigger 1360; event 1539; sequence 4091; database 1049. */
const ABSENT = new Set([1146, 1051, 1305, 1360, 1539, 4091, 1049]);
/** Not a view 1347, not a sequence 4089: something else has the name. */
const ANOTHER_KIND = new Set([1347, 4089]);
/** A view whose tables are gone: SHOW CREATE TABLE fails, SHOW CREATE VIEW does not. */
const INVALID_VIEW = 1356;

/**
 * The definitions as they are now. Sends nothing for a table that the catalogue knows to be absent; otherwise one SHOW CREATE
 * each. What that shows depends on the session (sql_mode): to be compared, both states must be read under the same settings.
 * Throws what the server says, but for absence.
 */
export async function readPreState(
  send: SendSql,
  targets: readonly DefinitionTarget[],
  catalogue: TableCatalogue | null,
): Promise<PreState> {
  const state: Record<string, string | null> = {};
  for (const target of targets) state[`${target.type} ${target.name}`] = await readTarget(send, target, catalogue);
  return state;
}

export function sameState(before: PreState, now: PreState): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].every((name) => (before[name] ?? null) === (now[name] ?? null));
}

/**
 * What became of a definition whose outcome is in doubt. `partly`: some of the objects that it creates or drops are as before
 * and others are not, which a statement over several of them can leave behind where the server lacks atomic DDL.
 */
export function judgeOutcome(definition: Definition, before: PreState, now: PreState): "unchanged" | "changed" | "partly" {
  if (sameState(before, now)) return "unchanged";
  const moved = new Set([...definition.creates, ...definition.drops]);
  const inert = (key: string): boolean => before[key] === null && now[key] === null && !moves(definition, key);
  const left = definition.targets.some(({ type, name }) => {
    const key = `${type} ${name}`;
    return moved.has(name) && before[key] === now[key] && !inert(key);
  });
  return left ? "partly" : "changed";
}

function moves({ creates }: Definition, key: string): boolean {
  return creates.some((name) => key.endsWith(` ${name}`));
}

async function readTarget(send: SendSql, target: DefinitionTarget, catalogue: TableCatalogue | null): Promise<string | null> {
  const { type, path } = target;
  const listed = type === "table" || type === "view";
  if (listed && catalogue?.knows(path) && !catalogue.exists(path.at(-1) as string)) return null;
  const name = path.map((part) => `\`${part.replaceAll("`", "``")}\``).join(".");
  try {
    // Views are shown by SHOW CREATE TABLE, too, so that a name whose kind changes is compared as well.
    const row = await show(send, `SHOW CREATE ${listed ? "TABLE" : type.toUpperCase()} ${name}`, name);
    return row ? createHash("sha256").update(normalised(row)).digest("hex") : null;
  } catch (error) {
    const { errno } = error as { errno?: number };
    if (errno !== undefined && ANOTHER_KIND.has(errno)) return "another kind of object";
    if (errno !== undefined && ABSENT.has(errno)) return null;
    throw error;
  }
}

async function show(send: SendSql, sql: string, name: string): Promise<Record<string, unknown> | undefined> {
  try {
    return (await send(sql))[0];
  } catch (error) {
    if ((error as { errno?: number }).errno !== INVALID_VIEW) throw error;
    return (await send(`SHOW CREATE VIEW ${name}`))[0];
  }
}

/** In the options behind a table's columns: changes with the rows. */
const AUTO_INCREMENT = /^(\) (?:\/\*!\d+ TABLESPACE [^*]+\*\/ )?ENGINE=\S+) AUTO_INCREMENT=\d+/m;

/** Without `Created`: it is shown in the session's time zone. */
function normalised(row: Record<string, unknown>): string {
  return Object.entries(row)
    .filter(([column]) => column !== "Created")
    .map(([column, value]) => `${column}=${String(value).replace(AUTO_INCREMENT, "$1")}`)
    .join("\n");
}
