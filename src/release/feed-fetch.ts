import { TextDecoder } from "node:util";
import { messageOf } from "../core/errors.js";
import { FeedRefusal } from "./feed-refusal.js";

/** Longer documents are cut off, bytes, counted after decompression. */
export const LONGEST_FEED = 1_000_000;
const MOST_REDIRECTS = 3;
const LONGEST_ETAG = 200;

export interface FeedRequest {
  readonly url: string;
  /** For all of it, redirects and body, too, ms. */
  readonly timeoutMs: number;
  /** Of the document that is known; null: none is. */
  readonly etag: string | null;
  /** upgate's own version; nothing else is told to the vendor. */
  readonly agentVersion: string;
  readonly signal?: AbortSignal | undefined;
}

export type FeedAnswer =
  | { readonly kind: "document"; readonly text: string; readonly etag: string | null }
  /** It is still the one with the ETag. */
  | { readonly kind: "unchanged" };

/** Asks for the document once. Rejects with a `FeedRefusal`, however the server behaves. */
export async function fetchFeed(request: FeedRequest): Promise<FeedAnswer> {
  const { timeoutMs, signal: stop } = request;
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    return await ask(request, stop ? AbortSignal.any([limit, stop]) : limit);
  } catch (error) {
    if (limit.aborted) throw new FeedRefusal(`There was no whole answer within ${timeoutMs / 1000} s.`, { cause: error });
    if (error instanceof FeedRefusal) throw error;
    throw new FeedRefusal(`Its server can't be reached: ${describe(error)}`, { cause: error });
  }
}

async function ask(request: FeedRequest, signal: AbortSignal): Promise<FeedAnswer> {
  const response = await follow(request, signal);
  try {
    if (response.status === 304 && request.etag !== null) return { kind: "unchanged" };
    if (response.status !== 200) throw new FeedRefusal(`Its server answered ${response.status}.`);
    const etag = response.headers.get("etag");
    return { kind: "document", text: await readText(response), etag: etag !== null && etag.length <= LONGEST_ETAG ? etag : null };
  } finally {
    // Of a body that is not wanted nothing more is taken.
    if (!response.bodyUsed) await response.body?.cancel().catch(() => undefined);
  }
}

/** The answer behind the redirects. A proxy or a hosting may send elsewhere, but never from https to what anybody can change on the way. */
async function follow({ url, etag, agentVersion }: FeedRequest, signal: AbortSignal): Promise<Response> {
  const headers = {
    Accept: "application/json, */*;q=0.1",
    "User-Agent": `upgate/${agentVersion}`,
    ...(etag === null ? {} : { "If-None-Match": etag }),
  };
  let address = url;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(address, { headers, redirect: "manual", credentials: "omit", signal });
    const location = response.headers.get("location");
    if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) return response;
    await response.body?.cancel().catch(() => undefined);
    if (redirects === MOST_REDIRECTS) throw new FeedRefusal("Its server sends on and on to other addresses.");
    address = nextAddress(location, address);
  }
}

function nextAddress(location: string, from: string): string {
  if (!URL.canParse(location, from)) throw new FeedRefusal("Its server sends to an address that is none.");
  const next = new URL(location, from);
  if (next.protocol !== "https:" && next.origin !== new URL(from).origin)
    throw new FeedRefusal(`Its server sends to another address that is not secure: ${next.origin}`);
  return next.href;
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > LONGEST_FEED) throw new FeedRefusal(`It is longer than ${LONGEST_FEED.toLocaleString("en-US")} bytes.`);
    text += decode(decoder, chunk);
  }
  return text + decode(decoder);
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (cause) {
    throw new FeedRefusal("It is no text in UTF-8.", { cause });
  }
}

/** `fetch failed` says nothing; what failed does. */
function describe(error: unknown): string {
  const cause = (error as { readonly cause?: unknown }).cause;
  const code = (cause as { readonly code?: unknown } | undefined)?.code;
  const message = cause instanceof Error ? cause.message || String(code ?? messageOf(error)) : messageOf(error);
  return message.replaceAll(/\s+/g, " ");
}
