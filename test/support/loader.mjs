// Loads the tests by tsx and upgate itself as it was built: what a test imports of src/ comes from dist/, so that a process which it
// starts is up in a third of the time, and what is tested is what is shipped.
import { readdirSync, statSync } from "node:fs";
import { register } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { register as registerForRequire } from "tsx/cjs/api";
import { register as registerForImport } from "tsx/esm/api";

const root = fileURLToPath(new URL("../../", import.meta.url));

const source = path.join(root, "src");
for (const name of readdirSync(source, { recursive: true })) {
  if (!name.endsWith(".ts")) continue;
  const built = statSync(path.join(root, "dist", name.replace(/\.ts$/, ".js")), { throwIfNoEntry: false });
  if (!built || built.mtimeMs < statSync(path.join(source, name)).mtimeMs)
    throw new Error(`src/${name} has changed since the last build: npm run build`);
}

registerForRequire();
registerForImport();
register("./loader-hooks.mjs", import.meta.url);

// Processes that upgate starts inherit these arguments. They need no loader: nothing of theirs is TypeScript.
if (process.env["NODE_TEST_CONTEXT"]) process.execArgv = process.execArgv.filter((argument) => argument.startsWith("--test"));
