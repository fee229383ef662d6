import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./wait.js";

const MAIN = fileURLToPath(new URL("../../dist/demo/main.js", import.meta.url));

export interface Demo {
  readonly base: string;
  readonly port: number;
  readonly key: string;
  readonly output: () => string;
  stop(): Promise<void>;
}

/** The reference application as `npm start` runs it, as a process of its own, with its data in a scratch folder. */
export async function startDemo(databaseUrl: string | null, args: readonly string[] = []): Promise<Demo> {
  const data = mkdtempSync(path.join(os.tmpdir(), "upgate-demo-"));
  const child = spawn(process.execPath, [MAIN, "--port", "0", ...args], {
    env: { ...process.env, DATA_DIR: data, DATABASE_URL: databaseUrl ?? `sqlite:${data}/ledgerly.db`, UPGATE_INSTALL_KEY: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return demoOf(child, { data, scratch: data });
}

/** What has been started, once it listens and has made its install key. `data`: its data folder; `scratch`: removed at the end. */
export async function demoOf(child: ChildProcess, { data, scratch }: { readonly data: string; readonly scratch: string }): Promise<Demo> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    const port = await until("the demo's address", () => {
      if (child.exitCode !== null) throw new Error(`The demo ended with exit code ${child.exitCode}:\n${output}`);
      return /Site\s+http:\/\/[^:]+:(\d+)\//.exec(output)?.[1];
    });
    const file = path.join(data, "install-key");
    await until("the install key", () => existsSync(file));
    return { base: `http://127.0.0.1:${port}`, port: Number(port), key: readFileSync(file, "utf8").trim(), output: () => output, stop };
  } catch (error) {
    await stop();
    throw new Error(`The demo did not start:\n${output}`, { cause: error });
  }
}
