import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { i18n as I18n } from "i18next";
import { BUNDLED_LANGUAGES, type TextOverrides } from "../../core/languages.js";

const require = createRequire(import.meta.url);
const LOCALES = fileURLToPath(new URL("../../../locales/", import.meta.url));
/** The language that the texts are written in, and that stands in for what another one lacks. */
export const SOURCE_LANGUAGE = BUNDLED_LANGUAGES[0];

/** The texts of one language as its file holds them; empty for a language that does not come with the package. */
export function bundledTexts(language: string): Readonly<Record<string, string>> {
  const file = `${LOCALES}${language}.json`;
  if (!(BUNDLED_LANGUAGES as readonly string[]).includes(language) || !existsSync(file)) return {};
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
}

/** i18next with the natural English text as key; a language is read when it is first asked for. */
export class Catalogue {
  #i18n: I18n | null = null;

  constructor(private readonly overrides: TextOverrides) {}

  /** The translation function of a language. */
  in(language: string): I18n["t"] {
    const i18n = (this.#i18n ??= this.#open());
    this.#add(i18n, SOURCE_LANGUAGE);
    this.#add(i18n, language);
    return i18n.getFixedT(language);
  }

  /** Every English text. */
  keys(): string[] {
    return Object.keys(bundledTexts(SOURCE_LANGUAGE));
  }

  #open(): I18n {
    const { createInstance } = require("i18next") as typeof import("i18next"); // not before a page is made: it is not while a program starts
    const ejs = require("ejs") as typeof import("ejs");
    const i18n = createInstance();
    void i18n.init({
      initAsync: false,
      lng: SOURCE_LANGUAGE,
      fallbackLng: SOURCE_LANGUAGE,
      load: "currentOnly",
      resources: {},
      keySeparator: false,
      nsSeparator: false,
      returnEmptyString: false,
      interpolation: { escapeValue: false, skipOnVariables: true, escape: (value) => ejs.escapeXML(value) },
    });
    return i18n;
  }

  #add(i18n: I18n, language: string): void {
    if (i18n.hasResourceBundle(language, "translation")) return;
    i18n.addResourceBundle(language, "translation", { ...bundledTexts(language), ...this.overrides[language] });
  }
}
