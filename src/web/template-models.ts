import type { TemplateCondition } from "../core/template-review.js";
import type { DiffHunk, DiffPair } from "../release/template-diff.js";

export interface ListedTemplate {
  readonly name: string;
  readonly path: string;
  readonly condition: TemplateCondition;
  readonly renamedTo: string | null;
  readonly fromVersion: string;
  /** Of its own page; null where there is none to lead to. */
  readonly href: string | null;
}

/** Of the wizard's done page. */
export interface DoneTemplates {
  readonly version: string;
  /** Of all that want a look. */
  readonly count: number;
  /** The first of them, with what the release has changed. */
  readonly templates: readonly (ListedTemplate & {
    readonly id: string;
    /** What **Mark as Reviewed** sends. */
    readonly now: string;
    readonly comparison: ComparisonModel;
  })[];
  /** The list on System Health; null where the option `branding.healthUrl` is not set. */
  readonly healthHref: string | null;
}

export interface ShownText {
  readonly lines: readonly string[];
  /** Lines beyond those shown. */
  readonly hidden: number;
}

/** Whose text a side of a comparison is. */
export type ComparedSide = { readonly kind: "release"; readonly version: string } | { readonly kind: "own" };

/** `none`: there are no two texts to compare. `too-different`: both as they are. */
export type ComparisonModel =
  | { readonly kind: "none" }
  | { readonly kind: "same"; readonly left: ComparedSide; readonly right: ComparedSide }
  | {
      readonly kind: "diff";
      readonly left: ComparedSide;
      readonly right: ComparedSide;
      readonly hunks: readonly (DiffHunk & { readonly pairs: readonly DiffPair[] })[];
      readonly added: number;
      readonly removed: number;
      readonly hidden: number;
    }
  | {
      readonly kind: "too-different";
      readonly left: ComparedSide;
      readonly right: ComparedSide;
      readonly before: ShownText;
      readonly after: ShownText;
    };
