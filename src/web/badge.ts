import type { Severity } from "../core/check.js";
import { say } from "../core/say.js";
import type { VersionState } from "../core/version-state.js";
import type { FeedNews } from "../upgrade/feed/feed-news.js";
import type { Renderer } from "./render.js";
import type { Wording } from "./texts/texts.js";
import type { BadgeModel } from "./view-models.js";

export interface BadgeOptions {
  /** One of the option `languages`. Default: the first of them. */
  readonly language?: string;
}

export interface Badge extends BadgeModel {
  /** The ready HTML of `partials/badge.ejs`; public/badge.css holds a style for it. */
  readonly html: string;
  /** Absolute path of that partial, for `include(badge.partial, { badge })`. */
  readonly partial: string;
}

/** What the badge tells besides the version state. */
export interface BadgeFacts {
  /** The vendor's install folder, while it is there. */
  readonly installFolder?: string | null;
  /** Null: there is no list of releases, or it was not read yet. */
  readonly news?: FeedNews | null;
}

/** What the dashboard shows about the version. `installer`: the installer's address as the browser sees it. */
export function badgeModel(
  state: VersionState,
  installer: string,
  wording: Speech,
  { installFolder = null, news = null }: BadgeFacts = {},
): BadgeModel {
  const version = versionModel(state, installer, wording);
  // Whoever has something else to do need not hear of the next release yet.
  const model = news !== null && version.severity === "ok" ? withNews(version, news, wording) : version;
  if (installFolder === null) return model;
  const severity = model.severity === "danger" ? "danger" : "warning";
  return { ...model, severity, hint: wording.t("The install folder “{{folder}}” is still there. Remove it.", { folder: installFolder }) };
}

function withNews(model: BadgeModel, { advice, isStale }: FeedNews, { t }: Speech): BadgeModel {
  const update = advice?.update ?? null;
  if (update !== null) {
    const { version, onTheWayTo, security, notesUrl, downloadUrl } = update;
    const label =
      onTheWayTo === null
        ? t("Update available: {{version}}", { version })
        : t("Update available: {{version}} (on the way to {{goal}})", { version, goal: onTheWayTo });
    const hint = security ? t("It closes a security hole.") : null;
    return { ...model, label, severity: security ? "warning" : "info", href: notesUrl ?? downloadUrl, hint, update };
  }
  if (!isStale) return model;
  return { ...model, label: t("Check failed"), severity: "warning", hint: t("Whether there is a newer release can’t be told.") };
}

type Speech = Pick<Wording, "m" | "t">;

function versionModel(state: VersionState, installer: string, { m, t }: Speech): BadgeModel {
  const { codeVersion, installedVersion, kind } = state;
  const common = {
    codeVersion,
    installedVersion,
    kind,
    versionText: t("Version {{version}}", { version: codeVersion }),
    hint: null,
    update: null,
  };
  const at = (label: string, severity: Severity, href: string | null): BadgeModel => ({ ...common, label: m(label), severity, href });
  switch (kind) {
    case "current":
      return state.filesVersion === codeVersion
        ? at(say("You are up to date!"), "ok", null)
        : at(say(`Restart to begin the upgrade to ${state.filesVersion}`), "info", null);
    case "fresh":
      return at(say("Not installed yet"), "warning", installer);
    case "behind":
    case "unversioned":
    case "interrupted":
    case "failed":
      return at(say("Upgrade required"), "danger", installer);
    case "held":
      return at(say("Look at the site, then open it"), "info", installer);
    case "running":
      return at(say("Upgrade in progress"), "info", installer);
    case "restart":
      return at(say("Restart required"), "warning", null);
    case "ahead":
    case "unsupported":
    case "altered":
      return at(say("Wrong files uploaded"), "danger", installer);
    case "unknown":
      return at(say("Check failed"), "danger", null);
  }
}

export function renderBadge(renderer: Renderer, badge: BadgeModel): Badge {
  return { ...badge, html: renderer.render("partials/badge", { badge }).trim(), partial: renderer.resolve("partials/badge") };
}
