import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { describe, test, type TestContext } from "node:test";
import express from "express";
import express4 from "express4";
import { createGuard } from "../../src/web/guard.js";
import type { Handler } from "../../src/web/http.js";
import { InFlight } from "../../src/web/in-flight.js";
import { STATES } from "./support/guarded.js";
import { request } from "./support/request.js";

function warningGuard(): { guard: Handler; warnings: string[] } {
  const warnings: string[] = [];
  const guard = createGuard({
    gate: { openUntilMs: Infinity },
    state: () => STATES.current,
    ready: Promise.resolve(),
    isReady: () => true,
    isInstaller: () => false,
    inFlight: new InFlight({ graceMs: 0, isOwn: () => false, nowMs: () => performance.now() }),
    probes: false,
    bypass: null,
    isApplicationLoaded: () => true,
    answer: () => assert.fail("the gate is open"),
    logger: { info: assert.fail, error: assert.fail, warn: (line) => void warnings.push(line) },
  });
  return { guard, warnings };
}

async function ask(t: TestContext, listener: RequestListener): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  for (const path of ["/", "/shop"]) await request(server, path);
}

for (const [name, make] of [
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
] as const) {
  describe(`what is mounted before the guard in ${name}`, () => {
    test("routes and routers are named in one warning, at the first request", async (t) => {
      const { guard, warnings } = warningGuard();
      const app = make();
      app.get("/early", (_req, res) => void res.end());
      app.use("/api", make.Router());
      app.use(guard);
      app.use((_req, res) => void res.end("late"));
      await ask(t, app);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", /open even while the site is closed: the route \/early, a router\. Mount the guard first/);
    });

    test("static files are named, too", async (t) => {
      const { guard, warnings } = warningGuard();
      const app = make();
      app.use(make.static("public"));
      app.use("/assets", make.static("public"));
      app.use(guard);
      app.use(make.static("public"));
      app.use((_req, res) => void res.end("late"));
      await ask(t, app);
      assert.match(warnings.join(), /closed: static files \(express\.static\), static files \(express\.static\)\. Mount/);
    });

    test("middleware that answers nothing by itself is fine, and so is everything after it", async (t) => {
      const { guard, warnings } = warningGuard();
      const app = make();
      app.use(make.json());
      app.use(guard);
      app.get("/shop", (_req, res) => void res.end());
      app.use((_req, res) => void res.end("late"));
      await ask(t, app);
      assert.deepEqual(warnings, []);
    });

    test("in an application that is mounted in another one, its own order counts", async (t) => {
      const { guard, warnings } = warningGuard();
      const inner = make();
      inner.get("/early", (_req, res) => void res.end());
      inner.use(guard);
      const outer = make();
      outer.use("/shop", inner);
      outer.use((_req, res) => void res.end("late"));
      await ask(t, outer);
      assert.match(warnings.join(), /the route \/early/);
    });
  });
}

test("without Express nothing can be told, and nothing is", async (t) => {
  const { guard, warnings } = warningGuard();
  await ask(t, (req, res) => guard(req, res, () => res.end()));
  assert.deepEqual(warnings, []);
});
