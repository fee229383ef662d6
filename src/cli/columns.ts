/** Rows as lines, each column as wide as its widest text; nothing at the ends of the lines. */
export function columns(rows: readonly (readonly string[])[], indent = ""): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((text, index) => (widths[index] = Math.max(widths[index] ?? 0, text.length)));
  return rows.map((row) => (indent + row.map((text, index) => text.padEnd(widths[index] ?? 0)).join("  ")).trimEnd());
}

/** `2026-11-22 13:14:02`, UTC, of an ISO 8601 text. */
export function moment(timestamp: string | null): string {
  return timestamp === null ? "-" : timestamp.slice(0, 19).replace("T", " ");
}

/** `400 ms`, `1.4 s`, `2 min 5 s`, `1 h 2 min`. */
export function duration(ms: number | null): string {
  if (ms === null) return "-";
  if (ms < 1000) return `${ms} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${(ms / 1000).toFixed(1)} s`;
  return seconds < 3600
    ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
