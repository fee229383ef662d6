import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

export type Flavor = "MariaDB" | "MySQL";

/** One of the database's own programs, as it is installed here. */
export interface Tool {
  readonly file: string;
  /** As it is called: `mariadb-dump`. */
  readonly name: string;
  readonly flavor: Flavor;
  /** `10.11.19`; `0.0.0` where it does not tell. */
  readonly version: string;
}

const VERSION_TIMEOUT_MS = 10_000;

/** The file of a program in the folders of `path`; null: it is not installed. */
export function findProgram(name: string, searchPath: string): string | null {
  for (const folder of searchPath.split(path.delimiter)) {
    if (folder === "") continue;
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return null;
}

/** `names`: in the order of preference; a program of the server's own kind goes before any other. Null: none is installed. */
export async function findTool(names: readonly string[], flavor: Flavor, searchPath: string): Promise<Tool | null> {
  const tools: Tool[] = [];
  for (const name of names) {
    const file = findProgram(name, searchPath);
    if (file !== null) tools.push(await describeTool(file, name, searchPath));
  }
  return tools.find((tool) => tool.flavor === flavor) ?? tools[0] ?? null;
}

/** By file, size and time of change: a program that was replaced is asked again. */
const known = new Map<string, Tool>();

async function describeTool(file: string, name: string, searchPath: string): Promise<Tool> {
  const { size, mtimeMs } = statSync(file);
  const key = `${file} ${name} ${size} ${mtimeMs}`;
  const tool = known.get(key) ?? (await askTool(file, name, searchPath));
  known.set(key, tool);
  return tool;
}

async function askTool(file: string, name: string, searchPath: string): Promise<Tool> {
  return { file, name, ...readToolVersion(await askProgram(file, "--version", searchPath)) };
}

/** What a program says when it is started with nothing but this argument. */
export async function askProgram(file: string, argument: string, searchPath: string): Promise<string> {
  const options = { env: { PATH: searchPath, LC_ALL: "C" }, timeout: VERSION_TIMEOUT_MS };
  return (await promisify(execFile)(file, [argument], options)).stdout;
}

/**
 * Of what `--version` prints: `mysqldump  Ver 9.7.4 for Linux`, `mysqldump  Ver 10.13 Distrib 5.7.44, for Linux`,
 * `mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for …`, `mariadb-dump from 11.8.2-MariaDB, client 10.19 for …`.
 */
export function readToolVersion(text: string): Pick<Tool, "flavor" | "version"> {
  const version = /(?:from|Distrib|Ver) (\d+\.\d+\.\d+)/.exec(text.replace(/Ver \S+ Distrib/, "Distrib"))?.[1] ?? "0.0.0";
  return { flavor: /MariaDB/i.test(text) ? "MariaDB" : "MySQL", version };
}
