import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const COMMAND_LINE = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

/** upgate's command line, as the vendor's build calls it; resolves with what it has printed, rejects with what it said. */
export async function runUpgate(args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND_LINE, ...args], { cwd });
  return stdout;
}
