import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { describe, test } from "node:test";
import type { Check } from "../../src/core/check.js";
import { judgeBackup, type LastBackup } from "../../src/upgrade/backup-checks.js";
import { type HealthReport, judge } from "../../src/upgrade/health-report.js";
import { healthText } from "../../src/upgrade/health-text.js";
import { withHostGroups } from "../../src/upgrade/host-checks.js";
import { parseHealthRequest } from "../../src/web/health-request.js";

const NOW = "2026-11-23T12:00:00.000Z";
const check = (id: string, severity: Check["severity"], more: Partial<Check> = {}): Check => ({
  id,
  title: `The ${id}`,
  severity,
  message: "Fine.",
  remedy: null,
  ...more,
});

describe("the last backup", () => {
  const made: LastBackup = {
    kind: "made",
    id: "b1",
    takenAt: "2026-11-22T12:00:00.000Z",
    bytes: 5 * 1024 * 1024,
    version: "1.0.0",
    proof: "restored",
    provenAt: "2026-11-22T12:01:00.000Z",
    folder: "/data/backups/b1",
    host: null,
    address: null,
  };
  const cases: readonly [name: string, backup: LastBackup | null, staleAfterDays: number, severity: string, message: RegExp][] = [
    [
      "is told with size, proof, release and place",
      made,
      30,
      "ok",
      /^b1, taken 2026-11-22 12:00 UTC, 5 MiB; proven on .* It holds release 1\.0\.0\. It lies in \/data/,
    ],
    ["is a note when it was read only", { ...made, proof: "read" }, 30, "info", /read to its end on .*, not restored\./],
    ["is a warning when it was never proven", { ...made, proof: null, provenAt: null }, 30, "warning", /; not proven\./],
    ["is a warning when it is too old", { ...made, takenAt: "2026-10-01T00:00:00.000Z" }, 30, "warning", /^It is 53 days old\. b1, /],
    ["may be as old as the vendor says", { ...made, takenAt: "2026-10-01T00:00:00.000Z" }, 0, "ok", /^b1, /],
    [
      "may lie elsewhere",
      { ...made, folder: null, host: "web-2", provenAt: null },
      30,
      "ok",
      /; it lies on web-2\. It was proven by restoring it\.$/,
    ],
    [
      "may be the operator's own",
      { ...made, kind: "own", address: "10.0.0.7" },
      30,
      "info",
      /confirmed on .*, by 10\.0\.0\.7; upgate has not seen it/,
    ],
    ["may not exist", null, 30, "info", /knows of none/],
  ];
  for (const [name, backup, days, severity, message] of cases)
    test(name, () => {
      const told = judgeBackup(backup, NOW, days);
      assert.equal(told.severity, severity);
      assert.match(told.message, message);
      assert.equal(told.remedy === null, severity === "ok" || (severity === "info" && backup !== null));
    });
});

describe("the report as text", () => {
  const long = "A sentence that goes on and on, until nobody remembers any more how it began, nor what it was to say in the end.";
  const groups = [
    { title: "Release", checks: [check("version", "ok"), check("late", "warning", { message: long, remedy: long })] },
    { title: "Workers", checks: [check("queue", "danger", { blocking: true, docsUrl: `https://docs.example.com/${"x".repeat(90)}` })] },
  ];
  const report: HealthReport = {
    product: "Shop",
    generatedAt: NOW,
    state: { kind: "current", reason: "You are up to date!", remedy: "Nothing to do." },
    ...judge(groups),
    groups,
    nodes: [],
    backup: null,
    runs: [],
    versions: null,
    settings: { mode: "wizard" },
  };

  test("begins with what is to be looked at, the worst first", () => {
    const text = healthText(report);
    assert.match(text, /^System Health of Shop, 2026-11-23T12:00:00\.000Z\n/);
    assert.match(text, /\n1 danger, 1 warning, 0 info, 1 ok\n/);
    assert.match(
      text,
      /To be looked at\n-+\nblocks {3}Workers: The queue \(queue\): Fine\.\n[^]*?\nwarning {2}Release: The late \(late\): A sentence/,
    );
    assert.match(
      text,
      /\nRunning processes\n-+\nnone\n\nLast backup\n-+\nnone is known\n\nLast runs\n-+\nnone\n\nSettings\n-+\nmode +wizard\n$/,
    );
  });

  test("has 80 columns, and cuts no word", () => {
    const lines = healthText(report).split("\n");
    const longer = lines.filter((line) => line.length > 80);
    assert.deepEqual([...new Set(longer.map((line) => line.trim().slice(0, 25)))], ["https://docs.example.com/"]);
    assert.ok(lines.some((line) => /^ {9}\S/.test(line)));
  });
});

describe("groups of checks", () => {
  test("of the same title become one, in the order of the first", () => {
    const [one, two, three] = [check("a", "ok"), check("b", "ok"), check("c", "ok")];
    const own = [
      { title: "Release", checks: [one] },
      { title: "Database", checks: [two] },
    ];
    assert.deepEqual(withHostGroups(own, [{ title: "Release", checks: [three] }]), [
      { title: "Release", checks: [one, three] },
      { title: "Database", checks: [two] },
    ]);
  });
});

describe("what is asked of System Health", () => {
  const cases: readonly [
    url: string,
    accept: string | undefined,
    format: string,
    isDownload: boolean,
    help: string | null,
    run: string | null,
  ][] = [
    ["/", undefined, "html", false, null, null],
    ["/", "text/html,application/xhtml+xml,*/*;q=0.8", "html", false, null, null],
    ["/", "application/json", "json", false, null, null],
    ["/", "application/json, text/plain, */*", "json", false, null, null],
    ["/", "text/plain", "text", false, null, null],
    ["/", "image/png, application/json;q=0", "html", false, null, null],
    ["/?format=text&download", "text/html", "text", true, null, null],
    ["/?lang=de&format=json", "text/html", "json", false, null, null],
    ["/?format=pdf", "text/html", "html", false, null, null],
    ["/?help=version&format=json", "text/html", "html", false, "version", null],
    ["/?help=../x", "text/html", "html", false, null, null],
    ["/?report=20261122T131402-9f2c4e1a", "text/html", "html", false, null, "20261122T131402-9f2c4e1a"],
    ["/?report=%0d%0aSet-Cookie:a", "text/html", "html", false, null, null],
  ];
  for (const [url, accept, format, isDownload, help, run] of cases)
    test(`${url} for ${accept ?? "anything"}`, () => {
      const req = { url, headers: accept === undefined ? {} : { accept } } as unknown as IncomingMessage;
      assert.deepEqual(parseHealthRequest(req), { format, isDownload, help, run });
    });
});
