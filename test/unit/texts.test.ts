import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BUNDLED_LANGUAGES } from "../../src/core/languages.js";
import { LanguageChoice } from "../../src/web/texts/choice.js";
import { formatsOf } from "../../src/web/texts/formats.js";
import { Sentences } from "../../src/web/texts/sentences.js";
import { Texts } from "../../src/web/texts/texts.js";
import { findTexts, keysFor, readLocale } from "../support/texts.js";

const texts = findTexts();
const placesIn = (text: string): string[] => [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].toSorted();
const tagsIn = (text: string): string[] => (text.match(/<\/?[a-z][^>]*>/g) ?? []).toSorted();

describe("the bundled languages", () => {
  for (const language of BUNDLED_LANGUAGES) {
    const locale = readLocale(language);
    const wanted = texts.flatMap((text) => keysFor(text, language).map((key) => ({ key, text })));

    it(`${language} has every text, and none that no page shows`, () => {
      const keys = new Set(wanted.map(({ key }) => key));
      const missing = [...keys].filter((key) => !locale[key]);
      const left = Object.keys(locale).filter((key) => !keys.has(key));
      assert.equal(
        missing.length + left.length,
        0,
        `npm run texts; missing: ${missing.slice(0, 5).join(" | ")}; left: ${left.slice(0, 5).join(" | ")}`,
      );
    });

    it(`${language} keeps the values and the markup of each text`, () => {
      for (const { key, text } of wanted) {
        const translated = locale[key] ?? "";
        // A singular, or a dual, may do without its number.
        const places = placesIn(translated).filter((place) => place !== "{{count}}" || !text.isPlural);
        assert.deepEqual(
          places,
          placesIn(text.key).filter((place) => place !== "{{count}}" || !text.isPlural),
          `${language}: ${key}`,
        );
        assert.deepEqual(tagsIn(translated), tagsIn(text.key), `${language}: ${key}`);
      }
    });
  }

  it("are not left in English", () => {
    for (const language of BUNDLED_LANGUAGES.filter((one) => one !== "en")) {
      const locale = readLocale(language);
      const same = texts.filter(({ key }) => locale[key] === key && /\p{L}{3,} \p{L}{3,} \p{L}{3,}/u.test(key));
      assert.deepEqual(
        same.map(({ key }) => key),
        [],
        language,
      );
    }
  });
});

describe("Texts", () => {
  const all = new Texts(BUNDLED_LANGUAGES, { de: { Continue: "Weiter geht’s" }, nl: { Continue: "Doorgaan" } });

  it("takes the host's own text before the bundled one, and English for what a language lacks", () => {
    assert.equal(all.in("de").t("Continue"), "Weiter geht’s");
    assert.equal(all.in("nl").t("Continue"), "Doorgaan");
    assert.equal(all.in("nl").t("Install Key"), "Install Key");
  });

  it("chooses the plural of the language", () => {
    assert.equal(all.in("en").t("{{count}} changes", { count: 1 }), "1 change");
    assert.equal(all.in("en").t("{{count}} changes", { count: 2 }), "2 changes");
    assert.notEqual(all.in("ar").t("{{count}} changes", { count: 3 }), all.in("ar").t("{{count}} changes", { count: 11 }));
  });

  it("escapes values in markup, and takes none for a text of its own", () => {
    const wording = all.in("en");
    const hostile = '<img src=x onerror="alert(1)"> $t(Continue) {{url}}';
    const made = wording.html("<strong>To open the site:</strong> put the files of release {{version}} back and restart the application.", {
      version: hostile,
    });
    assert.doesNotMatch(made, /<img/);
    assert.match(made, /\$t\(Continue\)/);
    assert.match(made, /\{\{url\}\}/);
  });

  it("translates a sentence with its values filled in, and leaves one that it does not know as it is", () => {
    const { m } = all.in("de");
    const english = "The database is at release 8.6.0, the files are 8.7.0.";
    assert.match(m(english), /8\.6\.0.*8\.7\.0/);
    assert.notEqual(m(english), english);
    assert.equal(m("ER_DUP_FIELDNAME: Duplicate column name 'a'"), "ER_DUP_FIELDNAME: Duplicate column name 'a'");
  });

  it("writes Arabic from right to left, with the digits of version numbers", () => {
    const { dir, format } = all.in("ar");
    assert.deepEqual([dir, all.in("ja").dir], ["rtl", "ltr"]);
    assert.match(format.number(1234), /1.234/);
  });
});

describe("Sentences", () => {
  const sentences = new Sentences([
    "Release {{0}} is here.",
    "Release {{0}} is here, and {{1}} too.",
    "{{0}}: {{1}}",
    "{{0}} of {{0}} again.",
  ]);

  it("prefers the text that says more", () => {
    assert.deepEqual(sentences.find("Release 1 is here, and 2 too."), {
      key: "Release {{0}} is here, and {{1}} too.",
      values: { 0: "1", 1: "2" },
    });
  });

  it("does not take what is all values for a text", () => {
    assert.equal(sentences.find("a: b"), null);
  });

  it("answers hostile sentences at once", () => {
    assert.equal(sentences.find(`Release ${"x ".repeat(50_000)}`), null);
  });
});

describe("the choice of the language", () => {
  const choice = new LanguageChoice(BUNDLED_LANGUAGES);
  const request = (headers: Record<string, string>, url = "/install"): Parameters<LanguageChoice["of"]>[0] =>
    ({ headers, url }) as Parameters<LanguageChoice["of"]>[0];

  for (const [header, language] of [
    ["de-AT,de;q=0.9,en;q=0.8", "de"],
    ["pt-PT,pt;q=0.9", "pt-BR"],
    ["zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"],
    ["zh-TW,zh;q=0.9", "zh-Hans"],
    ["it,ar;q=0.5", "ar"],
    ["it", "en"],
    ["*", "en"],
    ["", "en"],
    ["garbage;;;q=x", "en"],
  ] as const)
    it(`gives ${language} to "${header}"`, () => assert.equal(choice.of(request({ "accept-language": header })), language));

  it("takes what was chosen on the page before the browser's wish", () => {
    assert.equal(choice.of(request({ "accept-language": "de", cookie: "upgate_language=ja" })), "ja");
    assert.equal(choice.of(request({ "accept-language": "de", cookie: "upgate_language=ja" }, "/install?lang=fr")), "fr");
    assert.equal(choice.of(request({ "accept-language": "de", cookie: "upgate_language=xx" }, "/install?lang=%0d%0a")), "de");
  });
});

describe("the formats", () => {
  it("are those of the language", () => {
    const [en, de] = [formatsOf("en"), formatsOf("de")];
    assert.deepEqual([en.number(1234567), de.number(1234567)], ["1,234,567", "1.234.567"]);
    assert.deepEqual(
      [en.duration(450), en.duration(2500), en.duration(75_000), en.duration(3_780_000)],
      ["450 ms", "2.5 sec", "1 min 15 sec", "1 hr 3 min"],
    );
    assert.deepEqual([en.size(1500), en.size(5 * 1024 * 1024), en.size(3 * 1024 ** 3)], ["2 kB", "5 MB", "3 GB"]);
    assert.equal(en.moment("2026-11-22T03:04:05.000Z"), "Nov 22, 2026, 3:04 AM UTC");
  });
});
