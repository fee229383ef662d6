import { answered, encodeAnswer, pack } from "./answers.js";
import type { Attempt } from "./attempt.js";
import { RowsDigest } from "./fingerprints.js";
import type { QueryObject } from "./journaled-client.js";
import { digestOf, type RecordedStatement } from "./recording.js";

/** Characters up to which an answer is kept as it is, is compressed, and is kept compressed; beyond that it is read again. */
const MOST_PLAIN = 4096;
const MOST_TO_PACK = 16 * 1024 * 1024;
const MOST_PACKED = 768 * 1024;

/** The schema steers a migration and is changed by it, so it is kept whole; other rows until the migration has ended. */
export function answerOfRead(attempt: Attempt, query: QueryObject, schema: boolean): string {
  const answer = encodeAnswer(answered(query.response, query.context));
  if (schema || answer.length <= MOST_PLAIN) return answer;
  const packed = answer.length <= MOST_TO_PACK ? pack(answer) : null;
  return packed !== null && packed.length <= MOST_PACKED ? packed : JSON.stringify(digestRows(attempt, query, null).result);
}

/** Of the columns that were looked at the first time. */
export function digestRows(attempt: Attempt, query: QueryObject, recorded: RecordedStatement | null): RowsDigest {
  const digest = emptyDigest(attempt, recorded);
  const rows = rowsOf(attempt, query);
  for (const row of Array.isArray(rows) ? rows : [rows]) digest.add(row);
  return digest;
}

export function emptyDigest({ options }: Attempt, recorded: RecordedStatement | null): RowsDigest {
  return new RowsDigest(options.secret, recorded ? (digestOf(recorded.entry)?.columns ?? null) : null);
}

function rowsOf({ isMysql }: Attempt, { response }: QueryObject): unknown {
  return isMysql && Array.isArray(response) ? (response as unknown[])[0] : response;
}
