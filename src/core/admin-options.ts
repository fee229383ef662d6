/** Option `templates`: where the stock templates lie, and those that the operator has changed. */
export interface TemplateOptions {
  /** Folder of the stock templates, as the release ships them. */
  stock: string | URL;
  /** The theme folders: a file with the same path below one of them overrides the stock one. */
  custom: string | URL | (string | URL)[];
  /** The vendor's archive of earlier stock templates' texts, as `upgate seal --archive` writes it. Default: only those that this site has had. */
  archive?: string | URL;
}

/** What the feed offers: `stable`; `series`: stable ones with the installed major and minor number; `rc`, `beta`: those, too. */
export const FEED_CHANNELS = ["stable", "series", "rc", "beta"] as const;
export type FeedChannel = (typeof FEED_CHANNELS)[number];

/** Option `feed`: the vendor's list of releases. */
export interface FeedOptions {
  /** Of a JSON document; `https:`, or `http:` on the loopback. */
  url: string;
  /** The feed's `product` must be this one. Default: any is taken. */
  product?: string;
  /** Default `stable`. */
  channel?: FeedChannel;
  /** How often it is asked for, by one node of all, hours; 1 to 720, default 24. */
  everyHours?: number;
  /** How long one request may take in all, ms; 100 to 60,000, default 5,000. */
  timeoutMs?: number;
}

export interface ParsedTemplateOptions {
  readonly stock: string | URL;
  readonly custom: readonly (string | URL)[];
  readonly archive: string | URL | null;
}

export interface ParsedFeedOptions extends Readonly<Required<Omit<FeedOptions, "product">>> {
  readonly product: string | null;
}
