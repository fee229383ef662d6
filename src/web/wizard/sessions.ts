import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { parse as parseCookies, serialize as serializeCookie } from "cookie";
import { sign, unsign } from "cookie-signature";
import type { DeferredWrites } from "../../store/deferred-writes.js";
import { isBusy } from "../../store/driver-errors.js";
import { ensureSecret } from "../../store/secrets.js";
import {
  deleteExpiredSessions,
  deleteSession,
  extendSession,
  hasOpenSession,
  insertSession,
  readOpenSessions,
  readSession,
  type WizardSession,
} from "../../store/sessions.js";
import type { Store } from "../../store/store.js";
import { ensureTables, whileBusy } from "../../store/tables.js";

const COOKIE = "upgate_session";
/** Opens nothing but the held site, and that only while its session is open. */
const LOOK_COOKIE = "upgate_look";
/** A session that nobody uses for two hours is over. */
const SESSION_TTL_MS = 2 * 60 * 60 * 1000;
/** However much it is used, it is over then: the key has to be entered again. */
const SESSION_LIFE_MS = 12 * 60 * 60 * 1000;
/** The use of a session is written down at most this often. */
const EXTEND_EVERY_MS = 60_000;
/** The key page's form is good for this long. */
const KEY_FORM_TTL_MS = 60 * 60 * 1000;

/** A request's open session, and the token that its forms carry. */
export interface OpenSession {
  readonly id: string;
  readonly csrf: string;
}

/**
 * Wizard sessions: the cookie holds a random value signed with the secret of all nodes, the table its hash. The cookie has no
 * path, so the browser keeps it to the folder of `POST /install/key`, whatever prefix a proxy puts before it.
 */
export class WizardSessions {
  #secret: string | null = null;
  /** Sessions opened while a SQLite migration kept everybody from writing: known to this process until they are written. */
  readonly #unwritten = new Map<string, WizardSession>();
  /** Sessions closed meanwhile, until that is written. */
  readonly #ended = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly writes: DeferredWrites,
  ) {}

  /**
   * Opens a session for whoever has entered the key. `isKeyValid` is asked again once it is written, so that a key that was rotated or voided in
   * between opens none: null then.
   */
  async open(
    address: string,
    secure: boolean,
    isKeyValid: () => Promise<boolean>,
  ): Promise<{ readonly id: string; readonly cookie: string } | null> {
    const value = randomBytes(24).toString("base64url");
    const now = Date.now();
    const session = {
      id: hash(value),
      address: address.slice(0, 64),
      createdAt: iso(now),
      seenAt: iso(now),
      expiresAt: endOf(now, now),
    };
    this.#unwritten.set(session.id, session);
    let isRefused = false;
    await this.writes.attempt(async () => (isRefused = !(await this.#write(session, isKeyValid))));
    if (isRefused) return null;
    await this.writes.attempt(() => deleteExpiredSessions(this.store.knex, iso(Date.now())));
    const cookie = serializeCookie(COOKIE, sign(value, await this.#key()), { httpOnly: true, sameSite: "strict", secure });
    return { id: session.id, cookie };
  }

  /** False when the key was void. */
  async #write(session: WizardSession, isKeyValid: () => Promise<boolean>): Promise<boolean> {
    if (!this.#unwritten.has(session.id)) return false;
    try {
      await insertSession(this.store.knex, session);
      const isValid = await isKeyValid().catch(() => false);
      if (!isValid) await deleteSession(this.store.knex, session.id);
      this.#unwritten.delete(session.id);
      return isValid;
    } catch (error) {
      if (!isBusy(error)) this.#unwritten.delete(session.id);
      throw error;
    }
  }

  /** The request's session; null without one, with an expired or a forged one. */
  async find(cookieHeader: string | undefined): Promise<OpenSession | null> {
    const cookie = parseCookies(cookieHeader ?? "")[COOKIE];
    if (!cookie) return null;
    const key = await this.#key();
    const value = unsign(cookie, key);
    if (value === false) return null;
    const session = await this.#read(hash(value));
    return session ? { id: session.id, csrf: token(key, `session:${session.id}`) } : null;
  }

  async isOpen(id: string): Promise<boolean> {
    return (await this.#read(id)) !== null;
  }

  /** Which of these sessions are open still. */
  async openOf(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const left = ids.filter((id) => !this.#ended.has(id));
    const written = left.filter((id) => !this.#unwritten.has(id));
    const open = written.length === 0 ? [] : await readOpenSessions(this.store.knex, written, iso(Date.now()));
    return new Set([...left.filter((id) => this.#unwritten.has(id)), ...open]);
  }

  /** The cookie by which the session's operator may look at the held site: sent for every page below `path`. */
  async lookCookie(id: string, path: string, secure: boolean): Promise<string> {
    return serializeCookie(LOOK_COOKIE, sign(`look:${id}`, await this.#key()), { httpOnly: true, sameSite: "strict", secure, path });
  }

  /** Whether the request comes from somebody with that cookie whose session is still open. */
  async mayLook(cookieHeader: string): Promise<boolean> {
    const cookie = parseCookies(cookieHeader)[LOOK_COOKIE];
    if (!cookie) return false;
    const value = unsign(cookie, await this.#key());
    if (value === false || !value.startsWith("look:")) return false;
    return this.isOpen(value.slice("look:".length));
  }

  async #read(id: string): Promise<WizardSession | null> {
    if (this.#ended.has(id)) return null;
    const now = iso(Date.now());
    const unwritten = this.#unwritten.get(id);
    if (unwritten) return unwritten.expiresAt > now ? unwritten : null;
    return readSession(this.store.knex, id, now);
  }

  /** Puts the session's end off; for page views, not for polling. */
  async touch(id: string): Promise<void> {
    const now = Date.now();
    const session = await readSession(this.store.knex, id, iso(now));
    if (!session || now - Date.parse(session.seenAt) <= EXTEND_EVERY_MS) return;
    await this.writes.attempt(() => extendSession(this.store.knex, id, iso(now), endOf(now, Date.parse(session.createdAt))));
  }

  /**
   * Ends the session; returns the `Set-Cookie` header that removes the cookie. `waits`: until it is written, for up to 5 s; else a migration that
   * holds SQLite's lock does not keep the operator, and this process remembers it until then.
   */
  async close(id: string, waits: boolean): Promise<string> {
    const { knex } = this.store;
    this.#unwritten.delete(id);
    this.#ended.add(id);
    const remove = async (): Promise<void> => {
      await deleteSession(knex, id);
      await deleteExpiredSessions(knex, iso(Date.now()));
      this.#ended.delete(id);
    };
    await (waits ? whileBusy(remove) : this.writes.attempt(remove));
    return serializeCookie(COOKIE, "", { httpOnly: true, sameSite: "strict", expires: new Date(0) });
  }

  async isAnyOpen(): Promise<boolean> {
    return this.#unwritten.size > 0 || hasOpenSession(this.store.knex, iso(Date.now()));
  }

  /** The key page's token: there is no session yet that it could belong to, so it carries its own time. */
  async keyFormToken(): Promise<string> {
    const issued = Date.now().toString(36);
    return `${issued}.${token(await this.#key(), `key:${issued}`)}`;
  }

  async isKeyFormToken(candidate: string): Promise<boolean> {
    const [issued = "", mac = ""] = candidate.split(".");
    const age = Date.now() - parseInt(issued, 36);
    return age >= 0 && age < KEY_FORM_TTL_MS && isSameToken(mac, token(await this.#key(), `key:${issued}`));
  }

  /** One secret for all nodes: the first that needs it makes it. */
  async #key(): Promise<string> {
    if (this.#secret !== null) return this.#secret;
    const { knex, clock } = this.store;
    await ensureTables(this.store);
    const secret = await ensureSecret(knex, "cookie", clock.timestamp());
    return (this.#secret = secret);
  }
}

export function isSameToken(candidate: string, expected: string): boolean {
  const [a, b] = [Buffer.from(candidate), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function token(key: string, purpose: string): string {
  return createHmac("sha256", key).update(`csrf:${purpose}`).digest("base64url");
}

function hash(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}

/** When a session ends that was opened then and is used now. */
function endOf(nowMs: number, openedMs: number): string {
  return iso(Math.min(nowMs + SESSION_TTL_MS, openedMs + SESSION_LIFE_MS));
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
