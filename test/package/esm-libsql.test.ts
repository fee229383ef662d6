import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { installsFirstRelease } from "../support/first-release.js";
import { installVendor } from "../support/vendor.js";

test("ES modules, Express 5, libsql, served the three-line way", async () => {
  const vendor = await installVendor("esm-express5-libsql");
  await installsFirstRelease(vendor, { script: "server.js" });
  assert.ok(existsSync(path.join(vendor.folder, "data/app.db")));
  // System Health shows it as help.
  assert.ok(existsSync(path.join(vendor.folder, "node_modules/upgate/docs/checks.md")));
});
