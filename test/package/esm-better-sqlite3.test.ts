import { test } from "node:test";
import { installsFirstRelease } from "../support/first-release.js";
import { installVendor } from "../support/vendor.js";

/** Where no prebuilt binary can be had, npm compiles SQLite: minutes when optimised, and how fast it is is not asked here. */
const UNOPTIMISED = { CFLAGS: "-O0", CXXFLAGS: "-O0" };

test("ES modules, Express 4, better-sqlite3, guard and installer mounted by hand", async () => {
  const vendor = await installVendor("esm-express4-better-sqlite3", UNOPTIMISED);
  await installsFirstRelease(vendor, { script: "server.js" });
});
