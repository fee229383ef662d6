import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ServerResponse } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { verifyFeed } from "../../src/release/feed-document.js";
import { fetchFeed, type FeedRequest, LONGEST_FEED } from "../../src/release/feed-fetch.js";
import { signed } from "../../src/release/signature.js";
import { type FeedServer, startFeedServer } from "../support/feed-server.js";
import { feedDocument, keyPair, release } from "../support/feeds.js";

const FEED = feedDocument([release("8.7.0")]);

let server: FeedServer;
before(async () => (server = await startFeedServer()));
after(() => server.stop());

const ask = (more: Partial<FeedRequest> = {}): ReturnType<typeof fetchFeed> =>
  fetchFeed({ url: server.url, timeoutMs: 5000, etag: null, agentVersion: "0.1.0", ...more });

/** The message, and how long it took, ms. */
async function refusal(more: Partial<FeedRequest> = {}): Promise<{ readonly message: string; readonly ms: number }> {
  const startMs = performance.now();
  const error = await ask(more).then(
    () => null,
    (reason: Error) => reason,
  );
  assert.equal(error?.name, "FeedRefusal");
  return { message: error?.message ?? "", ms: performance.now() - startMs };
}

/** Goes on until the client has had enough; resolves with the bytes that it took. */
function pour(res: ServerResponse, chunk: Buffer): Promise<number> {
  let bytes = 0;
  const write = (): void => {
    while (!res.destroyed && res.write(chunk)) bytes += chunk.length;
    bytes += chunk.length;
  };
  res.on("drain", write);
  write();
  return new Promise((resolve) => res.once("close", () => resolve(bytes)));
}

describe("the vendor's server is asked", () => {
  it("once, and told nothing of the site", async () => {
    server.answer((_req, res) =>
      res.writeHead(200, { ETag: '"one"', "Set-Cookie": "site=7", "Content-Type": "text/plain" }).end(JSON.stringify(FEED)),
    );
    const asked = server.requests.length;
    assert.deepEqual(await ask(), { kind: "document", text: JSON.stringify(FEED), etag: '"one"' });
    assert.equal(server.requests.length, asked + 1);
    const { host: _host, connection: _connection, ...headers } = server.requests.at(-1) ?? {};
    assert.deepEqual(headers, {
      accept: "application/json, */*;q=0.1",
      "accept-encoding": "gzip, deflate",
      "accept-language": "*",
      "sec-fetch-mode": "cors",
      "user-agent": "upgate/0.1.0",
    });
  });

  it("by the ETag of what is known", async () => {
    server.answer((req, res) => res.writeHead(req.headers["if-none-match"] === '"one"' ? 304 : 500).end());
    assert.deepEqual(await ask({ etag: '"one"' }), { kind: "unchanged" });
  });

  it("and a 304 that nobody asked for is no answer", async () => {
    server.answer((_req, res) => res.writeHead(304).end());
    assert.equal((await refusal()).message, "Its server answered 304.");
  });

  it("and may send to another path of its own", async () => {
    server.answer((req, res) => (req.url === "/releases.json" ? res.writeHead(302, { Location: "/v2" }).end() : res.end("{}")));
    assert.equal((await ask()).kind, "document");
  });
});

describe("an answer is refused", () => {
  for (const status of [204, 403, 404, 500, 503])
    it(`of status ${status}`, async () => {
      server.answer((_req, res) => res.writeHead(status).end());
      assert.equal((await refusal()).message, `Its server answered ${status}.`);
    });

  it("that never begins", async () => {
    server.answer(() => undefined);
    const { message, ms } = await refusal({ timeoutMs: 300 });
    assert.equal(message, "There was no whole answer within 0.3 s.");
    assert.ok(ms < 2000, `${ms} ms`);
  });

  it("whose head never ends", async () => {
    const endless = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.write("HTTP/1.1 200 OK\r\n");
      const timer = setInterval(() => socket.write("X-A: b\r\n"), 20);
      socket.once("close", () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => endless.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/`;
    assert.match((await refusal({ url, timeoutMs: 300 })).message, /no whole answer within 0\.3 s/);
    endless.close();
  });

  it("that drips", async () => {
    server.answer((_req, res) => {
      res.writeHead(200);
      const timer = setInterval(() => res.write(" "), 20);
      res.once("close", () => clearInterval(timer));
    });
    const { message, ms } = await refusal({ timeoutMs: 300 });
    assert.match(message, /no whole answer within 0\.3 s/);
    assert.ok(ms < 2000, `${ms} ms`);
  });

  it("that has no end, soon", async () => {
    let poured: Promise<number> | undefined;
    server.answer((_req, res) => (poured = pour(res.writeHead(200), Buffer.alloc(65_536, " "))));
    assert.match((await refusal()).message, /longer than 1,000,000 bytes/);
    assert.ok(((await poured) ?? 0) < 20 * LONGEST_FEED, String(await poured));
  });

  it("that is a gzip bomb, before it is unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(300_000_000, " "));
    server.answer((_req, res) => res.writeHead(200, { "Content-Encoding": "gzip" }).end(bomb));
    const rssBefore = process.memoryUsage().rss;
    const { message, ms } = await refusal({ timeoutMs: 20_000 });
    assert.match(message, /longer than 1,000,000 bytes/);
    assert.ok(ms < 5000, `${ms} ms`);
    assert.ok(process.memoryUsage().rss - rssBefore < 100_000_000, `${process.memoryUsage().rss - rssBefore} bytes`);
  });

  it("that is no gzip though it says so", async () => {
    server.answer((_req, res) => res.writeHead(200, { "Content-Encoding": "gzip" }).end("plain"));
    assert.match((await refusal()).message, /can't be reached: /);
  });

  it("that is cut off", async () => {
    server.answer((_req, res) => {
      res.writeHead(200, { "Content-Length": "1000" }).write("{");
      setImmediate(() => res.destroy());
    });
    assert.match((await refusal()).message, /can't be reached: /);
  });

  it("that is no UTF-8", async () => {
    server.answer((_req, res) => res.end(Buffer.from([0x7b, 0xff, 0x7d])));
    assert.equal((await refusal()).message, "It is no text in UTF-8.");
  });

  it("that sends to another address without https, and is not followed", async () => {
    const other = await startFeedServer(FEED);
    for (const location of [other.url, "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "data:application/json,{}"]) {
      server.answer((_req, res) => res.writeHead(302, { Location: location }).end());
      assert.match((await refusal()).message, /another address that is not secure/, location);
    }
    assert.equal(other.requests.length, 0);
    await other.stop();
  });

  it("that sends on and on", async () => {
    const asked = server.requests.length;
    server.answer((_req, res) => res.writeHead(307, { Location: "/again" }).end());
    assert.match((await refusal()).message, /on and on/);
    assert.equal(server.requests.length, asked + 4);
  });

  it("of nobody", async () => {
    const gone = await startFeedServer();
    await gone.stop();
    assert.match((await refusal({ url: gone.url })).message, /can't be reached: .*ECONNREFUSED/);
  });

  it("when the process is told to end", async () => {
    server.answer(() => undefined);
    const stop = new AbortController();
    const asking = refusal({ signal: stop.signal });
    setImmediate(() => stop.abort());
    assert.ok((await asking).ms < 2000);
  });
});

describe("a document is proven", () => {
  const [ours, theirs] = [keyPair(), keyPair()];
  const whyNot = (text: string, keys: readonly string[] = [ours.publicKey]): string => {
    try {
      verifyFeed(text, keys);
      return "";
    } catch (error) {
      assert.equal((error as Error).name, "FeedRefusal");
      return (error as Error).message;
    }
  };
  const ofUs = signed(FEED, ours.privateKey);

  it("when it is signed by a key of ours", () => {
    const { feed, signedBy } = verifyFeed(JSON.stringify(ofUs), [theirs.publicKey, ours.publicKey]);
    assert.deepEqual([feed.product, signedBy], ["Shop", ofUs.signature.keyId]);
  });

  it("or not at all where no key is set", () => assert.equal(verifyFeed(JSON.stringify(FEED), []).signedBy, null));
  it("unless it is not signed", () => assert.match(whyNot(JSON.stringify(FEED)), /not signed/));
  it("unless somebody else has signed it", () => assert.match(whyNot(JSON.stringify(signed(FEED, theirs.privateKey))), /none of the keys/));
  it("unless it was changed afterwards", () =>
    assert.match(whyNot(JSON.stringify({ ...ofUs, releases: [release("9.9.9")] })), /somebody has changed it/));
  it("unless it is no JSON", () => assert.equal(whyNot("<!doctype html>"), "It is no JSON."));
  it("unless it does not follow the schema", () =>
    assert.match(whyNot(JSON.stringify(signed({ ...FEED, format: 2 }, ours.privateKey))), /follow the schema: format must be 1/));
  for (const [what, text] of [
    ["null", "null"],
    ["a number", "7"],
    ["a signature that is none", JSON.stringify({ ...FEED, signature: 7 })],
    ["a list a hundred thousand deep", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["an object as deep", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
    ["the same, with our key's name", `{"signature":${JSON.stringify(ofUs.signature)},"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  ] as const)
    it(`unless it is ${what}`, () => {
      assert.notEqual(whyNot(text), "");
      if (!text.includes("releases")) assert.notEqual(whyNot(text, []), "");
    });
});
