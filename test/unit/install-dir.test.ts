import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { installDirProblem } from "../../src/upgrade/install-dir.js";

const root = path.resolve("/srv/shop");
const cwd = path.resolve("/srv/shop/app");
const kept = ["/srv/shop/app/migrations", "/srv/shop/data", "/srv/shop/upgate.config.mjs"].map((file) => path.resolve(file));

describe("the vendor's install folder", () => {
  for (const folder of ["/srv/shop/install", "/srv/shop/app/install", "/srv/shop/..install"])
    test(`may be ${folder}`, () => assert.equal(installDirProblem(path.resolve(folder), { root, cwd, kept }), null));

  for (const [folder, says] of [
    ["/srv/shop", /inside the application's/],
    ["/srv", /inside the application's/],
    ["/", /inside the application's/],
    ["/srv/shop2/install", /inside the application's/],
    ["/etc", /inside the application's/],
    ["/srv/shop/data", /must not hold .*data/],
    ["/srv/shop/app", /must not hold .*app$/],
    ["/srv/shop/app/migrations/1.0.0", /must not be a part of .*migrations/],
    ["/srv/shop/data/backups", /must not be a part of .*data/],
    ["/srv/shop/app/migrations", /must not hold .*app.migrations/],
    ["/srv/shop/upgate.config.mjs", /must not hold .*upgate\.config/],
  ] as const)
    test(`may not be ${folder}`, () => assert.match(installDirProblem(path.resolve(folder), { root, cwd, kept }) ?? "", says));
});
