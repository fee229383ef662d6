import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { it } from "node:test";

const PUBLIC = fileURLToPath(new URL("../../public/", import.meta.url));
/** Of style and scripts, uncompressed: what a slow line still loads at once. */
const MOST_BYTES = 40_000;

it("the wizard's styles and scripts are light", () => {
  const files = readdirSync(PUBLIC).filter((name) => /^(?:wizard|page|progress)\.(?:css|js)$/.test(name));
  assert.deepEqual(files.toSorted(), ["page.js", "progress.js", "wizard.css"]);
  const bytes = files.map((name) => statSync(path.join(PUBLIC, name)).size).reduce((sum, size) => sum + size, 0);
  assert.ok(bytes < MOST_BYTES, `${bytes} bytes`);
});
