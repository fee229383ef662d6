import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { relativeSegment, sameSitePath } from "../../src/web/wizard/return-address.js";

describe("an address to return to", () => {
  const own: [given: string, sent: string][] = [
    ["/", "/"],
    ["/admin", "/admin"],
    ["/admin?tab=1#top", "/admin?tab=1#top"],
    ["/a/../admin", "/admin"],
    ["/büro", "/b%C3%BCro"],
    ["/admin\r\nSet-Cookie: a=b", "/adminSet-Cookie:%20a=b"],
    ["/admin%0d%0aSet-Cookie:%20a=b", "/admin%0d%0aSet-Cookie:%20a=b"],
    ["/admin?next=//evil.example", "/admin?next=//evil.example"],
    ["/%2f%2fevil.example", "/%2f%2fevil.example"],
    ["/%5cevil.example", "/%5cevil.example"],
    ["/javascript:alert(1)", "/javascript:alert(1)"],
  ];
  for (const [given, sent] of own)
    test(`${JSON.stringify(given)} stays on this site`, () => {
      const path = sameSitePath(given);
      assert.equal(path, sent);
      const { origin } = new URL(path as string, "https://shop.test/install/done");
      assert.equal(origin, "https://shop.test");
      assert.match(path as string, /^[\u0021-\u007e]+$/, "fit for a header");
    });

  const foreign = [
    "",
    "admin",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "/.//evil.example",
    "/a/..//evil.example",
    "/..//evil.example",
    "/./\\evil.example",
    "https://evil.example/admin",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " //evil.example",
  ];
  for (const given of foreign) test(`${JSON.stringify(given)} leads nowhere`, () => assert.equal(sameSitePath(given), null));
});

describe("the mount's last segment before a relative address", () => {
  for (const [path, prefix] of [
    ["/install", "install/"],
    ["/billing/set-up", "set-up/"],
    ["/javascript:alert(1)", "./javascript:alert(1)/"],
    ["//evil.example", "evil.example/"],
    ["/\\evil", "./\\evil/"],
  ] as const)
    test(path, () => {
      assert.equal(relativeSegment(path), prefix);
      assert.equal(new URL(`${prefix}license`, "https://shop.test/x").origin, "https://shop.test");
    });
});
