/** Where upgate talks to. `console` fits. Messages are single lines; the second argument is an error where there is one. */
export interface Logger {
  info(message: string, ...details: unknown[]): void;
  warn(message: string, ...details: unknown[]): void;
  error(message: string, ...details: unknown[]): void;
}

/** Time as the rules need it: monotonic for every deadline, wall clock for what people read. */
export interface Clock {
  /** Monotonic, milliseconds, never goes back. */
  nowMs(): number;
  /** Wall clock, ISO 8601 in UTC with milliseconds: 24 characters. */
  timestamp(): string;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  timestamp: () => new Date().toISOString(),
};
