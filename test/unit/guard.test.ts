import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { guarded, HOSTS, isApplication, STATES } from "./support/guarded.js";
import { request } from "./support/request.js";

/** What the guard does with a path while the gate is closed. */
const PATHS: readonly [path: string, passes: boolean][] = [
  ["/", false],
  ["/shop?next=/install", false],
  ["/install", true],
  ["/install/", true],
  ["/install?step=1", true],
  ["/install/review", true],
  ["/install/assets/wizard.css", true],
  ["/install/../admin", false],
  ["/install/..", false],
  ["/install/./admin", false],
  ["/install%2f..", false],
  ["/install/%2e%2e/admin", false],
  ["/install/..%2fadmin", false],
  ["/install\\..\\admin", false],
  ["//install", false],
  ["/install//admin", false],
  ["/admin/install", false],
  ["/installer", false],
  ["/install-now", false],
  ["/INSTALL", false],
  ["/inst%61ll", false],
];

for (const host of Object.keys(HOSTS)) {
  describe(`the guard in ${host}`, () => {
    test("an open gate lets everything through", async (t) => {
      const { server, gate, setState } = await guarded(t, host);
      setState(STATES.current);
      gate.openUntilMs = Infinity;
      for (const [path] of PATHS) assert.ok(isApplication(await request(server, path)), path);
      assert.ok(isApplication(await request(server, "/", { method: "POST", body: "a=1" })));
    });

    test("a closed gate lets pass the installer, and nothing that only looks like it", async (t) => {
      const { server } = await guarded(t, host);
      for (const [path, passes] of PATHS) {
        const reply = await request(server, path);
        assert.equal(isApplication(reply), passes, path);
        if (!passes) assert.deepEqual([reply.status, reply.headers["upgate-maintenance"]], [503, "Err2"], path);
      }
    });

    test("a closed gate is closed for every method", async (t) => {
      const { server } = await guarded(t, host);
      for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
        assert.equal((await request(server, "/admin", { method })).status, 503, method);
    });

    test("the number of the page follows the state", async (t) => {
      const { server, setState } = await guarded(t, host);
      for (const [name, code] of [
        ["behind", "Err2"],
        ["running", "Err3"],
        ["unknown", "Err1"],
      ] as const) {
        setState(STATES[name]);
        assert.equal((await request(server, "/")).headers["upgate-maintenance"], code);
      }
    });

    test("a node that could not read for too long closes by itself, with Err 1", async (t) => {
      const { server, gate, setState } = await guarded(t, host);
      setState(STATES.current);
      gate.openUntilMs = performance.now() + 3_600_000;
      assert.ok(isApplication(await request(server, "/")));
      gate.openUntilMs = performance.now();
      const reply = await request(server, "/");
      assert.deepEqual([reply.status, reply.headers["upgate-maintenance"]], [503, "Err1"]);
    });

    test("a subpath that the proxy keeps, and one that it strips", async (t) => {
      const { server } = await guarded(t, host, { basePath: "/billing", installPath: "/setup" });
      for (const [path, passes] of [
        ["/billing/setup/review", true],
        ["/setup/review", true],
        ["/billing/setups", false],
        ["/billing", false],
        ["/install", false],
      ] as const)
        assert.equal(isApplication(await request(server, path)), passes, path);
    });

    test("requests before the first reading are held, and answered by what was read", async (t) => {
      for (const opens of [true, false]) {
        let settle = (): void => {};
        let arrived = (): void => {};
        const arrival = new Promise<void>((resolve) => (arrived = resolve));
        let isReady = false;
        const ready = new Promise<void>((resolve) => (settle = resolve));
        const before = (): void => arrived();
        const { server, gate, setState } = await guarded(t, host, { ready, isReady: () => isReady, before });
        setState(STATES.unknown);
        let answered = false;
        const reply = request(server, "/").finally(() => (answered = true));
        await arrival;
        assert.ok(isApplication(await request(server, "/install")), "the installer is not held");
        assert.equal(answered, false);
        isReady = true;
        setState(opens ? STATES.current : STATES.behind);
        if (opens) gate.openUntilMs = Infinity;
        settle();
        if (opens) assert.ok(isApplication(await reply));
        else assert.equal((await reply).headers["upgate-maintenance"], "Err2");
      }
    });

    test("a first reading that does not come is waited for 2 s, then the page is shown", async (t) => {
      mock.timers.enable({ apis: ["setTimeout"] });
      t.after(() => mock.timers.reset());
      let arrived = (): void => {};
      const arrival = new Promise<void>((resolve) => (arrived = resolve));
      const never = new Promise<void>(() => {});
      const before = (): void => void setImmediate(arrived);
      const { server, setState } = await guarded(t, host, { ready: never, isReady: () => false, before });
      setState(STATES.unknown);
      let answered = false;
      const reply = request(server, "/").finally(() => (answered = true));
      await arrival;
      mock.timers.tick(1999);
      assert.equal((await request(server, "/healthz/live")).status, 200);
      assert.equal(answered, false);
      mock.timers.tick(1);
      assert.equal((await reply).headers["upgate-maintenance"], "Err1");
    });
  });

  describe(`probes in ${host}`, () => {
    const PROBES = ["/healthz/live", "/healthz/ready", "/healthz/open"];

    test("closed: live and ready, not open", async (t) => {
      const { server } = await guarded(t, host);
      const replies = await Promise.all(PROBES.map((path) => request(server, path)));
      assert.deepEqual(
        replies.map(({ status, body }) => [status, body]),
        [
          [200, "ok\n"],
          [200, "ok\n"],
          [503, "no\n"],
        ],
      );
      for (const { headers } of replies) assert.equal(headers["cache-control"], "no-store");
    });

    test("open: all three, by GET and HEAD, answered by the guard itself", async (t) => {
      const { server, gate } = await guarded(t, host);
      gate.openUntilMs = Infinity;
      for (const path of PROBES) {
        assert.deepEqual(await request(server, path).then(({ status, body }) => [status, body]), [200, "ok\n"]);
        assert.deepEqual(await request(server, path, { method: "HEAD" }).then(({ status, body }) => [status, body]), [200, ""]);
      }
    });

    test("open or closed: a probe's query changes nothing", async (t) => {
      const { server, gate } = await guarded(t, host);
      for (const openUntilMs of [-Infinity, Infinity]) {
        gate.openUntilMs = openUntilMs;
        assert.equal((await request(server, "/healthz/live?from=balancer")).body, "ok\n", String(openUntilMs));
      }
    });

    test("before the first reading: live only", async (t) => {
      const { server } = await guarded(t, host, { isReady: () => false, ready: new Promise(() => {}) });
      assert.deepEqual(await Promise.all(PROBES.map(async (path) => (await request(server, path)).status)), [200, 503, 503]);
    });

    test("an application that is not loaded yet is not open", async (t) => {
      const { server, gate } = await guarded(t, host, { isApplicationLoaded: () => false });
      gate.openUntilMs = Infinity;
      assert.deepEqual(await Promise.all(PROBES.map(async (path) => (await request(server, path)).status)), [200, 200, 503]);
    });

    test("moved or turned off: the usual addresses belong to the application", async (t) => {
      const moved = await guarded(t, host, { probes: { live: "/live", ready: "/ready", open: "/up" } });
      moved.gate.openUntilMs = Infinity;
      assert.equal((await request(moved.server, "/up")).body, "ok\n");
      assert.ok(isApplication(await request(moved.server, "/healthz/open")));
      const off = await guarded(t, host, { probes: false });
      assert.equal((await request(off.server, "/healthz/live")).status, 503);
      off.gate.openUntilMs = Infinity;
      assert.ok(isApplication(await request(off.server, "/healthz/live")));
    });
  });
}
