import { BUNDLED_LANGUAGES } from "../src/core/languages.js";
import { findTexts, keysFor, readLocale, writeLocale } from "./support/texts.js";

// Brings locales/ in step with views and sources: npm run texts
// English gets what is new, every language loses what nobody shows any more, and what has to be translated is told.
const texts = findTexts();
for (const language of BUNDLED_LANGUAGES) {
  const old = readLocale(language);
  const wanted = texts.flatMap((text) => keysFor(text, language));
  const kept = Object.fromEntries(wanted.filter((key) => Object.hasOwn(old, key)).map((key) => [key, old[key] as string]));
  const fresh = language === "en" ? Object.fromEntries(wanted.map((key) => [key, kept[key] ?? key.replace(/_(?:one|other)$/, "")])) : kept;
  writeLocale(language, fresh);
  const missing = wanted.filter((key) => !Object.hasOwn(fresh, key));
  console.log(`${language}: ${wanted.length} texts, ${missing.length} missing`);
  if (process.argv.includes("--missing")) for (const key of missing) console.log(`  ${JSON.stringify(key)}`);
}
