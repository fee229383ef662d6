import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, UpgateError } from "../core/errors.js";

interface LaunchOptions {
  readonly configFile: string;
  readonly runId: string;
  /** Of the lease that the new process takes over. */
  readonly token: number;
  readonly dataDir: string;
}

/** The command line is started by its file, not imported: it stands above this layer. */
const CLI = fileURLToPath(new URL(`../cli/main${path.extname(import.meta.url)}`, import.meta.url));
const LOG_TAIL_CHARACTERS = 1500;

/**
 * Starts `upgate up` as a process of its own that outlives this one; its output goes to `dataDir/runs/<run>.log`. Resolves
 * when it has ended well; rejects with `ERR_UPGATE_RUNNER_START` and the log's end when it has not.
 */
export async function launchDetached({ configFile, runId, token, dataDir }: LaunchOptions): Promise<void> {
  const { logFile, log } = openLog(path.join(dataDir, "runs"), `${runId}.log`);
  const child = spawn(
    process.execPath,
    [...inheritedArguments(process.execArgv), CLI, "up", "--config", configFile, "--run", runId, "--token", String(token)],
    {
      detached: true,
      stdio: ["ignore", log, log],
    },
  );
  closeSync(log);
  child.unref();
  return new Promise((resolve, reject) => {
    const fail = (how: string, cause?: unknown): void =>
      reject(
        new UpgateError("ERR_UPGATE_RUNNER_START", `The upgrade process ${how}. ${tail(logFile)}`.trim(), {
          cause,
          remedy: `Read its log, ${logFile}; correct the cause, then press Retry.`,
        }),
      );
    child.on("error", (error) => fail("could not be started", error));
    child.on("exit", (code, signal) => {
      if (code === 0) resolve();
      else fail(signal ? `was ended by ${signal}` : `ended with exit code ${code}`);
    });
  });
}

function openLog(folder: string, name: string): { readonly logFile: string; readonly log: number } {
  const logFile = path.join(folder, name);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return { logFile, log: openSync(logFile, "a", 0o600) };
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_RUNNER_START", `The upgrade's log ${logFile} can't be written: ${messageOf(cause)}`, {
      cause,
      remedy: `Make the folder ${folder} writable for the application (option dataDir), then press Retry.`,
    });
  }
}

/** Two processes can't debug on one port, and these would turn the child into something else than a runner. */
const NOT_INHERITED = /^(?:-[ep]|--(?:inspect|debug|test|watch|eval|print))/;

/** Node's own arguments for a runner. An argument that is left out takes its value along, where that stands by itself. */
export function inheritedArguments(execArgv: readonly string[]): string[] {
  return execArgv.filter((argument, index) => {
    const before = execArgv[index - 1] ?? "";
    const isValue = !argument.startsWith("-") && !before.includes("=");
    return !NOT_INHERITED.test(isValue ? before : argument);
  });
}

function tail(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(-LOG_TAIL_CHARACTERS);
  } catch {
    return "";
  }
}
