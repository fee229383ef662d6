import { isSumOf, type TemplateSums } from "./template-review.js";

/** Templates with that share of their lines in common are one that was moved and changed. */
const ALIKE = 0.7;
/** Of fewer lines than this, all are alike. */
const FEWEST_LINES = 3;

/** A stock template that an earlier release had; `text` null: it is not known, or no text. */
export interface RemovedTemplate {
  readonly path: string;
  readonly hash: string;
  readonly text: string | null;
}

/** One that the release has now, and that release had not. */
export interface AddedTemplate extends TemplateSums {
  readonly path: string;
  readonly text: string | null;
}

/** Which of the removed templates are among the added ones, by old path: first those with the same content, then those most alike. */
export function findRenames(removed: readonly RemovedTemplate[], added: readonly AddedTemplate[]): Map<string, string> {
  const renames = new Map<string, string>();
  const left = new Set(added);
  const take = ({ path }: RemovedTemplate, target: AddedTemplate | undefined): void => {
    if (!target) return;
    renames.set(path, target.path);
    left.delete(target);
  };
  for (const template of removed)
    take(
      template,
      nearest(
        template.path,
        [...left].filter((candidate) => isSumOf(template.hash, candidate)),
      ),
    );
  const come = [...left].map((target) => ({ target, lines: linesOf(target.text ?? "") }));
  const gone = removed.filter(({ path }) => !renames.has(path)).map((template) => ({ template, lines: linesOf(template.text ?? "") }));
  const pairs = gone.flatMap(({ template, lines }) =>
    come.map(({ target, lines: others }) => ({ template, target, share: likeness(lines, others) })),
  );
  for (const { template, target } of pairs.filter(({ share }) => share >= ALIKE).toSorted((a, b) => b.share - a.share))
    if (!renames.has(template.path) && left.has(target)) take(template, target);
  return renames;
}

/** The share of lines that two texts have in common, 0 to 1; without regard to order, blank lines and indentation. */
function likeness(left: readonly string[], right: readonly string[]): number {
  const [few, many] = left.length < right.length ? [left.length, right.length] : [right.length, left.length];
  // Even if all of the shorter one were in the longer one.
  if (few < FEWEST_LINES || (2 * few) / (few + many) < ALIKE) return 0;
  const counts = new Map<string, number>();
  for (const line of left) counts.set(line, (counts.get(line) ?? 0) + 1);
  let common = 0;
  for (const line of right) {
    const count = counts.get(line) ?? 0;
    if (count > 0) common++;
    counts.set(line, count - 1);
  }
  return (2 * common) / (left.length + right.length);
}

/** Of several with the same content the one of the same name is meant. */
function nearest(path: string, candidates: readonly AddedTemplate[]): AddedTemplate | undefined {
  return candidates.find((candidate) => baseName(candidate.path) === baseName(path)) ?? candidates[0];
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
