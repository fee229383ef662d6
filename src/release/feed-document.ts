import { parseFeed, type Feed } from "../core/feed.js";
import { FeedRefusal } from "./feed-refusal.js";
import { checkSignature, type Signature, type SignatureVerdict } from "./signature.js";

export interface VerifiedFeed {
  readonly feed: Feed;
  /** `keyIdOf` of the key; null: no key is set, and nothing was checked. */
  readonly signedBy: string | null;
}

/** Reads the document's text, and where keys are set proves who signed it. Throws a `FeedRefusal`. */
export function verifyFeed(text: string, publicKeys: readonly string[]): VerifiedFeed {
  const document = readJson(text);
  const verdict = publicKeys.length > 0 ? verdictOf(document, publicKeys) : "valid";
  if (verdict !== "valid") throw new FeedRefusal(SIGNATURE_SENTENCES[verdict]);
  const reading = parseFeed(document);
  if (reading.kind === "invalid") throw new FeedRefusal(`It does not follow the schema: ${reading.problem}`);
  const { signature } = document as { readonly signature?: Signature };
  return { feed: reading.feed, signedBy: publicKeys.length > 0 ? (signature?.keyId ?? null) : null };
}

const SIGNATURE_SENTENCES: Readonly<Record<Exclude<SignatureVerdict, "valid">, string>> = {
  unsigned: "It is not signed, and this site takes none that is not.",
  untrusted: "It is signed, but by none of the keys that this site knows.",
  broken: "Its signature does not fit: somebody has changed it.",
};

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FeedRefusal("It is no JSON.", { cause });
  }
}

/** What is nested too deeply to be read through is broken, too. */
function verdictOf(document: unknown, publicKeys: readonly string[]): SignatureVerdict {
  if (typeof document !== "object" || document === null) return "unsigned";
  try {
    return checkSignature(document, publicKeys);
  } catch (error) {
    if (error instanceof RangeError) return "broken";
    throw error;
  }
}
