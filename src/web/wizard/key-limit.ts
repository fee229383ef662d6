import type { ServerResponse } from "node:http";
import { ipKeyGenerator, type Options, rateLimit, type RateLimitInfo, type RateLimitRequestHandler } from "express-rate-limit";
import type { Logger } from "../../core/ports.js";
import type { DeferredWrites } from "../../store/deferred-writes.js";
import { driverMessage } from "../../store/driver-errors.js";
import type { Store } from "../../store/store.js";
import { clientAddress, type MountedRequest } from "../http.js";
import { AttemptStore } from "./attempt-store.js";

const MINUTE_MS = 60_000;
/** Wrong keys from one address; IPv6 addresses count by their /56, which is what one customer of a provider has. */
export const ADDRESS_LIMIT = { limit: 10, windowMs: 15 * MINUTE_MS, keptMs: 60 * MINUTE_MS } as const;
/** Wrong keys from all addresses together. */
export const TOTAL_LIMIT = { limit: 100, windowMs: 60 * MINUTE_MS, keptMs: 60 * MINUTE_MS } as const;

const IPV6_SUBNET = 56;
/** What all addresses together are counted under: no address reads so. */
const ALL = "*";
const PROPERTY = "upgateKeyLimit";

export type KeyCheck =
  /** `isLast`: it was wrong, and the next one is refused unseen. */
  | { readonly kind: "looked"; readonly isRight: boolean; readonly isLast: boolean }
  | { readonly kind: "limited"; readonly who: "address" | "everybody"; readonly retryAtMs: number }
  /** Tries can't be counted, so none is looked at. */
  | { readonly kind: "closed" };

/** Looks at one key by `matches`, if there is room for one more; a right one makes its address's wrong ones forgotten. */
export type CheckKey = (matches: () => Promise<boolean>) => Promise<KeyCheck>;

type Admission = { readonly kind: "admitted"; readonly isLast: boolean } | Exclude<KeyCheck, { kind: "looked" }>;

/** Limits wrong install keys, an address's and everybody's, across all nodes. */
export class KeyLimit {
  readonly #address: AttemptStore;
  readonly #total: AttemptStore;
  readonly #limitAddress: RateLimitRequestHandler;
  readonly #limitTotal: RateLimitRequestHandler;
  /** The last of each address's keys that are being looked at. */
  readonly #turns = new Map<string, Promise<KeyCheck>>();

  constructor(
    store: Store,
    writes: DeferredWrites,
    private readonly logger: Logger,
  ) {
    this.#address = new AttemptStore(store, writes, ADDRESS_LIMIT);
    this.#total = new AttemptStore(store, writes, TOTAL_LIMIT);
    this.#limitAddress = rateLimit({ ...common(ADDRESS_LIMIT), store: this.#address, keyGenerator: addressKey });
    this.#limitTotal = rateLimit({ ...common(TOTAL_LIMIT), store: this.#total, keyGenerator: () => ALL });
  }

  /** One after the other for an address: a key that is being looked at counts as wrong, and must not keep right ones out. */
  async check(req: MountedRequest, res: ServerResponse, matches: () => Promise<boolean>): Promise<KeyCheck> {
    const address = addressKey(req);
    const look = (): Promise<KeyCheck> => this.#look(req, res, matches);
    const turn = (this.#turns.get(address) ?? Promise.resolve()).then(look, look);
    this.#turns.set(address, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(address) === turn) this.#turns.delete(address);
    }
  }

  async #look(req: MountedRequest, res: ServerResponse, matches: () => Promise<boolean>): Promise<KeyCheck> {
    const admission = await this.#admit(req, res);
    if (admission.kind !== "admitted") return admission;
    const isRight = await matches();
    if (isRight) {
      await this.#address.resetKey(addressKey(req));
      await this.#total.decrement(ALL);
    }
    return { kind: "looked", isRight, isLast: !isRight && admission.isLast };
  }

  async #admit(req: MountedRequest, res: ServerResponse): Promise<Admission> {
    try {
      // Read first: beyond the limit nothing is written, whoever comes.
      const all = await this.#total.get(ALL);
      if (all.totalHits >= TOTAL_LIMIT.limit) return limited("everybody", all.resetTime);
      const own = await pass(this.#limitAddress, req, res);
      if (own.used > own.limit) return limited("address", own.resetTime);
      const total = await pass(this.#limitTotal, req, res);
      if (total.used > total.limit) {
        await this.#address.decrement(addressKey(req));
        return limited("everybody", total.resetTime);
      }
      return { kind: "admitted", isLast: own.used === own.limit || total.used === total.limit };
    } catch (error) {
      this.logger.error(`upgate: no install key is accepted, because wrong ones can't be counted: ${driverMessage(error)}`, error);
      return { kind: "closed" };
    }
  }
}

function common({ limit, windowMs }: { readonly limit: number; readonly windowMs: number }): Partial<Options> {
  return {
    limit,
    windowMs,
    // Besides the one that a limit of the host's has filled. Headers would tell everybody.
    requestPropertyName: PROPERTY,
    standardHeaders: false,
    legacyHeaders: false,
    passOnStoreError: false,
    handler: (_req, _res, next) => next(),
    // They look at Express's own settings; a bare node:http server has none.
    validate: false,
  };
}

function addressKey(req: MountedRequest): string {
  return ipKeyGenerator(clientAddress(req), IPV6_SUBNET).slice(0, 64);
}

/** Runs the middleware; its answer is in the request's property. */
async function pass(limiter: RateLimitRequestHandler, req: MountedRequest, res: ServerResponse): Promise<RateLimitInfo> {
  const [request, response] = [req, res] as unknown as Parameters<RateLimitRequestHandler>;
  await new Promise<void>((resolve, reject) => {
    void limiter(request, response, (error?: unknown) => (error ? reject(error as Error) : resolve()));
  });
  return (req as unknown as { readonly [PROPERTY]: RateLimitInfo })[PROPERTY];
}

function limited(who: "address" | "everybody", resetTime: Date | undefined): Extract<KeyCheck, { kind: "limited" }> {
  return { kind: "limited", who, retryAtMs: resetTime?.getTime() ?? Date.now() + MINUTE_MS };
}
