import { readReport } from "../../upgrade/report.js";
import { reportText } from "../../upgrade/report-text.js";
import { messagePage } from "./pages.js";
import type { Answer, Visit } from "./visit.js";

/** The run for the vendor's support, `?format=json` (default) or `text`: versions, plan, statements, timings, error, checks. */
export async function report({ context, state, status, own, query }: Visit): Promise<Answer> {
  const format = query.get("format") ?? "json";
  if (format !== "json" && format !== "text")
    return messagePage(400, {
      heading: "No Such Report",
      text: "The report can be had as json and as text.",
      remedy: null,
      link: { href: "./", label: "Back to the Installer" },
    });
  const body = await readReport(context, state, status.run, await own());
  const name = `upgrade-report-${status.run?.id ?? "none"}`;
  return format === "text"
    ? { kind: "download", filename: `${name}.txt`, type: "text/plain; charset=utf-8", body: reportText(body) }
    : { kind: "download", filename: `${name}.json`, type: "application/json; charset=utf-8", body: `${JSON.stringify(body, null, 2)}\n` };
}
