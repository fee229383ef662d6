import { rmSync } from "node:fs";
import path from "node:path";
import { prepareSite } from "./site.js";

// npm run demo: Ledgerly as a vendor ships it and an operator runs it. Three sealed releases, a signed list of releases, a theme of the operator's.
const HOME = path.resolve(process.env["DEMO_DIR"] ?? "data/demo");
const args = process.argv.slice(2);

if (args.includes("--reset")) rmSync(HOME, { recursive: true, force: true });
const site = await prepareSite(HOME);
site.upload("8.6.1");
console.log(`The releases lie in ${path.join(HOME, "releases")}; 8.6.1 was uploaded to ${site.folder}.`);
const application = site.start(
  args.filter((arg) => arg !== "--reset"),
  "inherit",
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => application.kill(signal));
application.once("exit", (code) => process.exit(code ?? 1));
