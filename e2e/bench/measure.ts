/** One figure that a bench run prints. */
export type Figure = {
  name: string;
  value: number;
  unit: string;
  /** What is promised; absent where the figure only informs. */
  target?: { at: "most" | "least"; value: number };
  /** E.g. the 95 % interval of a ratio, or how many pairs were taken. */
  detail?: string;
};

/** A measure takes what it needs, says why it can't run, or gives its figures. */
export type Measure = {
  name: string;
  what: string;
  run(say: (line: string) => void, options: MeasureOptions): Promise<Figure[]>;
};

/** `seconds`: for how long a measure that can be shortened runs. */
export type MeasureOptions = { seconds?: number };

/** `ok`, `short` of its target, or `-` where there is none. */
export function verdict(figure: Figure): "ok" | "short" | "-" {
  if (figure.target === undefined) return "-";
  const met = figure.target.at === "most" ? figure.value <= figure.target.value : figure.value >= figure.target.value;
  return met ? "ok" : "short";
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/**
 * The median of ratios taken pair by pair, with its 95 % interval by the sign test's order statistics
 * (n/2 -+ 0.98 sqrt(n), David & Nagaraja, Order Statistics, 7.1): no assumption on how the noise is spread.
 */
export function medianRatio(ratios: readonly number[]): { median: number; low: number; high: number } {
  const sorted = [...ratios].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const reach = 0.98 * Math.sqrt(sorted.length);
  const at = (i: number) => sorted[Math.max(0, Math.min(sorted.length - 1, Math.round(i)))] ?? Number.NaN;
  return { median: quantile(sorted, 0.5), low: at(half - reach - 1), high: at(half + reach) };
}
