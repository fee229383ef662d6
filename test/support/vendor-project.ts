import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./wait.js";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const CLI = path.join(REPOSITORY, "dist/cli/main.js");

export type Files = Readonly<Record<string, string | object>>;

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An application as a vendor has it, in a scratch folder with installed packages. */
export interface VendorProject {
  readonly folder: string;
  /** `upgate <args>` in the folder, as a process of its own. */
  upgate(...args: string[]): CliResult;
  /** The same on a terminal, by util-linux's script(1), with what is typed; stdout holds everything that the terminal shows. */
  onTerminal(typed: string, ...args: string[]): CliResult;
  read(file: string): string;
  write(files: Files): void;
  /** Every file outside node_modules, sorted, with its text. */
  contents(): Record<string, string>;
  /** Puts the lines that `upgate init` showed where it said. Returns how many. */
  addLines(shown: string): number;
  /** Starts a script that prints `port <n>`; gives its address while `use` runs. */
  running<T>(args: readonly string[], use: (address: string) => Promise<T>): Promise<T>;
  remove(): void;
}

export interface VendorOptions {
  readonly files: Files;
  /** Names in node_modules, each with the installed package that it stands for, or a package.json of its own. */
  readonly packages?: Readonly<Record<string, string | object>>;
  readonly env?: NodeJS.ProcessEnv;
  /** Node's own arguments, such as `--import tsx`. */
  readonly nodeArgs?: readonly string[];
}

export const PACKAGES = { express: "express", knex: "knex", mysql2: "mysql2", libsql: "libsql", upgate: "" } as const;

/** For a package.json. */
export const DEPENDENCIES = { express: "*", knex: "*" };

/** What a request for the start page is answered: status and first line. */
export async function firstPage(address: string): Promise<[status: number, line: string]> {
  const response = await fetch(address, { headers: { accept: "text/plain" } });
  return [response.status, (await response.text()).split("\n")[0] as string];
}

/** Objects among the files are written as JSON. */
export function vendorProject({ files, packages = PACKAGES, env = {}, nodeArgs = [] }: VendorOptions): VendorProject {
  const folder = mkdtempSync(path.join(os.tmpdir(), "upgate-vendor-"));
  const write = (more: Files): void => {
    for (const [name, content] of Object.entries(more)) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    }
  };
  mkdirSync(path.join(folder, "node_modules"));
  for (const [name, target] of Object.entries(packages)) {
    if (typeof target !== "string") write({ [`node_modules/${name}/package.json`]: target });
    else symlinkSync(target === "" ? REPOSITORY : path.join(REPOSITORY, "node_modules", target), path.join(folder, "node_modules", name));
  }
  write(files);
  const { DATABASE_URL: _address, NODE_ENV: _environment, UPGATE_INSTALL_KEY: _key, ...outer } = process.env;
  const environment = { ...outer, NO_COLOR: "1", ...env };
  return {
    folder,
    write,
    upgate: (...args) =>
      spawnSync(process.execPath, [...nodeArgs, CLI, ...args], { cwd: folder, env: environment, encoding: "utf8", input: "" }),
    onTerminal: (typed, ...args) => {
      const command = [process.execPath, ...nodeArgs, CLI, ...args].map((word) => `'${word}'`).join(" ");
      return spawnSync("script", ["-qec", command, "/dev/null"], { cwd: folder, env: environment, encoding: "utf8", input: typed });
    },
    read: (file) => readFileSync(path.join(folder, file), "utf8"),
    contents: () => contentsOf(folder),
    addLines: (shown) => addLines(folder, shown),
    running: (args, use) => runScript([...nodeArgs, ...args], folder, environment, use),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function contentsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((name) => !name.startsWith("node_modules"))
    .toSorted();
  return Object.fromEntries(files.map((name) => [name, readFileSync(path.join(folder, name), "utf8")]));
}

const SHOWN = /^In (.+), right after line (\d+) \((.*)\):\n\n((?: {4}.*\n)+)/gm;

function addLines(folder: string, shown: string): number {
  let count = 0;
  for (const [, name, number, text, block] of shown.matchAll(SHOWN) as Iterable<string[]>) {
    const file = path.join(folder, name as string);
    const lines = readFileSync(file, "utf8").split("\n");
    const index = Number(number);
    if (lines[index - 1]?.trim() !== text) throw new Error(`${name}:${number} is ${JSON.stringify(lines[index - 1])}, not ${text}`);
    const added = (block as string).trimEnd().split("\n");
    lines.splice(index, 0, ...added.map((line) => line.slice(4)));
    count += added.length;
    writeFileSync(file, lines.join("\n"));
  }
  return count;
}

async function runScript<T>(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  use: (address: string) => Promise<T>,
): Promise<T> {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    const port = await until("the application's port", () => {
      if (child.exitCode !== null) throw new Error(`The application ended with exit code ${child.exitCode}:\n${output}`);
      return /^port (\d+)$/m.exec(output)?.[1];
    });
    return await use(`http://127.0.0.1:${port}`);
  } finally {
    child.kill("SIGTERM");
    await exited;
  }
}
