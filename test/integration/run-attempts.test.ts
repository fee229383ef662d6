import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Logger } from "../../src/core/ports.js";
import { systemClock } from "../../src/core/ports.js";
import type { Lease } from "../../src/core/run.js";
import { databaseSource } from "../../src/store/connect.js";
import { readLease, takeLease } from "../../src/store/lease.js";
import { openStore } from "../../src/store/store.js";
import { ensureLeaseRow, ensureTables } from "../../src/store/tables.js";
import { AttemptOver } from "../../src/upgrade/journal/attempt-over.js";
import { processIdentity } from "../../src/upgrade/process-identity.js";
import { LeaseKeeper } from "../../src/upgrade/lease-keeper.js";
import { type AttemptReport, inAttempts } from "../../src/upgrade/run-attempts.js";
import { databaseKinds } from "../support/databases.js";

/** As docs/operations.md has it. */
const MOST_ATTEMPTS = 8;
const LEASE_TTL_MS = 15_000;
const VERSION_ROW = { table: "tbl_config", keyColumn: "setting", key: "version", valueColumn: "value" };

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

const lost = (): Error => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

for (const kind of kinds)
  describe(`attempts to carry a run out, on ${kind.name}`, () => {
    type Attempt = (report: AttemptReport, separate: boolean, number: number, takeLease: () => Promise<Lease>) => Promise<void> | void;

    async function attempts(attempt: Attempt) {
      const { address } = await kind.create();
      const store = openStore(databaseSource(address, process.cwd()), VERSION_ROW, systemClock);
      after(() => store.close());
      await ensureTables(store);
      await ensureLeaseRow(store.knex);
      const take = async (): Promise<Lease> =>
        (await takeLease(store.knex, (await readLease(store.knex)) as Lease, processIdentity(), systemClock.timestamp())) as Lease;
      const keeper = new LeaseKeeper(store, await take(), LEASE_TTL_MS);
      const said: string[] = [];
      const logger = { warn: (line: string) => said.push(line) } as unknown as Logger;
      let number = 0;
      const signal = new AbortController().signal;
      const over = inAttempts({ keeper, clock: systemClock, logger, signal }, async (report, separate) => {
        await attempt(report, separate, ++number, take);
      }).finally(() => keeper.stop());
      return { over, said, count: () => number };
    }

    it("go on after a lost connection, and say so", async () => {
      const { over, said, count } = await attempts((_report, _separate, number) => {
        if (number < 3) throw lost();
      });
      await over;
      assert.equal(count(), 3);
      assert.equal(said.length, 2);
      assert.match(String(said[0]), /ECONNRESET.*going on where the journal says/);
    });

    it("end with the driver's error when it comes back each time", async () => {
      const { over, count } = await attempts(() => {
        throw lost();
      });
      await assert.rejects(over, { code: "ECONNRESET" });
      assert.equal(count(), MOST_ATTEMPTS);
    });

    it("go on for as long as each of them gets something done", async () => {
      const { over, count } = await attempts((report, _separate, number) => {
        report.progressed = true;
        if (number <= MOST_ATTEMPTS + 2) throw lost();
      });
      await over;
      assert.equal(count(), MOST_ATTEMPTS + 3);
    });

    it("are over with a migration's own error", async () => {
      const own = new Error("there is no such column");
      const { over, count } = await attempts(() => {
        throw own;
      });
      await assert.rejects(over, own);
      assert.equal(count(), 1);
    });

    it("commit each migration by itself once a failure would take finished ones with it", async () => {
      const seen: boolean[] = [];
      const { over } = await attempts((_report, separate) => {
        seen.push(separate);
        if (!separate) throw new AttemptOver("undone", null);
      });
      await over;
      assert.deepEqual(seen, [false, true]);
    });

    it("are over once another process has taken the lease", async () => {
      const { over, count } = await attempts(async (_report, _separate, number, take) => {
        if (number === 1) await take();
        throw lost();
      });
      await assert.rejects(over, { code: "ERR_UPGATE_LEASE_LOST" });
      assert.equal(count(), 1);
    });
  });
