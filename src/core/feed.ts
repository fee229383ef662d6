import validRange from "semver/ranges/valid.js";
import type { FeedChannel } from "./admin-options.js";
import { codeVersionProblem } from "./version.js";

/** The channel of a release; what an operator chooses is `FeedChannel`. */
export type ReleaseChannel = Exclude<FeedChannel, "series">;

/** One release, as the vendor's feed tells of it. docs/feed.md has the schema. */
export interface FeedRelease {
  readonly version: string;
  readonly channel: ReleaseChannel;
  /** `YYYY-MM-DD`, or with a time, UTC. */
  readonly publishedAt: string;
  readonly title: string | null;
  /** https. */
  readonly notesUrl: string | null;
  /** https. */
  readonly downloadUrl: string | null;
  readonly security: boolean;
  /** Semver ranges of what it needs. */
  readonly node: string | null;
  readonly mariadb: string | null;
  readonly mysql: string | null;
  readonly sqlite: string | null;
  /** Semver range of the releases that it upgrades. */
  readonly upgradeFrom: string | null;
  /** Releases that must not be skipped on the way to it. */
  readonly requiredStops: readonly string[];
  /** The last day on which its series (major and minor number) is looked after, `YYYY-MM-DD`. */
  readonly endOfSupport: string | null;
  readonly withdrawn: boolean;
}

export interface Feed {
  readonly product: string;
  /** ISO 8601, UTC. */
  readonly issuedAt: string;
  readonly expiresAt: string | null;
  readonly releases: readonly FeedRelease[];
}

export type FeedReading = { readonly kind: "read"; readonly feed: Feed } | { readonly kind: "invalid"; readonly problem: string };

export const FEED_FORMAT = 1;
export const MOST_RELEASES = 1000;

const RELEASE_CHANNELS: readonly ReleaseChannel[] = ["stable", "rc", "beta"];
/** As long as the columns of `upgate_run` are that hold one. */
const LONGEST_VERSION = 64;
const LONGEST_TEXT = 200;
const LONGEST_ADDRESS = 500;
/** Longer ones take semver too long to read. */
const LONGEST_RANGE = 100;
const MOST_STOPS = 20;

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
/** Control characters, half characters, and those that turn the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u;

/** What a member must be, as it follows "must be"; null: it is. */
type Rule = (value: unknown) => string | null;

const RULES = {
  version: (value) => (isVersionText(value) ? null : 'a version such as "8.6.1"'),
  channel: (value) => (RELEASE_CHANNELS.includes(value as ReleaseChannel) ? null : '"stable", "rc" or "beta"'),
  text: (value) => (isText(value, LONGEST_TEXT) ? null : `a text of 1 to ${LONGEST_TEXT} characters in one line`),
  link: (value) => (isLink(value) ? null : "an https address"),
  range: (value) =>
    isText(value, LONGEST_RANGE) && validRange(value) !== null ? null : `a semver range of ${LONGEST_RANGE} characters at most`,
  flag: (value) => (typeof value === "boolean" ? null : "true or false"),
  moment: (value) => (isDate(value, MOMENT) ? null : 'a time such as "2026-11-23T12:00:00Z"'),
  day: (value) => (isDate(value, DAY) ? null : 'a day such as "2027-11-30"'),
  dayOrMoment: (value) =>
    isDate(value, DAY) || isDate(value, MOMENT) ? null : 'a day such as "2026-11-23", or a time such as "2026-11-23T12:00:00Z"',
  stops: (value) =>
    Array.isArray(value) && value.length <= MOST_STOPS && value.every(isVersionText) ? null : `an array of ${MOST_STOPS} versions at most`,
} as const satisfies Record<string, Rule>;

type Schema = Readonly<Record<string, readonly [rule: Rule, need: "required" | "optional"]>>;

const FEED_SCHEMA: Schema = {
  product: [RULES.text, "required"],
  issuedAt: [RULES.moment, "required"],
  expiresAt: [RULES.moment, "optional"],
};

const RELEASE_SCHEMA: Schema = {
  version: [RULES.version, "required"],
  channel: [RULES.channel, "required"],
  publishedAt: [RULES.dayOrMoment, "required"],
  title: [RULES.text, "optional"],
  notesUrl: [RULES.link, "optional"],
  downloadUrl: [RULES.link, "optional"],
  security: [RULES.flag, "optional"],
  node: [RULES.range, "optional"],
  mariadb: [RULES.range, "optional"],
  mysql: [RULES.range, "optional"],
  sqlite: [RULES.range, "optional"],
  upgradeFrom: [RULES.range, "optional"],
  requiredStops: [RULES.stops, "optional"],
  endOfSupport: [RULES.day, "optional"],
  withdrawn: [RULES.flag, "optional"],
};

/**
 * Checks a document that came from outside. What the schema does not name is left out, so that a later one may say more. Never throws; the
 * first problem is told with its place, e.g. `releases[3].version must be …`.
 */
export function parseFeed(document: unknown): FeedReading {
  const problem = feedProblem(document);
  if (problem !== null) return { kind: "invalid", problem };
  const { product, issuedAt, expiresAt, releases } = document as Record<string, unknown>;
  const feed = { product, issuedAt, expiresAt: expiresAt ?? null, releases: (releases as Record<string, unknown>[]).map(releaseOf) };
  return { kind: "read", feed: feed as Feed };
}

function feedProblem(document: unknown): string | null {
  if (!isObject(document)) return "the document must be an object";
  if (document["format"] !== FEED_FORMAT) return `format must be ${FEED_FORMAT}`;
  const problem = schemaProblem(document, FEED_SCHEMA, "");
  if (problem !== null) return problem;
  const { releases } = document;
  if (!Array.isArray(releases) || releases.length > MOST_RELEASES) return `releases must be an array of ${MOST_RELEASES} at most`;
  const seen = new Set<string>();
  for (const [index, release] of releases.entries()) {
    const found = isObject(release)
      ? schemaProblem(release, RELEASE_SCHEMA, `releases[${index}].`)
      : `releases[${index}] must be an object`;
    if (found !== null) return found;
    const version = String((release as Record<string, unknown>)["version"]);
    if (seen.has(version)) return `releases[${index}].version is there twice: ${version}`;
    seen.add(version);
  }
  return null;
}

function schemaProblem(value: Readonly<Record<string, unknown>>, schema: Schema, place: string): string | null {
  for (const [name, [rule, need]] of Object.entries(schema)) {
    const member = value[name];
    if (member === undefined || member === null) {
      if (need === "required") return `${place}${name} is missing`;
      continue;
    }
    const expected = rule(member);
    if (expected !== null) return `${place}${name} must be ${expected}`;
  }
  return null;
}

function releaseOf(release: Readonly<Record<string, unknown>>): FeedRelease {
  const members = Object.keys(RELEASE_SCHEMA).map((name) => [name, release[name] ?? null]);
  const { security, withdrawn, requiredStops, ...others } = Object.fromEntries(members) as Record<string, unknown>;
  return {
    ...others,
    security: security === true,
    withdrawn: withdrawn === true,
    requiredStops: requiredStops ?? [],
  } as unknown as FeedRelease;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isVersionText(value: unknown): boolean {
  return isText(value, LONGEST_VERSION) && codeVersionProblem(value) === null;
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length <= longest && value.trim() !== "" && !UNPRINTABLE.test(value);
}

function isLink(value: unknown): boolean {
  if (!isText(value, LONGEST_ADDRESS) || !URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return protocol === "https:" && username === "" && password === "";
}

/** No 30 February: what JavaScript would take for another day is none. */
function isDate(value: unknown, form: RegExp): boolean {
  if (typeof value !== "string" || !form.test(value)) return false;
  const time = Date.parse(value);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value.slice(0, 10));
}
