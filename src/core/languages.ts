/** The languages that come with the package, as BCP 47 tags; the first is what pages speak to a browser that asks for none of the offered ones. */
export const BUNDLED_LANGUAGES = ["en", "de", "fr", "es", "pt-BR", "ja", "zh-Hans", "ar"] as const;

/**
 * Texts of the host's own, by language: the English text as it stands in `locales/en.json` to what the pages say instead. In a bundled
 * language they go before the bundled ones; of another language whatever is missing stays English.
 */
export type TextOverrides = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Why a language can't be offered; null when it can. `given`: the host's own texts. */
export function languageProblem(tag: unknown, given: TextOverrides): string | null {
  if (typeof tag !== "string" || canonicalTag(tag) !== tag) return `must be a language such as "de" or "pt-BR", got ${JSON.stringify(tag)}`;
  if ((BUNDLED_LANGUAGES as readonly string[]).includes(tag) || Object.hasOwn(given, tag)) return null;
  return `"${tag}" does not come with upgate (${BUNDLED_LANGUAGES.join(", ")}): give its texts by the option texts`;
}

/** Why `texts` can't be used; null when it can. */
export function textsProblem(value: unknown): string | null {
  if (value === undefined) return null;
  if (!isRecord(value)) return 'must be an object such as { de: { "Continue": "Weiter" } }';
  for (const [tag, texts] of Object.entries(value)) {
    if (canonicalTag(tag) !== tag) return `has "${tag}", which is no language such as "de" or "pt-BR"`;
    if (!isRecord(texts) || Object.values(texts).some((text) => typeof text !== "string"))
      return `has texts of "${tag}" that are no object of strings`;
  }
  return null;
}

function canonicalTag(tag: string): string | null {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
