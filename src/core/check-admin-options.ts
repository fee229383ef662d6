import {
  FEED_CHANNELS,
  type FeedOptions,
  type ParsedFeedOptions,
  type ParsedTemplateOptions,
  type TemplateOptions,
} from "./admin-options.js";
import type { Checker } from "./option-checker.js";

const TEMPLATES = ["stock", "custom", "archive"] as const satisfies readonly (keyof TemplateOptions)[];
const FEED = ["url", "product", "channel", "everyHours", "timeoutMs"] as const satisfies readonly (keyof FeedOptions)[];

/** What the admin's side is told: keys, templates, feed. */
export function parseAdminOptions(root: Checker): {
  readonly publicKeys: readonly string[];
  readonly integrity: "refuse" | "warn" | "off";
  readonly templates: ParsedTemplateOptions | null;
  readonly feed: ParsedFeedOptions | null;
} {
  return {
    publicKeys: parsePublicKeys(root),
    integrity: root.oneOf("integrity", ["refuse", "warn", "off"]),
    templates: root.input["templates"] === undefined ? null : parseTemplates(root.child("templates")),
    feed: root.input["feed"] === undefined ? null : parseFeed(root.child("feed")),
  };
}

/** Whether it is a key at all, only a program can tell: `resolveSettings` asks. */
function parsePublicKeys(root: Checker): readonly string[] {
  const value = root.input["publicKey"];
  if (value === undefined) return [];
  const keys: unknown[] = Array.isArray(value) ? value : [value];
  if (keys.length > 0 && keys.every((key) => typeof key === "string")) return keys as string[];
  root.problem("publicKey", "must be the PEM text of a public Ed25519 key, or a list of them");
  return [];
}

function parseTemplates(templates: Checker): ParsedTemplateOptions {
  templates.known(TEMPLATES);
  const { custom } = templates.input;
  const folders = Array.isArray(custom) ? templates.paths("custom") : [templates.path("custom", true)];
  return {
    stock: templates.path("stock", true) ?? "",
    custom: folders.filter((folder) => folder !== null),
    archive: templates.path("archive", false),
  };
}

function parseFeed(feed: Checker): ParsedFeedOptions {
  feed.known(FEED);
  feed.check("url", feedAddressProblem);
  return {
    url: String(feed.input["url"]),
    product: feed.optionalString("product") ?? null,
    channel: feed.oneOf("channel", FEED_CHANNELS),
    everyHours: feed.integer("everyHours", 24, 1, 720, " of hours"),
    timeoutMs: feed.integer("timeoutMs", 5000, 100, 60_000),
  };
}

function feedAddressProblem(value: unknown): string | null {
  const problem = 'must be an address such as "https://vendor.example/releases.json"';
  if (typeof value !== "string" || !URL.canParse(value)) return problem;
  const { protocol, hostname, username } = new URL(value);
  if (username !== "") return "must hold no password: everybody may read a feed";
  if (protocol === "https:") return null;
  return protocol === "http:" && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
    ? null
    : `${problem}; http: is accepted on the loopback only`;
}
