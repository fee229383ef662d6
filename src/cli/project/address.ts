import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { UpgateError } from "../../core/errors.js";
import type { PackageFile } from "./package-file.js";

export interface ProjectAddress {
  /** Null when nothing names a database. */
  readonly address: string | null;
  /** The variable comes from .env, which dotenv reads. */
  readonly dotenv: boolean;
}

/** DATABASE_URL of the environment, else of a .env file that the application reads with dotenv. */
export function projectAddress(folder: string, { dependencies }: PackageFile, env: NodeJS.ProcessEnv): ProjectAddress {
  const file = path.join(folder, ".env");
  const dotenv = dependencies.has("dotenv") && existsSync(file);
  const address = env["DATABASE_URL"] || (dotenv ? parseEnv(readFileSync(file, "utf8"))["DATABASE_URL"] : undefined) || null;
  if (address !== null && !/^(?:mysql|mariadb|sqlite):./.test(address))
    throw new UpgateError(
      "ERR_UPGATE_PROJECT",
      `DATABASE_URL names a database of the kind "${/^[\w+.-]+/.exec(address)?.[0] ?? "?"}"; upgate works on MySQL, MariaDB and SQLite.`,
      { remedy: "Set DATABASE_URL to mysql://user:password@host:3306/database or sqlite:./data/app.db." },
    );
  return { address, dotenv };
}
