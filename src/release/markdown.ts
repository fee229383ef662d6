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
 * The sections of a changelog after one version up to another, newest first as they stand. A changelog without version
 * headings comes back whole; null when there is nothing between the two.
 */
export function notesBetween(markdown: string, after: string | null, upTo: string): string | null {
  const versioned = sectionsOf(markdown).map((text) => ({ text, version: headingVersion(text), level: headingLevel(text) }));
  if (!versioned.some(({ version }) => version)) return markdown.trim() || null;
  const kept: string[] = [];
  let keeping = false;
  let versionLevel = 0;
  for (const { text, version, level } of versioned) {
    if (version) versionLevel = level;
    if (version) keeping = compareVersions(version, upTo) <= 0 && (after === null || compareVersions(version, after) > 0);
    else if (level <= versionLevel) keeping = false;
    if (keeping) kept.push(text);
  }
  return kept.join("").trim() || null;
}

/** `## [8.6.1] - 2026-11-01`, `# v8.6.1`, `## 8.6.1`. */
function headingVersion(section: string): string | null {
  const found = /^#{1,3}\s+\[?v?(\d+\.\d+\.\d+(?:-[\w.-]+)?)\b/.exec(section)?.[1];
  return found && isVersion(found) ? found : null;
}

/** Splits before each heading of level 1 to 3 that stands outside a code block. */
function sectionsOf(markdown: string): string[] {
  const sections = [""];
  for (const { type, raw, ...token } of marked.lexer(markdown)) {
    if (type === "heading" && (token as { depth: number }).depth <= 3) sections.push(raw);
    else sections[sections.length - 1] += raw;
  }
  return sections;
}

function headingLevel(section: string): number {
  return /^#*/.exec(section)?.[0].length ?? 0;
}

function escapeText(text: string): string {
  return escapeHtml(text).replace(/&amp;(#\d{1,7}|#x[\da-f]{1,6}|\w+);/gi, "&$1;");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
