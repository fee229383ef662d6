import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FeedLog } from "../../src/upgrade/feed/feed-log.js";
import { claimEnd, isDue, isStale, nextDue } from "../../src/upgrade/feed/feed-times.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse("2026-11-23T12:00:00.000Z");
const at = (ms: number): string => new Date(NOW + ms).toISOString();
const URL = "https://vendor.example/releases.json";

const log = (more: Partial<FeedLog> = {}): FeedLog => ({
  url: URL,
  revision: "1",
  takenAt: at(-HOUR),
  triedAt: at(-HOUR),
  error: null,
  failures: 0,
  dueAt: at(HOUR),
  claimedUntil: null,
  ...more,
});

describe("it is time to ask", () => {
  const table: [what: string, log: FeedLog | null, due: boolean][] = [
    ["when nobody ever has", null, true],
    ["not before the due time", log(), false],
    ["at the due time", log({ dueAt: at(0) }), true],
    ["not while somebody asks", log({ dueAt: at(-1), claimedUntil: at(1000) }), false],
    ["when who asked is gone", log({ dueAt: at(-1), claimedUntil: at(-1) }), true],
    ["when a wrong clock has claimed it for days", log({ dueAt: at(-1), claimedUntil: at(48 * HOUR) }), true],
    ["when a wrong clock has put it off for days", log({ dueAt: at(48 * HOUR) }), true],
    ["when the address is another", log({ url: "https://other.example/" }), true],
    ["but not again and again while nodes disagree about it", log({ url: "https://other.example/", triedAt: at(-MINUTE) }), false],
  ];
  for (const [what, known, due] of table) test(what, () => assert.equal(isDue(known, URL, 24, NOW), due));
});

test("the next time is spread, later after each failure, never later than the interval", () => {
  const minutes = (hours: number, failures: number, random: number): number =>
    (Date.parse(nextDue(hours, failures, NOW, random)) - NOW) / MINUTE;
  assert.deepEqual([minutes(24, 0, 0), minutes(24, 0, 0.5), minutes(24, 0, 1)], [1296, 24 * 60, 1584]);
  assert.deepEqual(
    [1, 2, 3, 7, 8, 99].map((failures) => minutes(24, failures, 0.5)),
    [5, 10, 20, 320, 360, 360],
  );
  assert.equal(minutes(1, 99, 0.5), 60);
  assert.equal(isDue(log({ dueAt: nextDue(24, 0, NOW, 1) }), URL, 24, NOW), false);
});

test("a claim lasts as long as the request may", () => assert.equal(claimEnd(5000, NOW), at(35_000)));

describe("nothing can be said any more", () => {
  const table: [what: string, log: FeedLog, hours: number, stale: boolean][] = [
    ["not after an answer", log(), 24, false],
    ["not after one failure", log({ failures: 1 }), 24, false],
    ["after three days of failures", log({ failures: 9, takenAt: at(-73 * HOUR) }), 1, true],
    ["after three intervals of failures, where that is longer", log({ failures: 9, takenAt: at(-73 * HOUR) }), 48, false],
    ["not after three days in which the process stood still", log({ takenAt: at(-73 * HOUR) }), 1, false],
    ["after three failures, where there was never an answer", log({ failures: 3, takenAt: null }), 24, true],
    ["not after two", log({ failures: 2, takenAt: null }), 24, false],
  ];
  for (const [what, known, hours, stale] of table) test(what, () => assert.equal(isStale(known, hours, NOW), stale));
});
