import { diffTexts, shownLines, sideBySide } from "../release/template-diff.js";
import type { ReviewedTemplate } from "../upgrade/templates.js";
import type { ComparedSide, ComparisonModel, ListedTemplate } from "./template-models.js";

interface Sides {
  readonly left: ComparedSide;
  readonly right: ComparedSide;
  readonly before: string;
  readonly after: string;
}

/** What a template's page shows, `mostLines` of it; where the stock templates can't be compared, the operator's own with one of them. */
export function comparisonOf(reviewed: ReviewedTemplate, version: string, mostLines?: number): ComparisonModel {
  const sides = sidesOf(reviewed, version);
  if (!sides) return { kind: "none" };
  const { left, right, before, after } = sides;
  if (before === after) return { kind: "same", left, right };
  const diff = diffTexts(before, after, mostLines);
  if (diff.kind === "too-different")
    return { kind: "too-different", left, right, before: shownLines(before, mostLines), after: shownLines(after, mostLines) };
  const { hunks, added, removed, hidden } = diff;
  return { kind: "diff", left, right, hunks: hunks.map((hunk) => ({ ...hunk, pairs: sideBySide(hunk) })), added, removed, hidden };
}

export function listedTemplate({ template }: Pick<ReviewedTemplate, "template">, href: string | null): ListedTemplate {
  const { name, path, condition, renamedTo, fromVersion } = template;
  return { name, path, condition, renamedTo, fromVersion, href };
}

function sidesOf({ template, texts: { earlier, now, own } }: ReviewedTemplate, version: string): Sides | null {
  const past: ComparedSide = { kind: "release", version: template.fromVersion };
  const present: ComparedSide = { kind: "release", version };
  const yours: ComparedSide = { kind: "own" };
  if (earlier !== null && now !== null) return { left: past, right: present, before: earlier, after: now };
  if (own === null) return null;
  if (now !== null) return { left: yours, right: present, before: own, after: now };
  return earlier === null ? null : { left: past, right: yours, before: earlier, after: own };
}
