import type { SendSql } from "../../src/store/table-catalogue.js";

const PROGRAMS = {
  TRIGGER: "SELECT trigger_name AS name FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
  PROCEDURE:
    "SELECT routine_name AS name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'PROCEDURE'",
  FUNCTION: "SELECT routine_name AS name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'FUNCTION'",
  EVENT: "SELECT event_name AS name FROM information_schema.events WHERE event_schema = DATABASE()",
};

/** Everything in the connection's database: what each object is called, how it is defined, and a table's rows in any order. */
export async function dump(send: SendSql): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  const tables = await send(
    "SELECT table_name AS name, table_type AS type FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1",
  );
  for (const { name, type } of tables) {
    const quoted = `\`${String(name).replaceAll("`", "``")}\``;
    const rows = type === "VIEW" ? [] : await send(`SELECT * FROM ${quoted}`);
    all[`table ${String(name)}`] = {
      definition: await send(`SHOW CREATE TABLE ${quoted}`),
      rows: rows.map((row) => JSON.stringify(row)).toSorted(),
    };
  }
  for (const [type, list] of Object.entries(PROGRAMS))
    for (const { name } of await send(list)) {
      // When it was created is not what it is.
      const [row] = await send(`SHOW CREATE ${type} \`${String(name)}\``);
      all[`${type} ${String(name)}`] = { ...row, Created: null };
    }
  return all;
}
