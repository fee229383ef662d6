interface Pagination {
  readonly page: number;
  readonly pages: number;
  readonly total: number;
  readonly perPage: number;
  readonly offset: number;
  /** Numbers of the first and last row shown, from 1; 0 and 0 when there are none. */
  readonly from: number;
  readonly to: number;
}

/** A page number out of bounds, or none, leads to the nearest page there is. */
export function paginate(total: number, requested: unknown, perPage = 25): Pagination {
  const pages = Math.max(1, Math.ceil(total / perPage));
  const wanted = Number.parseInt(String(requested), 10);
  const page = Math.min(pages, Math.max(1, Number.isNaN(wanted) ? 1 : wanted));
  const offset = (page - 1) * perPage;
  return { page, pages, total, perPage, offset, from: total === 0 ? 0 : offset + 1, to: Math.min(total, offset + perPage) };
}
