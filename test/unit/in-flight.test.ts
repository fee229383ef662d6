import assert from "node:assert/strict";
import { createServer as createHttp2Server, connect as connectHttp2 } from "node:http2";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { InFlight } from "../../src/web/in-flight.js";
import { until } from "../support/wait.js";
import { GRACE_MS, guarded, HOSTS, STATES } from "./support/guarded.js";
import { request } from "./support/request.js";

interface Held {
  readonly path: string;
  readonly res: ServerResponse;
}

/** Handlers that answer when the test lets them, the newest last. */
async function holding(t: TestContext, host: string) {
  const held: Held[] = [];
  const application = (req: IncomingMessage, res: ServerResponse): void => {
    if (req.url === "/quick") res.end("quick");
    else held.push({ path: String(req.url), res });
  };
  const stage = await guarded(t, host, { application });
  stage.setState(STATES.current);
  stage.gate.openUntilMs = Infinity;
  const release = (path: string): void => void held.find((one) => one.path === path)?.res.end("done");
  const reaches = (count: number): Promise<unknown> => until(`${count} handlers`, () => held.length === count);
  const paths = (): string[] => stage.inFlight.list().map(({ path }) => path);
  return { ...stage, held, release, reaches, paths };
}

function open(t: TestContext, server: Server): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1", () => resolve(socket));
    socket.on("error", () => undefined).resume();
    t.after(() => socket.destroy());
  });
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

for (const host of Object.keys(HOSTS)) {
  describe(`requests in flight in ${host}`, () => {
    test("count until their handler has ended the response, the oldest first", async (t) => {
      const { server, inFlight, release, reaches, paths } = await holding(t, host);
      const replies = [request(server, "/slow?a=1", { method: "POST" }), request(server, "/quick")];
      await reaches(1);
      await replies[1];
      const later = request(server, "/later");
      await reaches(2);
      const list = inFlight.list();
      assert.deepEqual(
        list.map(({ method, path }) => `${method} ${path}`),
        ["POST /slow", "GET /later"],
      );
      assert.ok((list[0]?.ageMs ?? 0) >= (list[1]?.ageMs ?? 0));
      release("/slow?a=1");
      release("/later");
      await Promise.all([...replies, later]);
      await until("nothing in flight", () => paths().length === 0);
    });

    test("of one connection are told apart, one after the other and pipelined", async (t) => {
      const { server, release, reaches, paths } = await holding(t, host);
      const socket = await open(t, server);
      socket.write(get("/quick"));
      socket.write(get("/quick"));
      socket.write(get("/1") + get("/2") + get("/3"));
      await reaches(3);
      assert.deepEqual(paths().toSorted(), ["/1", "/2", "/3"]);
      release("/1");
      await until("the first to be over", () => paths().length === 2);
      // Its answer has to wait for the second one's: it is written, and not sent.
      release("/3");
      assert.deepEqual(paths().toSorted(), ["/2", "/3"]);
      release("/2");
      await until("all to be over", () => paths().length === 0);
      socket.write(get("/4"));
      await reaches(4);
      assert.deepEqual(paths(), ["/4"]);
    });

    test("whose clients have gone count while their handlers work, pipelined ones too", async (t) => {
      const { server, release, reaches, paths } = await holding(t, host);
      const socket = await open(t, server);
      socket.write(get("/1") + get("/2"));
      await reaches(2);
      socket.destroy();
      await until(
        "the server to see it",
        () => new Promise<boolean>((resolve) => server.getConnections((_error, count) => resolve(count === 0))),
      );
      assert.deepEqual(paths().toSorted(), ["/1", "/2"]);
      release("/1");
      assert.deepEqual(paths(), ["/2"]);
      release("/2");
      assert.deepEqual(paths(), []);
    });

    test("that never end after their clients have gone are given up after the grace", async (t) => {
      const { server, reaches, paths } = await holding(t, host);
      const socket = await open(t, server);
      socket.write(get("/events"));
      await reaches(1);
      socket.destroy();
      const sinceMs = performance.now();
      await until("it to be given up", () => paths().length === 0);
      assert.ok(performance.now() - sinceMs >= GRACE_MS);
    });

    test("are cut when the operator says so", async (t) => {
      const { server, inFlight, reaches, paths, held } = await holding(t, host);
      const reply = request(server, "/slow");
      await reaches(1);
      inFlight.cut();
      await assert.rejects(reply, /socket hang up|ECONNRESET/);
      assert.deepEqual(paths(), ["/slow"], "the handler may still work");
      held[0]?.res.end();
      assert.deepEqual(paths(), []);
    });

    test("to the wizard don't count, nor what the closed gate answers", async (t) => {
      const { server, gate, reaches, paths, held } = await holding(t, host);
      const events = request(server, "/install/events");
      await reaches(1);
      assert.deepEqual(paths(), []);
      gate.openUntilMs = -Infinity;
      assert.equal((await request(server, "/shop")).status, 503);
      assert.deepEqual(paths(), []);
      held[0]?.res.end();
      await events;
    });

    test("an answer that its client reads slowly is in flight until it is read", async (t) => {
      const { server, reaches, paths, held } = await holding(t, host);
      const socket = await open(t, server);
      socket.pause();
      socket.write(get("/large"));
      await reaches(1);
      held[0]?.res.end(Buffer.alloc(64 * 1024 * 1024));
      assert.deepEqual(paths(), ["/large"]);
      socket.resume();
      await until("it to be read", () => paths().length === 0);
    });
  });
}

describe("requests in flight", () => {
  const inFlight = (): InFlight => new InFlight({ graceMs: GRACE_MS, isOwn: () => false, nowMs: () => performance.now() });

  test("of HTTP/2 share a connection and count each by itself", async (t) => {
    const counted = inFlight();
    const held: ServerResponse[] = [];
    const server = createHttp2Server((req, res) => {
      counted.enter(req as unknown as IncomingMessage, res as unknown as ServerResponse, performance.now());
      held.push(res as unknown as ServerResponse);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    t.after(() => {
      client.destroy();
      server.close();
    });
    for (const path of ["/1", "/2"]) client.request({ ":path": path }).resume();
    await until("both", () => held.length === 2);
    assert.deepEqual(
      counted.list().map(({ path }) => path),
      ["/1", "/2"],
    );
    held[0]?.end();
    await until("one", () => counted.list().length === 1);
    held[1]?.end();
    await until("none", () => counted.list().length === 0);
  });

  test("that were injected without a connection count, too", () => {
    const counted = inFlight();
    const res = { writableEnded: false, writableFinished: false, destroyed: false, once: () => res };
    counted.enter({ httpVersionMajor: 1, method: "GET", url: "/" } as IncomingMessage, res as unknown as ServerResponse, performance.now());
    assert.equal(counted.list().length, 1);
    res.writableEnded = res.writableFinished = true;
    assert.equal(counted.list().length, 0);
  });
});
