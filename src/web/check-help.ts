import { existsSync, readFileSync } from "node:fs";
import { renderMarkdown } from "../release/markdown.js";

const FILE = new URL("../../docs/checks.md", import.meta.url);
const HEADING = /^### `([a-z\d-]+)`$/m;

let sections: ReadonlyMap<string, string> | null = null;

/**
 * What the documentation says about one of upgate's own checks, as safe HTML; null: there is no such check, or somebody has thinned the package out:
 * tools that clean `node_modules` take Markdown away. It comes with the package, in English.
 */
export function checkHelp(id: string): string | null {
  sections ??= sectionsOf(existsSync(FILE) ? readFileSync(FILE, "utf8") : "");
  const markdown = sections.get(id);
  return markdown === undefined ? null : withOwnLinks(renderMarkdown(withoutOtherPages(markdown)), sections);
}

/** Sections headed by a check's id, by that id, without the heading. */
function sectionsOf(markdown: string): Map<string, string> {
  const [, ...parts] = markdown.split(HEADING);
  const found = new Map<string, string>();
  for (let index = 0; index < parts.length; index += 2)
    found.set(parts[index] as string, (parts[index + 1] as string).split(/^#{1,3} /m)[0]?.trim() ?? "");
  return found;
}

/** The other pages of the documentation are not on this site. */
function withoutOtherPages(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]+)\]\([\w-]+\.md[^)]*\)/g, "$1");
}

function withOwnLinks(html: string, known: ReadonlyMap<string, string>): string {
  return html.replaceAll(/href="#([a-z\d-]+)"/g, (link, id: string) => (known.has(id) ? `href="?help=${id}"` : link));
}
