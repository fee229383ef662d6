import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RetryInterval } from "../../src/web/retry-interval.js";

/** Visitors who come back when they are told to, from a first rush of a second on: how many come, and the longest wait. */
function crowd(visitors: number, seconds: number): { readonly perSecond: number; readonly most: number; readonly longestS: number } {
  let nowMs = 0;
  let seed = 1;
  const random = (): number => ((seed = (seed * 48_271) % 2_147_483_647) - 1) / 2_147_483_646;
  const interval = new RetryInterval(() => nowMs, random);
  const due: number[][] = [];
  const plan = (atMs: number): void => void (due[Math.floor(atMs / 1000)] ??= []).push(atMs);
  for (let visitor = 0; visitor < visitors; visitor++) plan(random() * 1000);
  let longestS = 0;
  for (let second = 0; second < seconds; second++) {
    for (const atMs of (due[second] ?? []).toSorted((a, b) => a - b)) {
      nowMs = atMs;
      const retryS = interval.next();
      longestS = Math.max(longestS, retryS);
      plan(atMs + retryS * 1000);
    }
  }
  const returns = Array.from({ length: seconds }, (_, second) => due[second]?.length ?? 0).slice(1);
  const settled = returns.slice(-100);
  return { perSecond: settled.reduce((sum, count) => sum + count, 0) / settled.length, most: Math.max(...returns), longestS };
}

describe("the time after which visitors come back", () => {
  test("is 5 to 15 s while few wait", () => {
    const { longestS } = crowd(50, 300);
    assert.ok(longestS <= 15);
    const interval = new RetryInterval(
      () => 0,
      () => 0,
    );
    assert.equal(interval.next(), 5);
  });

  test("grows with the crowd, so that not much more than 200 a second come, and has its bounds", () => {
    const { perSecond, most, longestS } = crowd(10_000, 400);
    assert.ok(perSecond < 220, `${perSecond} a second`);
    assert.ok(most < 500, `${most} in one second`);
    assert.ok(longestS <= 150, `${longestS} s`);
    assert.ok(crowd(100_000, 400).longestS <= 180);
  });

  test("is short again once nobody waits any more", () => {
    let nowMs = 0;
    const interval = new RetryInterval(
      () => nowMs,
      () => 0.5,
    );
    for (let answer = 0; answer < 40_000; answer++) {
      nowMs += 1;
      interval.next();
    }
    assert.ok(interval.next() > 20);
    nowMs += 200_000;
    assert.equal(interval.next(), 10);
  });
});
