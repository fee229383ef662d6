import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { TestProject } from "./project.js";
import { until } from "./wait.js";

const INDEX = new URL("../../dist/index.js", import.meta.url).href;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** `close` gives what was let in 8 s; more is a hang. */
const STOP_WAIT_MS = 30_000;

/** A project's application as a process of its own. */
export interface Site {
  readonly base: string;
  readonly pid: number;
  output(): string;
  /** Status and body of the front page. */
  visit(): Promise<{ readonly status: number; readonly text: string }>;
  /** Resolves with the exit code, whoever ends the process. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

const OPEN = `export default (req, res) => res.end("open");\n`;

/** Starts `serve` for the project on a free port; its application answers "open" or does what its module says. Resolves once the port is bound. */
export async function startSite(project: TestProject, application = OPEN): Promise<Site> {
  const app = project.write("app.mjs", application);
  const server = project.write(
    "server.mjs",
    `import { createUpgate } from ${JSON.stringify(INDEX)};
import config from "./upgate.config.mjs";
const upgate = createUpgate({ ...config, configFile: ${JSON.stringify(project.options.configFile)} });
const server = await upgate.serve(() => import(${JSON.stringify(app)}), { port: 0, host: "127.0.0.1" });
console.log("PORT", server.address().port);
process.once("SIGTERM", () => void upgate.close().then(() => process.exit(0)));
`,
  );
  const child = spawn(process.execPath, [server], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const port = await until("the site's port", () => {
    if (child.exitCode !== null) throw new Error(`The site ended with exit code ${child.exitCode}:\n${text}`);
    return /PORT (\d+)/.exec(text)?.[1];
  });
  const base = `http://127.0.0.1:${port}`;
  return {
    base,
    pid: child.pid as number,
    output: () => text,
    visit: async () => {
      const response = await fetch(base);
      return { status: response.status, text: await response.text() };
    },
    ended,
    stop: async () => {
      child.kill("SIGTERM");
      const isOver = await Promise.race([ended.then(() => true), pause(STOP_WAIT_MS, false, { ref: false })]);
      if (isOver) return;
      child.kill("SIGKILL");
      throw new Error(`The site did not end within ${STOP_WAIT_MS} ms of SIGTERM:\n${text}`);
    },
  };
}
