import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { until } from "./wait.js";

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FIXTURES = path.join(ROOT, "test/package/fixtures");
/** What `npm pack` reads; packed in a copy, so that `prepack` can't take dist away from a suite that runs. */
const PACKED = ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "commonjs", "dist", "docs/checks.md", "locales", "public", "views"];
const INSTALL = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock"];

/** A vendor's project as a machine that knows nothing of this repository has it: upgate comes out of the tarball. */
export interface Vendor {
  readonly folder: string;
  /** Runs a command in the folder; resolves with its output, rejects with it when the command fails. */
  run(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string>;
  /** The same, for a command that prints one JSON object on stdout. */
  json<T>(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<T>;
  /** Starts a script that prints its address. */
  start(script: string, env?: NodeJS.ProcessEnv): Promise<VendorServer>;
}

export interface VendorServer {
  readonly base: string;
  /** Sends SIGTERM; resolves with the exit code once nothing keeps the process. */
  stop(): Promise<number | null>;
}

/** Removed when this process ends. */
function scratchFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "upgate-vendor-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Builds nothing: test/run.sh has. Returns the tarball's path. */
async function packUpgate(): Promise<string> {
  const copy = scratchFolder();
  for (const name of PACKED) cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true });
  const { stdout } = await execute("npm", ["pack", "--ignore-scripts", "--json"], { cwd: copy, env: environment() });
  const [packed] = JSON.parse(stdout) as [{ filename: string }];
  return path.join(copy, packed.filename);
}

/** Copies the fixture and installs its dependencies and the tarball; `env` is for that. */
export async function installVendor(fixture: string, env: NodeJS.ProcessEnv = {}): Promise<Vendor> {
  const folder = scratchFolder();
  cpSync(path.join(FIXTURES, fixture), folder, { recursive: true });
  const vendor: Vendor = {
    folder,
    run: async (command, args, more) => Object.values(await run(folder, command, args, more)).join(""),
    json: async <T>(command: string, args: readonly string[], more?: NodeJS.ProcessEnv) =>
      JSON.parse((await run(folder, command, args, more)).stdout) as T,
    start: (script, more) => start(folder, script, more),
  };
  await vendor.run("npm", [...INSTALL, await packUpgate()], env);
  return vendor;
}

/** Without what marks a child of this test runner. */
function environment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _runner, NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, ...env };
}

async function run(
  folder: string,
  command: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  try {
    return await execute(command, args, { cwd: folder, env: environment(env) });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(" ")} failed in ${path.basename(folder)}:\n${stdout}${stderr}`, { cause: error });
  }
}

async function start(folder: string, script: string, env?: NodeJS.ProcessEnv): Promise<VendorServer> {
  const child = spawn(process.execPath, [script], { cwd: folder, env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  process.once("exit", () => child.kill("SIGKILL"));
  const base = await until(`the address that ${script} prints`, () => {
    if (child.exitCode !== null) throw new Error(`${script} ended with exit code ${child.exitCode}:\n${output}`);
    return /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
  });
  return {
    base,
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
  };
}
