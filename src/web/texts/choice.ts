import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { parse as parseCookies, serialize as serializeCookie } from "cookie";

const require = createRequire(import.meta.url);
const COOKIE = "upgate_language";
const COOKIE_SECONDS = 365 * 24 * 60 * 60;

/** Browsers name Chinese by region, its script is what differs. */
const ALIASES: Readonly<Record<string, readonly string[]>> = { "zh-Hans": ["zh-Hans-CN", "zh-CN", "zh-SG", "zh"] };

/** Browsers send few different `Accept-Language` headers; made-up ones must not fill the memory. */
const REMEMBERED_HEADERS = 200;

/** Which of the offered languages a request gets: the one chosen on the page, else the browser's wish, else the first. */
export class LanguageChoice {
  readonly #offers: readonly string[];
  readonly #wishes = new Map<string, string>();

  /** `languages`: at least one. */
  constructor(readonly languages: readonly string[]) {
    this.#offers = languages.flatMap((language) => [language, ...(ALIASES[language] ?? [])]);
  }

  of(req: IncomingMessage): string {
    return this.#chosen(req) ?? this.wished(req);
  }

  /** By `Accept-Language` alone: what a visitor gets, of whom no choice is kept. */
  wished(req: IncomingMessage): string {
    const header = req.headers["accept-language"];
    if (header === undefined) return this.#first;
    let wish = this.#wishes.get(header);
    if (wish === undefined) {
      wish = this.#negotiate(req);
      if (this.#wishes.size < REMEMBERED_HEADERS) this.#wishes.set(header, wish);
    }
    return wish;
  }

  /** The language that the address asks for by `?lang=`; null for none that is offered. */
  asked(req: IncomingMessage): string | null {
    const query = req.url?.split("?", 2)[1];
    const asked = query === undefined ? null : new URLSearchParams(query).get("lang");
    return asked !== null && this.languages.includes(asked) ? asked : null;
  }

  /** Keeps a choice for a year, below the wizard's own address. */
  cookie(language: string, secure: boolean): string {
    return serializeCookie(COOKIE, language, { httpOnly: true, sameSite: "lax", secure, maxAge: COOKIE_SECONDS });
  }

  #chosen(req: IncomingMessage): string | null {
    const asked = this.asked(req);
    if (asked !== null) return asked;
    const { cookie } = req.headers;
    const kept = cookie?.includes(COOKIE) ? parseCookies(cookie)[COOKIE] : undefined;
    return kept !== undefined && this.languages.includes(kept) ? kept : null;
  }

  #negotiate(req: IncomingMessage): string {
    const accepts = require("accepts") as typeof import("accepts");
    const offer = accepts(req).languages([...this.#offers]);
    if (typeof offer !== "string") return this.#first;
    return this.languages.includes(offer) ? offer : (this.languages.find((language) => ALIASES[language]?.includes(offer)) ?? this.#first);
  }

  get #first(): string {
    return this.languages[0] as string;
  }
}
