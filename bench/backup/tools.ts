import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ZSTD_OPTIONS } from "../../src/backup/compression.js";
import { writeCredentials } from "../../src/backup/credentials.js";
import { dumpOptions } from "../../src/backup/dump-create.js";
import { findProgram, type Tool } from "../../src/backup/find-program.js";
import { findClient, findDumper, requireTool } from "../../src/backup/mysql-context.js";
import type { Contender } from "./contenders.js";
import type { ProcessTree } from "./process-tree.js";
import type { Site } from "./site.js";

const NPM_LIMIT_MS = 240_000;

const NPM_PROGRAM = fileURLToPath(new URL("npm-mysqldump.mjs", import.meta.url));

/** The programs that are compared with upgate, as they are installed here. */
export class Tools {
  private constructor(
    readonly dumper: Tool,
    readonly client: Tool,
    private readonly url: URL,
    private readonly credentialsFile: string,
  ) {}

  static async find(serverUrl: string, folder: string): Promise<Tools> {
    const searchPath = process.env["PATH"] ?? "";
    const dumper = requireTool(await findDumper("MariaDB", searchPath), "MariaDB", "dump");
    const client = requireTool(await findClient("MariaDB", searchPath), "MariaDB", "client");
    for (const name of ["zstd", "gzip", "bash"]) if (findProgram(name, searchPath) === null) throw new Error(`${name} is not installed`);
    const workDir = path.join(folder, "credentials");
    mkdirSync(workDir, { mode: 0o700 });
    const url = new URL(serverUrl);
    const target = { dialect: "mysql", host: url.hostname, port: Number(url.port), socketPath: null, user: url.username } as const;
    const { file } = writeCredentials({ ...target, password: "", database: "", ssl: null }, dumper, workDir);
    return new Tools(dumper, client, url, file);
  }

  has(program: string): boolean {
    return findProgram(program, process.env["PATH"] ?? "") !== null;
  }

  /** Null: that is none of these programs. */
  dump(contender: Contender, { database, url }: Site, folder: string): ProcessTree | null {
    const options = [`--defaults-file=${this.credentialsFile}`, ...dumpOptions(this.dumper), database];
    const dump = words([this.dumper.file, ...options]);
    const { hostname, port, username } = this.url;
    switch (contender) {
      case "pipeline":
      case "control":
        return shell(`${dump} | ${words(["zstd", ...ZSTD_OPTIONS])} > ${words([dumpFile(folder)])}`);
      case "gzip":
        return shell(`${dump} | gzip > ${words([path.join(folder, "dump.sql.gz")])}`);
      case "mydumper":
        return { file: "mydumper", args: ["-c", "-h", hostname, "-P", port, "-u", username, "-B", database, "-o", folder] };
      case "npm":
        return { file: process.execPath, args: [NPM_PROGRAM, url, plainFile(folder)], limitMs: NPM_LIMIT_MS };
      default:
        return null;
    }
  }

  restore(file: string, database: string): ProcessTree {
    const client = [this.client.file, `--defaults-file=${this.credentialsFile}`, "--max-allowed-packet=1G", database];
    if (file.endsWith(".zst")) return shell(`${words(["zstd", "-q", "-d", "-c", file])} | ${words(client)}`);
    // With an INSERT a row, a commit for each would take minutes.
    return shell(`{ echo 'SET autocommit = 0;'; ${words(["cat", file])}; echo 'COMMIT;'; } | ${words(client)}`);
  }
}

export const dumpFile = (folder: string): string => path.join(folder, "dump.sql.zst");
export const plainFile = (folder: string): string => path.join(folder, "dump.sql");

const shell = (line: string): ProcessTree => ({ file: "bash", args: ["-o", "pipefail", "-c", line] });

const words = (list: readonly string[]): string => list.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
