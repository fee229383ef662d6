import type { ComparisonModel, ListedTemplate, ShownText } from "./template-models.js";
import type { LanguageMark, PageFrame } from "./view-models.js";

/** What both pages of the template review have. */
export interface TemplatePageModel {
  readonly brand: PageFrame["brand"];
  readonly languages: readonly LanguageMark[];
  /** The pages' own style sheets, text: printed into a style element whose hash the policy names. */
  readonly css: string;
  /** Relative; with the language that was asked for. */
  readonly healthHref: string;
  readonly listHref: string;
  /** The query before `lang=`. */
  readonly query: string;
  /** Something went wrong with the last button. */
  readonly notice: { readonly reason: string; readonly remedy: string } | null;
}

export interface TemplatesModel extends TemplatePageModel {
  /** Of the files on disk. */
  readonly version: string;
  readonly overriding: number;
  readonly templates: readonly ListedTemplate[];
  readonly redundant: readonly string[];
  readonly skipped: readonly string[];
  /** True when one was marked just now. */
  readonly reviewed: boolean;
}

export type TemplateView = "unified" | "split" | "own";

export interface TemplateModel extends TemplatePageModel {
  readonly version: string;
  readonly template: ListedTemplate;
  readonly view: TemplateView;
  readonly views: readonly { readonly view: TemplateView; readonly href: string }[];
  readonly comparison: ComparisonModel;
  /** The operator's own file; null: it is no text, or gone. */
  readonly own: ShownText | null;
  /** Fields of **Mark as Reviewed**; null while it can't be pressed: no node has registered yet. */
  readonly form: { readonly action: string; readonly token: string; readonly now: string } | null;
}
