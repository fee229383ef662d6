import { before, describe, test } from "node:test";
import { installsFirstRelease } from "../support/first-release.js";
import { installVendor, type Vendor } from "../support/vendor.js";

describe("TypeScript, strict, every library's declarations checked", () => {
  let vendor: Vendor;
  before(async () => {
    vendor = await installVendor("typescript-express5");
    await vendor.run("npx", ["tsc"]);
  });

  for (const [name, folder, extension] of [
    ["ES modules", "out/esm", "mjs"],
    ["CommonJS", "out/cjs", "cjs"],
  ])
    test(name as string, () =>
      installsFirstRelease(vendor, { script: `${folder}/server.${extension}`, config: `${folder}/upgate.config.${extension}` }),
    );
});
