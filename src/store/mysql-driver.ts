import { createRequire } from "node:module";
import type { Knex } from "knex";

/**
 * knex's mysql2 dialect over the host's mysql2, else the one that upgate brings: knex itself looks only beside knex, where
 * a package manager with strict folders (pnpm) puts none.
 */
export function mysqlClient(hostRequire: NodeJS.Require): typeof Knex.Client {
  const own = createRequire(import.meta.url);
  const Dialect = own("knex/lib/dialects/mysql2/index.js") as new (config: Knex.Config) => object;
  return class MysqlClient extends Dialect {
    _driver(): unknown {
      try {
        return hostRequire("mysql2");
      } catch {
        return own("mysql2");
      }
    }
  } as unknown as typeof Knex.Client;
}
