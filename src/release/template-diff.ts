import { structuredPatch } from "diff";

/** Unchanged lines shown around each change. */
const CONTEXT = 3;
/** Beyond it two texts have too little in common: jsdiff's own measure, insertions and deletions. */
const MOST_EDITS = 2000;
/** Nothing else of the process is served meanwhile. */
const LIMIT_MS = 300;
/** Of all hunks together; what is beyond is told as a number. */
const SHOWN_LINES = 3000;
/** Characters of one line; a minified file has one line. */
const LINE_LENGTH = 2000;

/** `old`, `new`: line numbers from 1; null where the line is not in that text. */
export interface DiffLine {
  readonly kind: "same" | "removed" | "added";
  readonly old: number | null;
  readonly new: number | null;
  readonly text: string;
}

export interface DiffHunk {
  /** As unified diffs have it: `@@ -3,7 +3,8 @@`. */
  readonly header: string;
  readonly lines: readonly DiffLine[];
}

/** `too-different`: it would take too long to tell, and would help nobody. */
export type TemplateDiff =
  | {
      readonly kind: "hunks";
      readonly hunks: readonly DiffHunk[];
      /** Numbers of lines, also of those that are not shown. */
      readonly added: number;
      readonly removed: number;
      /** How many lines are beyond what is shown. */
      readonly hidden: number;
    }
  | { readonly kind: "too-different" };

/** A row of the view side by side; null: that side has no such line. */
export interface DiffPair {
  readonly kind: "same" | "changed";
  readonly left: DiffLine | null;
  readonly right: DiffLine | null;
}

/** What a text has become, line by line. `mostLines`: of all hunks together, default 3,000. */
export function diffTexts(before: string, after: string, mostLines = SHOWN_LINES): TemplateDiff {
  const patch = structuredPatch("", "", before, after, "", "", { context: CONTEXT, maxEditLength: MOST_EDITS, timeout: LIMIT_MS });
  if (!patch) return { kind: "too-different" };
  const whole = patch.hunks.map(({ oldStart, oldLines, newStart, newLines, lines }) => ({
    header: `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    lines: numbered(lines, oldStart, newStart),
  }));
  const all = whole.flatMap(({ lines }) => lines);
  const count = (kind: DiffLine["kind"]): number => all.filter((line) => line.kind === kind).length;
  return {
    kind: "hunks",
    hunks: within(whole, mostLines),
    added: count("added"),
    removed: count("removed"),
    hidden: Math.max(0, all.length - mostLines),
  };
}

/** Removed lines beside those that took their place. */
export function sideBySide({ lines }: DiffHunk): DiffPair[] {
  const pairs: DiffPair[] = [];
  let removed: DiffLine[] = [];
  let added: DiffLine[] = [];
  const flush = (): void => {
    for (let index = 0; index < Math.max(removed.length, added.length); index++)
      pairs.push({ kind: "changed", left: removed[index] ?? null, right: added[index] ?? null });
    [removed, added] = [[], []];
  };
  for (const line of lines) {
    if (line.kind === "removed") removed.push(line);
    else if (line.kind === "added") added.push(line);
    else {
      flush();
      pairs.push({ kind: "same", left: line, right: line });
    }
  }
  flush();
  return pairs;
}

/** A text's lines as the views show them, none of them endless. */
export function shownLines(text: string, mostLines = SHOWN_LINES): { readonly lines: readonly string[]; readonly hidden: number } {
  const lines = text.replace(/\n$/, "").split("\n");
  return { lines: lines.slice(0, mostLines).map(shortened), hidden: Math.max(0, lines.length - mostLines) };
}

function numbered(lines: readonly string[], oldStart: number, newStart: number): DiffLine[] {
  let [old, next] = [oldStart, newStart];
  return lines.flatMap((line): DiffLine[] => {
    const text = shortened(line.slice(1));
    switch (line[0]) {
      case "-":
        return [{ kind: "removed", old: old++, new: null, text }];
      case "+":
        return [{ kind: "added", old: null, new: next++, text }];
      case " ":
        return [{ kind: "same", old: old++, new: next++, text }];
      default:
        return []; // "\ No newline at end of file"
    }
  });
}

function within(hunks: readonly DiffHunk[], most: number): DiffHunk[] {
  const shown: DiffHunk[] = [];
  let left = most;
  for (const { header, lines } of hunks) {
    if (left <= 0) break;
    shown.push({ header, lines: lines.slice(0, left) });
    left -= lines.length;
  }
  return shown;
}

function shortened(line: string): string {
  return line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line;
}
