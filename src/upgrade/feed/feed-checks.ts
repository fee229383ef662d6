import type { Check } from "../../core/check.js";
import type { AvailableUpdate, DatabaseProduct, Obstacle, UpdateAdvice } from "../../core/feed-offer.js";
import type { FeedNews } from "./feed-news.js";

/** The end of support is told so many days before. */
const NOTICE_DAYS = 90;

const PRODUCTS: Readonly<Record<DatabaseProduct, string>> = { mariadb: "MariaDB", mysql: "MySQL", sqlite: "SQLite" };

export function updatesCheck(news: FeedNews): Check {
  const { severity, message, remedy } = updatesVerdict(news);
  return { id: "updates", title: "Updates", severity, message: [message, ...sourceSentences(news)].join(" "), remedy };
}

type Verdict = Pick<Check, "severity" | "message" | "remedy">;

function updatesVerdict({ advice, error, isExpired, isStale }: FeedNews): Verdict {
  const isUnsure = isExpired || isStale;
  if (advice === null)
    return {
      severity: isStale ? "warning" : "info",
      message: "Whether there is a newer release is not known yet.",
      remedy: error === null ? null : "Ask again with the command upgate feed; if the error stays, tell your vendor.",
    };
  const { update, withheld } = advice;
  if (update === null && withheld === null)
    return {
      severity: isUnsure ? "warning" : "ok",
      message: "There is no newer release.",
      remedy: isUnsure ? "Ask your vendor whether that is still so." : null,
    };
  const isUrgent = update?.security === true || withheld?.security === true;
  return {
    severity: isUrgent || isUnsure ? "warning" : "info",
    message: [...(update ? offerSentences(update) : []), ...(withheld ? withheldSentences(withheld) : [])].join(" "),
    remedy: update ? offerRemedy(update) : withheld && `Make the server ready for release ${withheld.version}, or ask your vendor.`,
  };
}

/** Whole sentences, for operators. */
export function offerSentences({ version, onTheWayTo, security }: AvailableUpdate): string[] {
  return [
    onTheWayTo === null ? `Release ${version} is available.` : `Release ${version} is available, on the way to ${onTheWayTo}.`,
    ...(security ? ["It closes a security hole."] : []),
  ];
}

function offerRemedy({ version, downloadUrl }: AvailableUpdate): string {
  return downloadUrl === null
    ? `Get the files of release ${version} from your vendor, then upload them.`
    : `Get the files of release ${version} from ${downloadUrl}, then upload them.`;
}

function withheldSentences({ version, obstacles, security }: NonNullable<UpdateAdvice["withheld"]>): string[] {
  return [
    `Release ${version} can't be installed here yet.`,
    ...obstacles.map(obstacleSentence),
    ...(security ? ["It, or one before it, closes a security hole."] : []),
  ];
}

function obstacleSentence(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case "node":
      return `It needs Node.js ${obstacle.needs}, and this is ${obstacle.has}.`;
    case "database":
      return `It needs ${PRODUCTS[obstacle.product]} ${obstacle.needs}, and the server is ${obstacle.has}.`;
    case "stop":
      return `The way to it leads over release ${obstacle.version}, which is not offered.`;
    case "from":
      return `It upgrades releases ${obstacle.needs} only, and none of them is offered.`;
  }
}

/** How far the list is to be trusted. */
function sourceSentences({ takenAt, error, isExpired, expiresAt, isStale }: FeedNews): string[] {
  return [
    ...(takenAt === null ? [] : [`Your vendor's list was last read on ${minuteOf(takenAt)}.`]),
    ...(isExpired && expiresAt !== null
      ? [`It was meant to be replaced by ${minuteOf(expiresAt)}: somebody may hold newer ones back.`]
      : []),
    ...(error === null ? [] : [isStale ? "It could not be read for a long time." : "It could not be read the last time.", error]),
  ];
}

export function supportCheck({ advice }: FeedNews, version: string): Check {
  const common = { id: "support", title: "Support" };
  if (advice?.withdrawn)
    return {
      ...common,
      severity: "warning",
      message: `Release ${version} was withdrawn by your vendor.`,
      remedy: "Upgrade to the release that is offered, or ask your vendor.",
    };
  const end = advice?.endOfSupport ?? null;
  if (end === null) return { ...common, severity: "ok", message: `No end of support is known for release ${version}.`, remedy: null };
  if (end.daysLeft < 0)
    return {
      ...common,
      severity: "warning",
      message: `The support for release ${version} ended on ${end.date}.`,
      remedy: "Upgrade to a later release: this one gets no corrections any more.",
    };
  const isNear = end.daysLeft <= NOTICE_DAYS;
  return {
    ...common,
    severity: isNear ? "info" : "ok",
    message: `The support for release ${version} ends on ${end.date}.`,
    remedy: isNear ? "Plan the upgrade to a later release." : null,
  };
}

/** `2026-11-23 17:02 UTC`. */
function minuteOf(moment: string): string {
  return `${moment.slice(0, 16).replace("T", " ")} UTC`;
}
