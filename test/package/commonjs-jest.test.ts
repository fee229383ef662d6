import assert from "node:assert/strict";
import { test } from "node:test";
import { installVendor } from "../support/vendor.js";

test("Jest, without flags or transforms, tests a CommonJS application, and ends by itself", async () => {
  const vendor = await installVendor("commonjs-jest");
  await vendor.run("npx", ["upgate", "up", "--yes"]);
  for (const flags of [[], ["--detectOpenHandles"]]) {
    const output = await vendor.run("npx", ["jest", ...flags]);
    assert.match(output, /6 passed, 6 total/);
    assert.doesNotMatch(output, /open handle|did not exit|Cannot log after/i);
  }
});
