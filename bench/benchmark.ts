interface BenchmarkOptions {
  /** About how long the whole benchmark may take, s; null: its own default. */
  readonly seconds: number | null;
  /** A smoke run: shows that the benchmark works, too short for a verdict. */
  readonly quick: boolean;
  /** Says what is going on; goes to stderr. */
  readonly say: (text: string) => void;
}

interface BenchmarkReport {
  /** The figures: printed as one JSON object. */
  readonly figures: object;
  /** The same for people. */
  readonly text: string;
}

export type Benchmark = (options: BenchmarkOptions) => Promise<BenchmarkReport>;
