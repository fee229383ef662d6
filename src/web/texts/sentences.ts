/** A sentence with its values filled in, found again: the text it was made of, and the values by their place. */
export interface FoundSentence {
  readonly key: string;
  readonly values: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly key: string;
  readonly expression: RegExp;
  /** How many characters are its own: of two that fit, the one that says more is meant. */
  readonly weight: number;
}

const PLACE = /\{\{(\d+)\}\}/g;
/** What has hardly a word of its own would fit everything. */
export const LEAST_LETTERS = 6;
/** Pages show the same few sentences again and again; made-up ones must not fill the memory. */
const REMEMBERED = 500;

/**
 * Finds the text behind a sentence. Reasons, remedies and checks come from the upgrade's own process, from the database and from logs, in
 * English with their values filled in: they are known again by their words here, where the reader's language is known.
 */
export class Sentences {
  readonly #exact: ReadonlySet<string>;
  readonly #patterns: readonly Pattern[];
  readonly #found = new Map<string, FoundSentence | null>();

  /** `keys`: the English texts, with `{{0}}`, `{{1}}` … where values stand. */
  constructor(keys: Iterable<string>) {
    const all = [...keys];
    this.#exact = new Set(all);
    this.#patterns = all
      .filter((key) => /\{\{\d+\}\}/.test(key))
      .map(patternOf)
      .filter(({ key }) => key.replace(PLACE, "").replace(/[^\p{L}]/gu, "").length >= LEAST_LETTERS)
      .toSorted((a, b) => b.weight - a.weight);
  }

  find(sentence: string): FoundSentence | null {
    if (this.#exact.has(sentence)) return { key: sentence, values: {} };
    let found = this.#found.get(sentence);
    if (found === undefined) {
      found = this.#match(sentence);
      if (this.#found.size >= REMEMBERED) this.#found.clear();
      this.#found.set(sentence, found);
    }
    return found;
  }

  #match(sentence: string): FoundSentence | null {
    for (const { key, expression } of this.#patterns) {
      const match = expression.exec(sentence);
      if (match) return { key, values: match.groups ? withoutPrefix(match.groups) : {} };
    }
    return null;
  }
}

function patternOf(key: string): Pattern {
  const seen = new Set<string>();
  const source = key
    .split(/(\{\{\d+\}\})/)
    .map((part) => {
      const place = /^\{\{(\d+)\}\}$/.exec(part)?.[1];
      if (place === undefined) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
      if (seen.has(place)) return String.raw`\k<v${place}>`;
      seen.add(place);
      return `(?<v${place}>[^]*?)`;
    })
    .join("");
  return { key, expression: new RegExp(`^${source}$`, "u"), weight: key.replace(PLACE, "").length };
}

function withoutPrefix(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name.slice(1), value]));
}
