import { Marked } from "marked";
import { compareVersions, isVersion } from "../core/version.js";

const SAFE_LINK = /^(?:https?:|mailto:|#|\.{0,2}\/|[\w.-]+(?:[/?#]|$))/i;

const marked = new Marked({
  async: false,
  gfm: true,
  renderer: {
    html: ({ text }) => escapeHtml(text),
    image: ({ text }) => escapeHtml(text),
    // Inside raw <code>, <pre> or <kbd> marked takes text for escaped already; its entities it leaves as they are.
    text(token) {
      return "tokens" in token && token.tokens ? this.parser.parseInline(token.tokens) : escapeText(token.text);
    },
    link({ href, tokens }) {
      const label = this.parser.parseInline(tokens);
      return SAFE_LINK.test(href) ? `<a href="${escapeHtml(href)}" rel="noopener noreferrer">${label}</a>` : label;
    },
  },
});

/** Markdown to HTML that holds no markup but Markdown's own: raw HTML is shown as text, other links than web and mail are dropped. */
export function renderMarkdown(markdown: string): string {
  return marked.parse(markdown) as string;
}

/**
 * The sections of a changelog after one version up to another, newest first. `after` null: those of `upTo` itself. A changelog without version
 * headings comes back whole; null when there is nothing between the two.
 */
export function notesBetween(markdown: string, after: string | null, upTo: string): string | null {
  const releases = releasesOf(markdown);
  if (releases === null) return markdown.trim() || null;
  const isWanted = (version: string): boolean =>
    after === null ? compareVersions(version, upTo) === 0 : compareVersions(version, upTo) <= 0 && compareVersions(version, after) > 0;
  const wanted = releases.filter(({ version }) => isWanted(version)).toSorted((a, b) => compareVersions(b.version, a.version));
  return wanted.map(({ text }) => text.trim()).join("\n\n") || null;
}

interface ReleaseNotes {
  readonly version: string;
  text: string;
}

/** Each version's heading with all that belongs to it, as they stand; null: no heading names a version. */
function releasesOf(markdown: string): ReleaseNotes[] | null {
  const sections = sectionsOf(markdown);
  const last = sections.findLastIndex(({ version }) => version !== null);
  if (last < 0) return null;
  const releases: ReleaseNotes[] = [];
  let current: ReleaseNotes | null = null;
  let versionLevel = 0;
  for (const [index, { text, version, level }] of sections.entries()) {
    if (version !== null) {
      versionLevel = level;
      current = { version, text: "" };
      releases.push(current);
    } else if (level < versionLevel || (level === versionLevel && index > last && level < LOWEST_LEVEL)) current = null;
    if (current) current.text += text;
  }
  return releases;
}

/**
 * Of headings that divide a changelog. What conventional-changelog writes for a patch release is a `### 8.6.1` with a `### Bug Fixes` below:
 * at this level, and between two versions, a heading as high as the version's belongs to it.
 */
const LOWEST_LEVEL = 3;

interface Section {
  text: string;
  readonly level: number;
  readonly version: string | null;
}

/** Before each heading of level 1 to 3 that stands outside a code block begins a section. */
function sectionsOf(markdown: string): Section[] {
  const sections: Section[] = [{ text: "", level: 0, version: null }];
  for (const { type, raw, ...token } of marked.lexer(markdown)) {
    const { depth, text } = token as { readonly depth: number; readonly text: string };
    if (type === "heading" && depth <= LOWEST_LEVEL) sections.push({ text: raw, level: depth, version: headingVersion(text) });
    else (sections.at(-1) as Section).text += raw;
  }
  return sections;
}

/** `[8.6.1] - 2026-11-01`, `v8.6.1`, `8.6.1`, `Version 8.6.1`, `[v8.6.1](https://…)`. */
function headingVersion(heading: string): string | null {
  const found = /^(?:version\s+|release\s+)?\[?v?(\d+\.\d+\.\d+(?:-[\w.-]+)?)\b/i.exec(heading.trim())?.[1];
  return found && isVersion(found) ? found : null;
}

function escapeText(text: string): string {
  return escapeHtml(text).replace(/&amp;(#\d{1,7}|#x[\da-f]{1,6}|\w+);/gi, "&$1;");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
