import type { Knex } from "knex";

/** Where a scratch database is: a file, or a database on the server. Plain, so that it can be told to another process. */
export type ScratchPlace =
  | { readonly dialect: "sqlite"; readonly filename: string }
  | { readonly dialect: "mysql"; readonly database: string };

/** Connections to the server, in no database; SQLite has none. */
export function serverConfig(config: Knex.Config): Knex.Config {
  return { ...config, connection: elsewhere(config.connection, { dialect: "mysql", database: "" }) };
}

type Connection = Knex.Config["connection"];

/** The same server and credentials, another database; another file. */
export function elsewhere(connection: Connection, place: ScratchPlace): NonNullable<Connection> {
  if (typeof connection === "function") {
    const provide = connection as () => Connection | Promise<Connection>;
    return (async () => elsewhere(await provide(), place)) as unknown as NonNullable<Connection>;
  }
  if (typeof connection === "string" && place.dialect === "mysql") {
    const url = new URL(connection);
    url.pathname = `/${place.database}`;
    return url.href;
  }
  const given = (typeof connection === "object" ? connection : {}) as { readonly password?: unknown };
  // knex hides the password of an instance's configuration from copying.
  const { dialect: _dialect, ...where } = place;
  return { ...given, ...(given.password === undefined ? {} : { password: given.password }), ...where } as NonNullable<Connection>;
}
