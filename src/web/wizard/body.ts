import type { ServerResponse } from "node:http";
import express from "express";
import type { MountedRequest } from "../http.js";

/** More than any of the wizard's forms needs. */
const BODY_LIMIT = "16kb";
const FIELD_LIMIT = 20;

const parseForm = express.urlencoded({ extended: false, limit: BODY_LIMIT, parameterLimit: FIELD_LIMIT });

/** A form's fields, parsed here or by the host before; fields that are no plain text are left out. Rejects with the parser's error, which carries a `status`. */
export async function readForm(req: MountedRequest, res: ServerResponse): Promise<Readonly<Record<string, string>>> {
  await new Promise<void>((resolve, reject) => {
    parseForm(req as Parameters<typeof parseForm>[0], res as Parameters<typeof parseForm>[1], (error?: unknown) =>
      error ? reject(error as Error) : resolve(),
    );
  });
  return textFields(req.body);
}

function textFields(body: unknown): Record<string, string> {
  if (typeof body === "string" || Buffer.isBuffer(body)) return Object.fromEntries(new URLSearchParams(body.toString()));
  if (typeof body !== "object" || body === null) return {};
  return Object.fromEntries(Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
