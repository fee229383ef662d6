import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { describe, test } from "node:test";
import { isSameSite } from "../../src/web/wizard/same-site.js";

const host = "shop.test:3000";
const origin = "http://shop.test:3000";

const table: [what: string, headers: IncomingHttpHeaders, accepted: boolean][] = [
  ["a form of this site, in a browser that says so", { host, origin, "sec-fetch-site": "same-origin" }, true],
  ["an address typed by the operator", { host, "sec-fetch-site": "none" }, true],
  ["a form of another site", { host, origin: "https://evil.test", "sec-fetch-site": "cross-site" }, false],
  ["a form of a sister domain", { host, origin: "http://blog.shop.test", "sec-fetch-site": "same-site" }, false],
  ["a browser's word, against a matching Origin", { host, origin, "sec-fetch-site": "cross-site" }, false],
  ["a word that no browser says", { host, "sec-fetch-site": "" }, false],
  ["plain http: this site's Origin", { host, origin }, true],
  ["plain http: another site's Origin", { host, origin: "http://evil.test" }, false],
  ["plain http: another port", { host, origin: "http://shop.test:4000" }, false],
  ["plain http: a name that begins alike", { host: "shop.test", origin: "http://shop.test.evil.test" }, false],
  ["plain http: this site's name as a user name", { host: "shop.test", origin: "http://shop.test@evil.test" }, false],
  ["TLS ends at the proxy", { host: "shop.test", origin: "https://shop.test" }, true],
  ["the name in capitals", { host: "Shop.TEST", origin: "http://shop.test" }, true],
  [
    "the proxy names the host in a header of its own",
    { host: "10.0.0.5:3000", "x-forwarded-host": "shop.test", origin: "https://shop.test" },
    true,
  ],
  ["two proxies", { host: "app:3000", "x-forwarded-host": "Shop.test, edge.test", origin: "https://shop.test" }, true],
  [
    "an Origin that only the second proxy has",
    { host: "app:3000", "x-forwarded-host": "edge.test, shop.test", origin: "https://shop.test" },
    false,
  ],
  ["an empty forwarded host", { host: "app", "x-forwarded-host": "", origin: "https://shop.test" }, false],
  ["Origin: null, of a sandboxed frame", { host, origin: "null" }, false],
  ["an Origin that is no address", { host, origin: "shop" }, false],
  ["no Host header", { origin }, false],
  ["neither Origin nor Sec-Fetch-Site: curl, or a very old browser", { host }, true],
];

describe("a form is taken only from a page of this site", () => {
  for (const [what, headers, accepted] of table)
    test(`${what}: ${accepted ? "accepted" : "refused"}`, () => assert.equal(isSameSite(headers), accepted));
});
