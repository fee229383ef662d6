import { generateKeyPairSync } from "node:crypto";
import { parseFeed, type Feed } from "../../src/core/feed.js";

/** A release of a feed, as a vendor writes it. */
export function release(version: string, more: object = {}): Record<string, unknown> {
  return { version, channel: "stable", publishedAt: "2026-11-01", ...more };
}

/** A whole document, as a vendor writes it. */
export function feedDocument(releases: readonly object[], more: object = {}): Record<string, unknown> {
  return { format: 1, product: "Shop", issuedAt: "2026-11-20T12:00:00Z", releases, ...more };
}

/** The same, read. */
export function readFeed(...releases: readonly object[]): Feed {
  const reading = parseFeed(feedDocument(releases));
  if (reading.kind === "invalid") throw new Error(reading.problem);
  return reading.feed;
}

/** PEM. */
export function keyPair(): { readonly privateKey: string; readonly publicKey: string } {
  const keys = generateKeyPairSync("ed25519");
  return {
    privateKey: keys.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    publicKey: keys.publicKey.export({ type: "spki", format: "pem" }) as string,
  };
}
