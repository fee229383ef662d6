import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DeferredWrites } from "../../src/store/deferred-writes.js";

const busy = (): Promise<never> => Promise.reject(Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" }));

describe("writes while the database is busy", () => {
  it("wait, and go through once and in order, however many ask for them at the same time", async () => {
    const done: string[] = [];
    let locked = true;
    const write = (name: string) => async () => {
      if (locked) await busy();
      done.push(name);
    };
    const writes = new DeferredWrites((error) => assert.fail(String(error)));
    assert.equal(await writes.attempt(write("first")), false);
    assert.equal(await writes.attempt(write("second")), false);
    assert.deepEqual(done, []);
    locked = false;
    const [third] = await Promise.all([writes.attempt(write("third")), writes.flush(), writes.flush()]);
    assert.equal(third, true);
    assert.deepEqual(done, ["first", "second", "third"]);
  });

  it("reject with any other error while somebody waits, and report it when nobody does", async () => {
    const reported: unknown[] = [];
    let locked = true;
    const writes = new DeferredWrites((error) => void reported.push(error));
    const failure = new Error("no such table");
    await assert.rejects(
      writes.attempt(() => Promise.reject(failure)),
      failure,
    );
    assert.equal(await writes.attempt(() => (locked ? busy() : Promise.reject(failure))), false);
    locked = false;
    await writes.flush();
    assert.deepEqual(reported, [failure]);
  });
});
