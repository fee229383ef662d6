import { createHash } from "node:crypto";

const WORDS = 30_000;
/** The higher, the more of a text consists of its few most frequent words. */
const SKEW = 3;
const SYLLABLES =
  "a be cor da el fin gu har in ju kel lo mar ne os per qui ran sta tor un ver wol xi yer zan schö ré ing tion ment der".split(" ");
const DAY_MS = 86_400_000;
const FIRST_DAY_MS = Date.UTC(2020, 0, 1);
const DAYS = 2000;
const LEAST_PICTURE_BYTES = 20_000;
const MOST_PICTURE_BYTES = 250_000;

/** Rows as sites have them, the same ones each time: texts that shrink to about a third, pictures that do not shrink. */
export class Invented {
  private seed = 1;
  private rows = 0;
  private readonly words = Array.from({ length: WORDS }, () => this.word());

  article(): Record<string, string | number | null> {
    const n = ++this.rows;
    const name = `${capital(this.any())} ${capital(this.any())}`;
    const title = this.sentence(4 + this.upTo(6));
    return {
      slug: `${title.toLowerCase().replace(/[^a-z]+/g, "-")}${n}`,
      title,
      state: this.chance(0.8) ? "public" : "draft",
      author_name: name,
      author_mail: `${name.toLowerCase().replace(" ", ".")}@example.com`,
      summary: this.text(30),
      body: `<p>${Array.from({ length: 4 + this.upTo(20) }, () => this.text(60)).join("</p>\n<p>")}</p>`,
      notes: this.chance(0.3) ? this.text(20) : null,
      options: JSON.stringify({ layout: "wide", comments: this.chance(0.5), rating: this.upTo(100), tags: [this.any(), this.any()] }),
      section_id: this.upTo(40),
      views: this.upTo(100_000),
      price: this.chance(0.4) ? this.upTo(100_000) / 100 : null,
      weight: this.random(),
      published_at: this.chance(0.8) ? this.moment() : null,
      created_at: this.moment(),
      updated_at: this.moment(),
    };
  }

  picture(): Record<string, string | Buffer> {
    const length = LEAST_PICTURE_BYTES + this.upTo(MOST_PICTURE_BYTES - LEAST_PICTURE_BYTES);
    const content = createHash("shake256", { outputLength: length })
      .update(String(++this.rows))
      .digest();
    return { name: `${this.any()}-${this.rows}.jpg`, mime: "image/jpeg", content };
  }

  private text(words: number): string {
    const sentences = Array.from({ length: Math.ceil(words / 12) }, () => `${this.sentence(6 + this.upTo(12))}.`);
    // Some quotation marks, which a dump has to escape.
    return sentences.join(" ").replace(/(\w)l /g, "$1l' ");
  }

  private sentence(words: number): string {
    return capital(Array.from({ length: words }, () => this.any()).join(" "));
  }

  private any(): string {
    return this.words[Math.floor(WORDS * this.random() ** SKEW)] as string;
  }

  private word(): string {
    return Array.from({ length: 1 + this.upTo(3) }, () => SYLLABLES[this.upTo(SYLLABLES.length)]).join("");
  }

  private moment(): string {
    return new Date(FIRST_DAY_MS + Math.floor(this.random() * DAYS * DAY_MS)).toISOString().slice(0, 19).replace("T", " ");
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private upTo(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /** Mulberry32. */
  private random(): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
