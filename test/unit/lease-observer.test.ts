import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Lease, ProcessIdentity } from "../../src/core/run.js";
import type { Dialect } from "../../src/store/connect.js";
import { type HolderVerdict, LeaseObserver } from "../../src/upgrade/lease-observer.js";

const TTL_MS = 15_000;
const HOLDER: ProcessIdentity = { host: "web1", hostId: "h1", pid: 4711, startedTicks: "99" };

function lease(token: number, beat: number, holder: ProcessIdentity | null = HOLDER): Lease {
  return { holder, token, beat, acquiredAt: "2026-11-01T10:00:00.000Z" };
}

/** An observer whose clock the test holds: `look` moves it on and asks. `alive` is what the system says of the process. */
function observer(
  alive: boolean | null,
  dialect: Dialect = "mysql",
): {
  look(afterMs: number, seen: Lease | null): boolean;
  judge(afterMs: number, seen: Lease | null): HolderVerdict;
  asked: ProcessIdentity[];
} {
  let now = 1_000_000;
  const asked: ProcessIdentity[] = [];
  const isProcessAlive = (holder: ProcessIdentity): boolean | null => (asked.push(holder), alive);
  const observing = new LeaseObserver({ leaseTtlMs: TTL_MS, dialect, nowMs: () => now, isProcessAlive });
  return {
    asked,
    look(afterMs, seen) {
      now += afterMs;
      return observing.isAlive(seen);
    },
    judge(afterMs, seen) {
      now += afterMs;
      return observing.judge(seen);
    },
  };
}

describe("nobody holds the lease", () => {
  test("before its table exists, and after it was given back", () => {
    const { look, asked } = observer(null);
    assert.equal(look(0, null), false);
    assert.equal(look(0, lease(3, 0, null)), false);
    assert.deepEqual(asked, []);
  });
});

describe("a holder of this host", () => {
  test("is dead at once when its process is gone", () => {
    const { look, asked } = observer(false);
    assert.equal(look(0, lease(1, 7)), false);
    assert.deepEqual(asked, [HOLDER]);
  });

  test("on SQLite is alive as long as its process is, though it can't beat during a migration", () => {
    const { look } = observer(true, "sqlite");
    assert.equal(look(0, lease(1, 7)), true);
    assert.equal(look(10 * TTL_MS, lease(1, 7)), true);
  });

  test("on MySQL is dead when its process lives but hangs: no beat for leaseTtlMs", () => {
    const { look } = observer(true);
    assert.equal(look(0, lease(1, 7)), true);
    assert.equal(look(TTL_MS - 1, lease(1, 7)), true);
    assert.equal(look(2, lease(1, 7)), false);
  });
});

describe("a holder of another host", () => {
  for (const dialect of ["mysql", "sqlite"] as const) {
    test(`${dialect}: is alive at first sight, however old its lease is`, () =>
      assert.equal(observer(null, dialect).look(0, lease(9, 123)), true));

    test(`${dialect}: is dead only after leaseTtlMs without a beat, not before`, () => {
      const { look } = observer(null, dialect);
      look(0, lease(1, 7));
      assert.equal(look(5000, lease(1, 7)), true);
      assert.equal(look(10_000, lease(1, 7)), true);
      assert.equal(look(1, lease(1, 7)), false);
      assert.equal(look(1000, lease(1, 7)), false);
    });
  }

  test("each beat starts the count anew", () => {
    const { look } = observer(null);
    look(0, lease(1, 7));
    for (let beat = 8; beat < 20; beat++) assert.equal(look(TTL_MS, lease(1, beat)), true);
    assert.equal(look(TTL_MS, lease(1, 19)), true);
    assert.equal(look(1, lease(1, 19)), false);
  });

  test("a beat after it was taken for dead makes it alive again", () => {
    const { look } = observer(null);
    look(0, lease(1, 7));
    look(TTL_MS, lease(1, 7));
    assert.equal(look(1, lease(1, 7)), false);
    assert.equal(look(1, lease(1, 8)), true);
  });

  test("a taker with the same beat is another holder: its count starts anew", () => {
    const { look } = observer(null);
    look(0, lease(1, 0));
    look(TTL_MS, lease(1, 0));
    assert.equal(look(1, lease(2, 0)), true);
    assert.equal(look(TTL_MS, lease(2, 0)), true);
  });

  test("a lease given back and taken again starts anew", () => {
    const { look } = observer(null);
    look(0, lease(1, 7));
    look(TTL_MS, lease(1, 7, null));
    assert.equal(look(1, lease(1, 7)), true);
  });
});

describe("an observer that was frozen itself", () => {
  test("does not take its own pause for the holder's silence", () => {
    const { look } = observer(null);
    look(0, lease(1, 7));
    assert.equal(look(TTL_MS + 1, lease(1, 7)), true);
    assert.equal(look(TTL_MS, lease(1, 7)), true);
    assert.equal(look(1, lease(1, 7)), false);
  });

  test("starts anew also in the middle of a count", () => {
    const { look } = observer(null);
    look(0, lease(1, 7));
    look(TTL_MS - 1, lease(1, 7));
    assert.equal(look(60 * TTL_MS, lease(1, 7)), true);
  });
});

describe("the verdict", () => {
  test("is silent until a beat moves or its time is over", () => {
    const { judge } = observer(null);
    assert.equal(judge(0, lease(1, 7)), "silent");
    assert.equal(judge(5000, lease(1, 7)), "silent");
    assert.equal(judge(10_001, lease(1, 7)), "dead");
    assert.equal(judge(5000, lease(1, 8)), "alive");
    assert.equal(judge(5000, lease(1, 8)), "silent");
  });

  test("is alive when another process takes the lease under the eyes of the observer", () => {
    const { judge } = observer(null);
    judge(0, lease(1, 7));
    assert.equal(judge(5000, lease(2, 0)), "alive");
  });

  test("is silent again after a pause in observing: when the beat moved is not known", () => {
    const { judge } = observer(null);
    judge(0, lease(1, 7));
    assert.equal(judge(TTL_MS + 1, lease(1, 9)), "silent");
  });

  test("needs no watching where the process can be looked at and that decides", () => {
    assert.equal(observer(false).judge(0, lease(1, 7)), "dead");
    assert.equal(observer(true, "sqlite").judge(0, lease(1, 7)), "alive");
    assert.equal(observer(true, "mysql").judge(0, lease(1, 7)), "silent", "a process that hangs is no holder");
    assert.equal(observer(null).judge(0, null), "dead");
  });
});
