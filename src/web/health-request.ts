import type { IncomingMessage } from "node:http";
import accepts from "accepts";

export interface HealthRequest {
  readonly format: "html" | "json" | "text";
  /** True: to be saved as a file. */
  readonly isDownload: boolean;
  /** The id of a check that is asked about. */
  readonly help: string | null;
  /** The id of a run whose report is asked for. */
  readonly run: string | null;
}

const FORMATS = { "text/html": "html", "application/json": "json", "text/plain": "text" } as const;
/** What is no id, nor any part of a file name or a header, is not looked for. */
const ID = /^[A-Za-z\d-]{1,64}$/;

/** `?format=json|text` goes before `Accept`; `&download` has it saved; `?help=<check>`, `?report=<run>`. */
export function parseHealthRequest(req: IncomingMessage): HealthRequest {
  const url = req.url ?? "";
  const query = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?")) : "");
  const id = (name: string): string | null => {
    const value = query.get(name);
    return value !== null && ID.test(value) ? value : null;
  };
  const help = id("help");
  return {
    format: help === null ? formatOf(query.get("format"), req) : "html",
    isDownload: query.has("download"),
    help,
    run: id("report"),
  };
}

function formatOf(asked: string | null, req: IncomingMessage): HealthRequest["format"] {
  if (asked === "json" || asked === "text") return asked;
  // Whatever takes pages gets the page; most requests need no closer look.
  if (!/json|text\/plain/i.test(req.headers.accept ?? "")) return "html";
  const type = accepts(req).type(Object.keys(FORMATS));
  return type === false ? "html" : FORMATS[type as keyof typeof FORMATS];
}
