import Range from "semver/classes/range.js";
import SemVer from "semver/classes/semver.js";
import type { FeedChannel } from "./admin-options.js";
import type { Feed, FeedRelease } from "./feed.js";

export type DatabaseProduct = "mariadb" | "mysql" | "sqlite";

/** What a release must fit. */
export interface OfferFacts {
  readonly codeVersion: string;
  readonly channel: FeedChannel;
  /** Semver, without `v`. */
  readonly nodeVersion: string;
  /** Null: it could not be asked; then no release is held back for it. */
  readonly database: { readonly product: DatabaseProduct; readonly version: string } | null;
  /** UTC, `YYYY-MM-DD`. */
  readonly today: string;
}

/** The release to install next. */
export interface AvailableUpdate {
  readonly version: string;
  /** The newest release that can be reached, where this one is a stop on the way to it. */
  readonly onTheWayTo: string | null;
  /** True when it, or a release that it takes in, closes a security hole. */
  readonly security: boolean;
  readonly title: string | null;
  readonly publishedAt: string;
  readonly notesUrl: string | null;
  readonly downloadUrl: string | null;
}

/** Why a release can't be installed here. */
export type Obstacle =
  | { readonly kind: "node"; readonly needs: string; readonly has: string }
  | { readonly kind: "database"; readonly product: DatabaseProduct; readonly needs: string; readonly has: string }
  | { readonly kind: "stop"; readonly version: string }
  | { readonly kind: "from"; readonly needs: string };

/** What follows from a feed for one site. */
export interface UpdateAdvice {
  readonly update: AvailableUpdate | null;
  /** The newest release of the channel beyond what can be reached, and why. `security`: one of those beyond closes a hole. */
  readonly withheld: { readonly version: string; readonly obstacles: readonly Obstacle[]; readonly security: boolean } | null;
  /** Of the installed series. `daysLeft`: negative when it is over. */
  readonly endOfSupport: { readonly date: string; readonly daysLeft: number } | null;
  /** True when the vendor has withdrawn the installed release. */
  readonly withdrawn: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** The way is looked for among so many releases: every pair of them is tried. */
const MOST_STATIONS = 200;

interface Station {
  readonly release: FeedRelease;
  readonly version: SemVer;
  readonly upgradeFrom: Range | null;
  /** The last release before it that must not be skipped. */
  readonly lastStop: SemVer | null;
}

/** What to tell this site: never a downgrade, never a withdrawn release, nothing that Node.js or the database is too old for. */
export function adviceOf(feed: Feed, facts: OfferFacts): UpdateAdvice {
  const installed = new SemVer(facts.codeVersion);
  const candidates = feed.releases
    .filter((release) => !release.withdrawn && isOfChannel(release, facts.channel, installed))
    .map(stationOf)
    .filter(({ version }) => version.compare(installed) > 0)
    .toSorted((a, b) => a.version.compare(b.version));
  const fitting = candidates.filter(({ release }) => obstaclesOf(release, facts).length === 0);
  const way = findWay(installed, condense(installed, fitting));
  const reach = way?.goal.version ?? installed;
  const beyond = candidates.filter(({ version }) => version.compare(reach) > 0);
  return {
    update: way && updateOf(way, candidates),
    withheld: withheldOf(beyond, reach, facts),
    endOfSupport: endOfSupportOf(feed, installed, facts.today),
    withdrawn: feed.releases.some(({ version, withdrawn }) => withdrawn && version === facts.codeVersion),
  };
}

function isOfChannel({ channel, version }: FeedRelease, wanted: FeedChannel, installed: SemVer): boolean {
  if (wanted === "beta") return true;
  if (wanted === "rc") return channel !== "beta";
  return channel === "stable" && (wanted === "stable" || isOfSeries(new SemVer(version), installed));
}

function isOfSeries(version: SemVer, installed: SemVer): boolean {
  return version.major === installed.major && version.minor === installed.minor;
}

function stationOf(release: FeedRelease): Station {
  const version = new SemVer(release.version);
  const stops = release.requiredStops.map((stop) => new SemVer(stop)).filter((stop) => stop.compare(version) < 0);
  const upgradeFrom = release.upgradeFrom === null ? null : new Range(release.upgradeFrom, { includePrerelease: true });
  return { release, version, upgradeFrom, lastStop: stops.toSorted((a, b) => b.compare(a))[0] ?? null };
}

function obstaclesOf(release: FeedRelease, { nodeVersion, database }: OfferFacts): Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (release.node !== null && !isIn(nodeVersion, release.node)) obstacles.push({ kind: "node", needs: release.node, has: nodeVersion });
  const needs = database && release[database.product];
  if (database && needs && !isIn(database.version, needs))
    obstacles.push({ kind: "database", product: database.product, needs, has: database.version });
  return obstacles;
}

function isIn(version: string, range: string): boolean {
  return new Range(range, { includePrerelease: true }).test(version);
}

/** Of very many only the newest that can be reached at once, and of the others the newest of each series: the way leads over few of them. */
function condense(installed: SemVer, stations: readonly Station[]): readonly Station[] {
  if (stations.length <= MOST_STATIONS) return stations;
  const isNear = (station: Station): boolean => leadsTo(installed, station);
  const newest = new Set(new Map(stations.map((station) => [`${station.version.major}.${station.version.minor}`, station])).values());
  const stops = new Set(stations.flatMap(({ release }) => release.requiredStops));
  const far = stations.filter((station) => !isNear(station) && (newest.has(station) || stops.has(station.release.version)));
  const kept = new Set([...stations.filter(isNear).slice(-MOST_STATIONS / 2), ...far.slice(-MOST_STATIONS / 2)]);
  return stations.filter((station) => kept.has(station));
}

interface Way {
  readonly first: Station;
  readonly goal: Station;
}

/** To the newest release that can be reached, by the fewest steps; of two ways as short the one whose first step is newer. `stations`: ascending. */
function findWay(installed: SemVer, stations: readonly Station[]): Way | null {
  const reached: { readonly station: Station; readonly first: Station; readonly steps: number }[] = [];
  for (const station of stations) {
    if (leadsTo(installed, station)) {
      reached.push({ station, first: station, steps: 1 });
      continue;
    }
    const [before] = reached
      .filter((one) => leadsTo(one.station.version, station))
      .toSorted((a, b) => a.steps - b.steps || b.first.version.compare(a.first.version));
    if (before) reached.push({ station, first: before.first, steps: before.steps + 1 });
  }
  const goal = reached.at(-1);
  return goal ? { first: goal.first, goal: goal.station } : null;
}

function leadsTo(from: SemVer, { lastStop, upgradeFrom }: Station): boolean {
  return (lastStop === null || from.compare(lastStop) >= 0) && (upgradeFrom === null || upgradeFrom.test(from));
}

function updateOf({ first, goal }: Way, candidates: readonly Station[]): AvailableUpdate {
  const { version, title, publishedAt, notesUrl, downloadUrl } = first.release;
  return {
    version,
    onTheWayTo: goal === first ? null : goal.release.version,
    security: candidates.some(({ release, version: at }) => release.security && at.compare(goal.version) <= 0),
    title,
    publishedAt,
    notesUrl,
    downloadUrl,
  };
}

function withheldOf(beyond: readonly Station[], reach: SemVer, facts: OfferFacts): UpdateAdvice["withheld"] {
  const newest = beyond.at(-1);
  if (newest === undefined) return null;
  const { release, lastStop, upgradeFrom } = newest;
  const obstacles = obstaclesOf(release, facts);
  if (obstacles.length === 0 && lastStop !== null && lastStop.compare(reach) > 0)
    obstacles.push({ kind: "stop", version: lastStop.version });
  if (obstacles.length === 0 && upgradeFrom !== null) obstacles.push({ kind: "from", needs: release.upgradeFrom ?? "" });
  return { version: release.version, obstacles, security: beyond.some((one) => one.release.security) };
}

/** As the newest release of the series that says so has it: a vendor may prolong it. */
function endOfSupportOf(feed: Feed, installed: SemVer, today: string): UpdateAdvice["endOfSupport"] {
  const [newest] = feed.releases
    .map((release) => ({ version: new SemVer(release.version), date: release.endOfSupport }))
    .filter(({ version, date }) => date !== null && isOfSeries(version, installed))
    .toSorted((a, b) => b.version.compare(a.version));
  if (!newest?.date) return null;
  return { date: newest.date, daysLeft: Math.round((Date.parse(newest.date) - Date.parse(today)) / DAY_MS) };
}
