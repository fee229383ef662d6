import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { defaultExport } from "../../src/core/default-export.js";

describe("a module's default export", () => {
  const app = (): void => undefined;
  const cases: [name: string, module: { default?: unknown }, expected: unknown][] = [
    ["of an ES module", { default: app }, app],
    ["of a CommonJS module", { default: { version: "1.0.0" } }, { version: "1.0.0" }],
    ["of an ES module compiled to CommonJS", { default: { __esModule: true, default: app } }, app],
    ["that has a member of that name itself", { default: { default: app } }, { default: app }],
    ["that is missing in a compiled module", { default: { __esModule: true, up: app } }, { __esModule: true, up: app }],
    ["that is null", { default: null }, null],
    ["of a module without one", {}, undefined],
  ];
  for (const [name, module, expected] of cases) test(name, () => assert.deepEqual(defaultExport(module), expected));
});
