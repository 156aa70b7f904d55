import { describe, expect, it } from "vitest";
import { parseConsumerPerf, parseProducerPerf } from "./java-perf.ts";

describe("parseProducerPerf", () => {
  const progress =
    "104881 records sent, 20976.2 records/sec (20.48 MB/sec), 1085.3 ms avg latency, 1418.0 ms max latency.";
  const whole =
    "100000 records sent, 19801.980198 records/sec (1.89 MB/sec), 120.37 ms avg latency, 723.00 ms max latency, 31 ms 50th, 384 ms 95th, 444 ms 99th, 452 ms 99.9th.";
  const steady =
    "90000 steady state records sent, 21812.893844 records/sec (2.08 MB/sec), 123.98 ms avg latency, 457.00 ms max latency, 17 ms 50th, 393 ms 95th, 445 ms 99th, 452 ms 99.9th.";

  it("takes the steady state, not the progress and not the whole", () => {
    const result = parseProducerPerf([progress, whole, steady, ""].join("\n"), 100);
    expect(result).toMatchObject({ latencyMs: { p50: 17, p99: 445, p999: 452 } });
    expect(result.recordsPerSecond).toBeCloseTo(21812.89);
    expect(result.megabytesPerSecond).toBeCloseTo(2.1813, 3);
  });

  it("does not take progress for a result", () => {
    expect(() => parseProducerPerf(progress, 100)).toThrow("reported nothing");
  });
});

describe("parseConsumerPerf", () => {
  const header =
    "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec";
  const row =
    "2026-11-22 20:36:12:791, 2026-11-22 20:36:20:202, 390.6250, 52.7088, 400000, 53973.8227, 3958, 3453, 113.1263, 115841.2974";

  it("takes the rate without the time that joining the group took", () => {
    const result = parseConsumerPerf(`${header}\n${row}\n`, 400_000);
    expect(result.recordsPerSecond).toBeCloseTo(115841.2974);
    expect(result.megabytesPerSecond).toBeCloseTo(118.62, 1);
  });

  it("refuses a run that did not read everything", () => {
    expect(() => parseConsumerPerf(`${header}\n${row}\n`, 500_000)).toThrow(
      "read 400000 of 500000",
    );
  });

  it("refuses output without a result", () => {
    expect(() => parseConsumerPerf(header, 1)).toThrow("reported nothing");
  });
});
