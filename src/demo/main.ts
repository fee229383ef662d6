import { existsSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { VersionState } from "../index.js";

const { values } = parseArgs({
  options: {
    fresh: { type: "boolean", default: false },
    reset: { type: "boolean", default: false },
    feed: { type: "boolean", default: false },
    port: { type: "string", default: process.env["PORT"] ?? "3000" },
    host: { type: "string", default: process.env["HOST"] ?? "127.0.0.1" },
  },
});

const root = new URL("../../", import.meta.url);
process.chdir(fileURLToPath(root));
if (values.fresh) process.env["DATABASE_URL"] ??= "sqlite:./data/ledgerly-fresh.db";
const database = process.env["DATABASE_URL"] ?? "sqlite:./data/ledgerly.db";
if (values.fresh || values.reset) startOver();

/** SQLite only: a database on a server is not ours to empty. */
function startOver(): void {
  if (!database.startsWith("sqlite:")) {
    console.error(`To start over, empty the database yourself: ${new URL(database).pathname.slice(1)}`);
    return;
  }
  const file = database.slice("sqlite:".length);
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(file + suffix, { force: true });
}

if (values.feed) {
  const { serveFeed } = await import("./feed-server.js");
  process.env["FEED_URL"] = await serveFeed(new URL("demo/releases.json", root));
}

// The configuration reads the environment when it is loaded, so it comes after the arguments.
const { config } = await import("./config.js");
if (!values.fresh) {
  const { layDownBaseline } = await import("./baseline.js");
  if (await layDownBaseline(config)) console.log("Laid down a database as release 8.5.0 left it.");
}
const { upgate } = await import("./upgate.js");

const server = await upgate
  .serve(() => import("./app.js"), { port: Number(values.port), host: values.host })
  .catch(async (error: Error) => {
    await upgate.close();
    console.error(`${error.message}\nAnother port: npm start -- --port 3001`);
    process.exit(1);
  });
await upgate.ready();
greet(upgate.state());

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void upgate.close().then(() => process.exit(0)));
}

function greet({ kind, codeVersion, installedVersion }: VersionState): void {
  const { port } = server.address() as AddressInfo;
  const site = `http://${values.host === "0.0.0.0" ? "localhost" : values.host}:${port}`;
  const keyFile = path.join(String(config.dataDir), "install-key");
  console.log(`\n  ${config.branding?.name} ${codeVersion}${installedVersion ? `, the database is at ${installedVersion}` : ""}\n`);
  console.log(`  Site         ${site}/`);
  if (kind === "current") console.log(`  Admin area   ${site}/admin\n`);
  else {
    console.log(`  Installer    ${site}/install`);
    console.log(`  Install key  ${existsSync(keyFile) ? readFileSync(keyFile, "utf8").trim() : `in ${path.resolve(keyFile)}`}\n`);
  }
}
