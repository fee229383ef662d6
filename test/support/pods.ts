import { spawn } from "node:child_process";
import type { UpgateOptions } from "../../src/index.js";
import { freePort } from "./mariadb.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "./project.js";
import { until } from "./wait.js";

const UPGATE = new URL("../../dist/index.js", import.meta.url).href;

/** Of two releases; the second one's application can't boot without its migrations. */
export const RELEASES = { old: "1.0.0", new: "1.1.0" } as const;

const BOOTS = { [RELEASES.old]: "", [RELEASES.new]: `await upgate.knex("products").select("price_cents");` } as const;

/** A migration of one statement that the server carries out for as long as somebody else has the lock. */
export function waitsFor(lock: string): string {
  return `export const up = (knex) => knex.raw("SELECT GET_LOCK('${lock}', 120)");`;
}

/** An application as docs/recipes.md has it, in an image of its own: other pods' files are not seen. */
export function release(version: keyof typeof BOOTS, database: string, migration: string, more: Partial<UpgateOptions> = {}): TestProject {
  const { [`1.1.0/0001-product-price.mjs` as const]: price, [`1.1.0/0002-fill-prices.mjs` as const]: fill, ...first } = SHOP_MIGRATIONS;
  const second = { "1.1.0/0001-product-price.mjs": price, "1.1.0/0002-fill-prices.mjs": fill, "1.1.0/0003-takes-long.mjs": migration };
  const migrations = version === RELEASES.old ? first : { ...first, ...second };
  const project = createProject(database, { version, migrations, more });
  project.write(
    "upgate.mjs",
    `import { createUpgate } from ${JSON.stringify(UPGATE)};
import config from "./upgate.config.mjs";
export const upgate = createUpgate({ ...config, configFile: ${JSON.stringify(project.options.configFile)} });
`,
  );
  project.write(
    "app.mjs",
    `import { once } from "node:events";
import { upgate } from "./upgate.mjs";
${BOOTS[version]}
export default async (req, res) => {
  res.setHeader("Release", ${JSON.stringify(version)});
  if (req.url !== "/report") return res.end("release ${version}");
  res.write("begun\\n");
  await once(process, "SIGUSR2");
  const rows = await upgate.knex("products").then((found) => found.length, (error) => error.code);
  res.end(String(rows));
};
`,
  );
  project.write(
    "server.mjs",
    `import { upgate } from "./upgate.mjs";
function stop() {
  setTimeout(() => process.exit(0), 10_000).unref();
  void upgate.close().then(() => process.exit(0));
}
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, stop);
await upgate.serve(() => import("./app.mjs"), { port: Number(process.env.PORT), host: "127.0.0.1" });
`,
  );
  return project;
}

/** A container's process. */
export interface PodProcess {
  readonly port: number;
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code; null after a signal that ended it. */
  readonly ended: Promise<number | null>;
  readonly isAlive: boolean;
  output(): string;
}

/** Resolves at once: whether it answers is for probes to find out. */
export async function startPodProcess(image: TestProject, port?: number): Promise<PodProcess> {
  const own = port ?? (await freePort());
  const { NODE_TEST_CONTEXT: _test, NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(process.execPath, ["server.mjs"], {
    cwd: image.folder,
    env: { ...env, PORT: String(own) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  return {
    port: own,
    pid: child.pid as number,
    signal: (name) => void child.kill(name),
    ended: new Promise((resolve) => child.once("exit", resolve)),
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    output: () => text,
  };
}

/** The answer's status, or null: none within the time. */
export async function probe(port: number, path: string, timeoutMs = 1000): Promise<number | null> {
  return fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(timeoutMs), headers: { connection: "close" } }).then(
    ({ status }) => status,
    () => null,
  );
}

export async function isOpen(pod: PodProcess): Promise<void> {
  await until(`the pod on port ${pod.port} to open`, async () => (await probe(pod.port, "/healthz/open")) === 200, 60_000);
}
