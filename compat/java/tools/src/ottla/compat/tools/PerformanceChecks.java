package ottla.compat.tools;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import java.util.List;
import ottla.compat.harness.Broker;
import ottla.compat.harness.Checks;

/** kafka-producer-perf-test and kafka-consumer-perf-test: that they work, not how fast. */
final class PerformanceChecks {
  private static final int RECORDS = 30_000;

  private final Checks checks;

  PerformanceChecks(Checks checks) {
    this.checks = checks;
  }

  void run() throws Exception {
    Tool.createTopic("performance", 4);
    checks.check("kafka-producer-perf-test has every record acknowledged", this::produce);
    checks.check("kafka-consumer-perf-test reads every record", this::consume);
  }

  private void produce() throws Exception {
    List<String> lines =
        Tool.runPlain(
                "", Tool.PRODUCER_PERFORMANCE, "--bootstrap-server", Broker.bootstrap(), "--topic", "performance",
                "--num-records", Integer.toString(RECORDS), "--record-size", "200", "--throughput", "-1",
                "--command-property", "acks=all")
            .succeeded()
            .lines();
    String last = lines.get(lines.size() - 1);
    that(last.startsWith(RECORDS + " records sent, "), () -> last);
    long sum = 0;
    for (String line : Tool.run(Tool.GET_OFFSETS, "--topic", "performance").succeeded().lines()) {
      sum += Long.parseLong(line.split(":")[2]);
    }
    equal("records in the topic", (long) RECORDS, sum);
  }

  private void consume() throws Exception {
    List<String> lines =
        Tool.run(
                Tool.CONSUMER_PERFORMANCE, "--topic", "performance", "--num-records", Integer.toString(RECORDS),
                "--timeout", "20000")
            .succeeded()
            .lines();
    String[] heading = lines.get(lines.size() - 2).split(",");
    String[] values = lines.get(lines.size() - 1).split(",");
    int column = List.of(heading).stream().map(String::strip).toList().indexOf("data.consumed.in.nMsg");
    equal("records", Integer.toString(RECORDS), values[column].strip());
  }
}
