import { refuseProblems } from "../../core/check-options.js";
import type { TextOverrides } from "../../core/languages.js";
import { Catalogue } from "./catalogue.js";
import { LanguageChoice } from "./choice.js";
import { type Formats, formatsOf } from "./formats.js";
import { Sentences } from "./sentences.js";

export type TextValues = Readonly<Record<string, string | number>>;

/** One language, as views use it: every member is a local of theirs. */
export interface Wording {
  /** BCP 47 tag, for the attribute `lang`. */
  readonly lang: string;
  readonly dir: "ltr" | "rtl";
  /** A text of the pages. With a value `count` its plural fits. */
  t(text: string, values?: TextValues): string;
  /** A text that holds markup, safe to print as it is: values are escaped. */
  html(text: string, values?: TextValues): string;
  /** A sentence made elsewhere, in English with its values filled in: translated where it is known, else as it is. */
  m(sentence: string): string;
  readonly format: Formats;
}

/** Their sentences follow each other without a space. */
const WITHOUT_SPACES = /^(?:ja|zh)\b/;
const BETWEEN_SENTENCES = /(?<=[.!?…]) (?=\p{Lu})/u;

/** Written from right to left. Of languages that a host adds: those of these scripts. */
const RIGHT_TO_LEFT = /^(?:ar|az-Arab|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/;

/** All texts of one application, in every language that it offers. */
export class Texts {
  readonly #catalogue: Catalogue;
  readonly #wordings = new Map<string, Wording>();
  #sentences: Sentences | null = null;
  /** Which language a request gets. */
  readonly choice: LanguageChoice;

  /** `languages`: offered, the first is the one for everybody else. */
  constructor(
    readonly languages: readonly string[],
    overrides: TextOverrides,
  ) {
    this.#catalogue = new Catalogue(overrides);
    this.choice = new LanguageChoice(languages);
  }

  /** The switch between the languages. */
  marks(current: string): { tag: string; name: string; isCurrent: boolean }[] {
    return this.languages.map((tag) => ({ tag, name: ownName(tag), isCurrent: tag === current }));
  }

  in(language: string): Wording {
    let wording = this.#wordings.get(language);
    if (!wording) {
      wording = this.#make(language);
      this.#wordings.set(language, wording);
    }
    return wording;
  }

  /** As `in`, for a language that the host names; the first of the offered ones for none. Throws `ERR_UPGATE_OPTIONS` for another one. */
  inOffered(language = this.languages[0] as string): Wording {
    if (!this.languages.includes(language))
      refuseProblems([{ path: "language", message: `must be one of ${this.languages.join(", ")}, got ${JSON.stringify(language)}` }]);
    return this.in(language);
  }

  #make(language: string): Wording {
    const t = this.#catalogue.in(language);
    const isRightToLeft = RIGHT_TO_LEFT.test(language);
    const isolated = (values: TextValues): TextValues => (isRightToLeft ? isolate(values) : { ...values });
    const between = WITHOUT_SPACES.test(language) ? "" : " ";
    const known = (sentence: string): string | null => {
      const found = (this.#sentences ??= new Sentences(this.#catalogue.keys())).find(sentence);
      // A value may be a sentence itself: the upgrade failed, and why.
      return (
        found &&
        t(found.key, isolated(Object.fromEntries(Object.entries(found.values).map(([place, value]) => [place, known(value) ?? value]))))
      );
    };
    const say = (text: string): string => {
      const sentences = text.split(BETWEEN_SENTENCES);
      const each = sentences.map(known);
      if (sentences.length > 1 && each.every((one) => one !== null)) return each.join(between);
      return known(text) ?? sentences.map((one, index) => each[index] ?? one).join(between);
    };
    return {
      lang: language,
      dir: isRightToLeft ? "rtl" : "ltr",
      t: (text, values) => t(text, isolated(values ?? {})),
      html: (text, values) => t(text, { ...values, interpolation: { escapeValue: true } }),
      m: (sentence) => sentence.split("\n").map(say).join("\n"),
      format: formatsOf(language),
    };
  }
}

/** Paths, versions and names keep their own direction among words that go the other way (Unicode's FSI and PDI). */
function isolate(values: TextValues): TextValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === "string" && value !== "" ? `\u2068${value}\u2069` : value]),
  );
}

/** As the language calls itself, beginning with a capital letter. */
function ownName(tag: string): string {
  const name = new Intl.DisplayNames(tag, { type: "language" }).of(tag) ?? tag;
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
}
