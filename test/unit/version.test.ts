import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { codeVersionProblem, compareVersions, isVersion, parseInstalledVersion } from "../../src/core/version.js";
import { inRange } from "../../src/core/version-range.js";

describe("the code version", () => {
  for (const version of ["8.6.1", "8.6.1-release.1", "8.7.0-rc.1", "0.0.0", "10.20.30-alpha-1.x"])
    test(`${version} is accepted`, () => assert.equal(codeVersionProblem(version), null));

  const refused: [value: unknown, says: RegExp][] = [
    ["8.6.1+build.7", /must carry no build metadata: use "8\.6\.1"/],
    ["8.6.1-rc.1+7", /use "8\.6\.1-rc\.1"/],
    ["v8.6.1", /semver version such as "8\.6\.1", got "v8\.6\.1"/],
    [" 8.6.1", /semver/],
    ["8.6.1\n", /semver/],
    ["8.6", /got "8\.6"/],
    ["8.06.1", /semver/],
    ["8.6.1-01", /semver/],
    ["", /got ""/],
    ["latest", /got "latest"/],
    [8, /must be a string such as "8\.6\.1", got number/],
    [null, /got null/],
    [undefined, /got undefined/],
    [["8.6.1"], /got an array/],
    [{}, /got object/],
  ];
  for (const [value, says] of refused)
    test(`${JSON.stringify(value) ?? "nothing"} is refused`, () => assert.match(codeVersionProblem(value) ?? "accepted", says));

  test("a very long one is quoted by its beginning only", () => {
    assert.ok((codeVersionProblem("9".repeat(5000)) ?? "").length < 200);
  });
});

describe("the version row's text", () => {
  const table: [text: string, version: string | null][] = [
    ["8.6.1", "8.6.1"],
    [" 8.6.1\r\n", "8.6.1"],
    ["v8.6.1", "8.6.1"],
    ["8.6.1+build.7", "8.6.1"],
    ["8.6.1-release.1+7", "8.6.1-release.1"],
    ["8.6", null],
    ["", null],
    ["   ", null],
    ["version 8.6.1", null],
    [`8.6.1-${"a".repeat(251)}`, null],
    ["99999999999999999999.0.0", null],
  ];
  for (const [text, version] of table)
    test(`${JSON.stringify(text.slice(0, 24))} is ${version ?? "no version"}`, () => assert.equal(parseInstalledVersion(text), version));
});

describe("the order of versions", () => {
  const ascending = [
    "8.6.1-alpha",
    "8.6.1-release.1",
    "8.6.1-release.2",
    "8.6.1-release.10",
    "8.6.1",
    "8.7.0-rc.1",
    "8.7.0",
    "8.10.0",
    "10.0.0",
  ];
  for (const [index, version] of ascending.slice(1).entries()) {
    const before = ascending[index] as string;
    test(`${before} comes before ${version}`, () => {
      assert.deepEqual([compareVersions(before, version), compareVersions(version, before), compareVersions(version, version)], [-1, 1, 0]);
    });
  }
});

describe("ranges", () => {
  test("prereleases count as any other version", () => {
    assert.equal(inRange("8.6.1-release.1", ">=8.0.0"), true);
    assert.equal(inRange("8.6.1-release.1", "8.6.x"), true);
    assert.equal(inRange("8.6.1-release.1", ">=8.6.1"), false);
    assert.equal(inRange("8.6.1", "eight"), false);
  });

  test("a version is told from other text", () => {
    assert.deepEqual(["8.6.1", "8.6.1-rc.1", "8.6", "", "eight"].map(isVersion), [true, true, false, false, false]);
  });
});
