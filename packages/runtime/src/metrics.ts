import { invariant } from "./invariant.ts";

/** Names and values that tell apart metrics of one name; fixed when the metric is made, never per event. */
export type MetricLabels = Readonly<Record<string, string>>;

export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly labels?: MetricLabels;
}

/** A plain field on the hot path: `counter.value += 1`. */
export interface Counter {
  value: number;
}

/** Counts per bucket; `bounds` are the inclusive upper ends, the last bucket has none. */
export interface HistogramReading {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

export type MetricReading = MetricDescription &
  (
    | { readonly kind: "counter" | "gauge"; readonly value: number }
    | ({ readonly kind: "histogram" } & HistogramReading)
  );

/** Doubling from 50 µs to about 26 s: latencies in milliseconds. */
export const LATENCY_BOUNDS_MS: readonly number[] = Array.from(
  { length: 20 },
  (_, index) => 0.05 * 2 ** index,
);

/** A histogram with fixed bounds: recording is a binary search and three additions. */
export class Histogram {
  readonly #bounds: Float64Array;
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[] = LATENCY_BOUNDS_MS) {
    invariant(
      bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? -Infinity)),
      "histogram bounds ascend",
    );
    this.#bounds = Float64Array.from(bounds);
    this.#counts = new Float64Array(bounds.length + 1);
  }

  record(value: number): void {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (this.#bounds[middle] ?? Infinity)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sum += value;
  }

  read(): HistogramReading {
    const counts = [...this.#counts];
    return {
      bounds: [...this.#bounds],
      counts,
      sum: this.#sum,
      count: counts.reduce((total, count) => total + count, 0),
    };
  }
}

/** What a part of the program gets to announce its metrics. */
export interface Metrics {
  counter(description: MetricDescription): Counter;
  /** Read when somebody asks, never before. */
  gauge(description: MetricDescription, read: () => number): void;
  histogram(description: MetricDescription, bounds?: readonly number[]): Histogram;
}

/** Keeps the metrics and reads them at scrape; whoever serves them turns the readings into a text format. */
export class MetricsRegistry implements Metrics {
  readonly #readers = new Map<string, () => MetricReading>();

  counter(description: MetricDescription): Counter {
    const counter: Counter = { value: 0 };
    this.#register(description, () => ({ ...description, kind: "counter", value: counter.value }));
    return counter;
  }

  gauge(description: MetricDescription, read: () => number): void {
    this.#register(description, () => ({ ...description, kind: "gauge", value: read() }));
  }

  histogram(description: MetricDescription, bounds?: readonly number[]): Histogram {
    const histogram = new Histogram(bounds);
    this.#register(description, () => ({ ...description, kind: "histogram", ...histogram.read() }));
    return histogram;
  }

  /** All metrics as they stand now, in the order of their making. */
  read(): MetricReading[] {
    return [...this.#readers.values()].map((reader) => reader());
  }

  #register({ name, labels = {} }: MetricDescription, reader: () => MetricReading): void {
    const key = JSON.stringify([name, Object.entries(labels).toSorted()]);
    invariant(!this.#readers.has(key), `metric ${key} is made once`);
    this.#readers.set(key, reader);
  }
}
