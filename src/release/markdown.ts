import { Marked } from "marked";
import { compareVersions, isVersion } from "../core/version.js";

const SAFE_LINK = /^(?:https?:|mailto:|#|\.{0,2}\/|[\w-]+(?:[./?#]|$))/i;

const marked = new Marked({
  async: false,
  gfm: true,
  renderer: {
    html: ({ text }) => escapeHtml(text),
    image: ({ text }) => escapeHtml(text),
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
  const sections = markdown.split(/^(?=#{1,3}\s)/m);
  const versioned = sections.map((text) => ({ text, version: headingVersion(text) }));
  if (!versioned.some(({ version }) => version)) return markdown.trim() || null;
  const kept: string[] = [];
  let keeping = false;
  for (const { text, version } of versioned) {
    if (version) keeping = compareVersions(version, upTo) <= 0 && (after === null || compareVersions(version, after) > 0);
    else if (/^#{1,2}\s/.test(text)) keeping = false;
    if (keeping) kept.push(text);
  }
  return kept.join("").trim() || null;
}

/** `## [8.6.1] - 2026-11-01`, `# v8.6.1`, `## 8.6.1`. */
function headingVersion(section: string): string | null {
  const found = /^#{1,3}\s+\[?v?(\d+\.\d+\.\d+(?:-[\w.-]+)?)\b/.exec(section)?.[1];
  return found && isVersion(found) ? found : null;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
