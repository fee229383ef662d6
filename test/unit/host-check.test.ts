import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checksOfAnswer } from "../../src/core/host-check.js";
import { checkOptions } from "../../src/core/check-options.js";

const LEAST = { version: "8.6.1", database: "sqlite:./app.db", migrations: "./migrations" };
const run = (): null => null;

function problemsOf(checks: unknown): string[] {
  return checkOptions({ ...LEAST, checks }, {}).problems.map(({ path, message }) => `${path}: ${message}`);
}

describe("the option checks", () => {
  test("takes checks with an id and a function", () => {
    const checks = [
      { id: "license", run },
      { id: "queue-2", title: "Queue", group: "Workers", docsUrl: "https://docs.example.com/queue", run },
    ];
    const { value, problems } = checkOptions({ ...LEAST, checks }, {});
    assert.deepEqual([problems, value.checks], [[], checks]);
  });

  const bad: readonly [name: string, checks: unknown, says: RegExp][] = [
    ["what is no array", { id: "a", run }, /^checks: must be an array/],
    ["what is no object", [run], /^checks\[0\]: must be an object/],
    ["an id in capitals", [{ id: "Queue", run }], /^checks\[0\]\.id: must be 1 to 40/],
    ["an id that is upgate's own", [{ id: "privileges", run }], /^checks\[0\]\.id: .*privileges is taken/],
    [
      "an id for the second time",
      [
        { id: "a", run },
        { id: "a", run },
      ],
      /^checks\[1\]\.id: .*a is taken/,
    ],
    ["one without a function", [{ id: "a" }], /^checks\[0\]\.run: must be a function/],
    ["a title that is no text", [{ id: "a", title: 1, run }], /^checks\[0\]\.title: must be a string/],
    ["a group that is too long", [{ id: "a", group: "x".repeat(61), run }], /^checks\[0\]\.group: must have 60 characters at most/],
    [
      "documentation by plain http",
      [{ id: "a", docsUrl: "http://docs.example.com/", run }],
      /^checks\[0\]\.docsUrl: must be an https address/,
    ],
    [
      "documentation that is a script",
      [{ id: "a", docsUrl: "javascript:alert(1)", run }],
      /^checks\[0\]\.docsUrl: must be an https address/,
    ],
    ["a misspelt member", [{ id: "a", run, titel: "A" }], /^checks\[0\]\.titel: .*did you mean "title"/],
  ];
  for (const [name, checks, says] of bad)
    test(`refuses ${name}`, () => {
      const problems = problemsOf(checks);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] as string, says);
    });

  test("tells all problems at once", () => assert.equal(problemsOf([{ id: "A" }, 3]).length, 3));
});

describe("a vendor's answer", () => {
  const check = { id: "queue", title: "Queue" };

  test("nothing is well", () => {
    for (const answer of [null, undefined, []])
      assert.deepEqual(checksOfAnswer(check, answer), [{ ...check, severity: "ok", message: "All is well.", remedy: null }]);
    assert.equal(checksOfAnswer({ id: "queue" }, null)[0]?.title, "queue");
  });

  test("one finding, or several", () => {
    const finding = { severity: "warning", message: "312 jobs wait.", remedy: "Let them finish." };
    assert.deepEqual(checksOfAnswer(check, finding), [{ ...check, ...finding }]);
    const two = checksOfAnswer(check, [finding, { severity: "info", message: "Paused.", title: "Worker" }]);
    assert.deepEqual(
      two.map(({ title, severity, remedy }) => [title, severity, remedy]),
      [
        ["Queue", "warning", "Let them finish."],
        ["Worker", "info", null],
      ],
    );
  });

  test("what blocks is a danger", () => {
    const [one] = checksOfAnswer(check, { severity: "warning", message: "Jobs wait.", blocking: true });
    assert.deepEqual([one?.severity, one?.blocking], ["danger", true]);
    assert.equal("blocking" in (checksOfAnswer(check, { severity: "danger", message: "x", blocking: false })[0] ?? {}), false);
  });

  test("carries where the documentation is, broken or not", () => {
    const docsUrl = "https://docs.example.com/queue";
    for (const answer of [null, { severity: "ok", message: "x" }, "fine"])
      assert.equal(checksOfAnswer({ ...check, docsUrl }, answer)[0]?.docsUrl, docsUrl);
  });

  for (const [answer, says] of [
    ["fine", /it is string, not an object/],
    [[null], /it is null, not an object/],
    [{ severity: "bad", message: "x" }, /severity must be one of ok, info, warning, danger/],
    [{ severity: "ok" }, /message must be a text/],
    [{ severity: "ok", message: "x", remedy: 3 }, /remedy must be/],
    [{ severity: "ok", message: "x", blocking: "yes" }, /blocking must be/],
  ] as const)
    test(`that can't be read is told: ${says.source}`, () => {
      const [broken] = checksOfAnswer(check, answer);
      assert.deepEqual([broken?.id, broken?.severity, broken?.blocking], ["queue", "danger", undefined]);
      assert.match(broken?.message ?? "", says);
    });
});
