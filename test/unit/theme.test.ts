import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { themeCss } from "../../src/web/wizard/theme.js";

describe("the wizard's theme", () => {
  test("sets the vendor's colour, and nothing else", () => {
    for (const colour of ["#2454c7", "#abc", "#FFF"]) assert.equal(themeCss(colour), `:root{--accent:${colour}}\n`);
  });

  test("is empty without a colour: the style sheet's own stays", () => assert.equal(themeCss(undefined), ""));
});
