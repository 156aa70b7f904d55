package ottla.compat.tools;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import java.util.ArrayList;
import java.util.List;
import ottla.compat.harness.Checks;

/** kafka-console-producer and kafka-console-consumer. */
final class ConsoleChecks {
  private final Checks checks;

  ConsoleChecks(Checks checks) {
    this.checks = checks;
  }

  void run() {
    checks.check("the console producer's lines reach the console consumer", this::lines);
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      checks.check("the console producer's keys and headers come through in " + codec, () -> keysAndHeaders(codec));
    }
    checks.check("the console consumer in a group goes on where it stopped", this::group);
    checks.check("the console consumer starts at a given offset of a partition", this::offset);
    checks.check("the console consumer ends when nothing comes for a while", this::timeout);
  }

  /** The consumer prints advice about KIP-848 on standard error; standard output holds the records only. */
  private static List<String> consume(String topic, int count, String... more) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of("--topic", topic, "--max-messages", Integer.toString(count), "--timeout-ms", "20000"));
    arguments.addAll(List.of(more));
    return Tool.run(Tool.CONSOLE_CONSUMER, arguments.toArray(String[]::new)).succeeded().lines();
  }

  private void lines() throws Exception {
    StringBuilder input = new StringBuilder();
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      expected.add("line " + i + " ü✓");
      input.append("line ").append(i).append(" ü✓\n");
    }
    // The topic is made by the producer's first record.
    Tool.runWithInput(input.toString(), Tool.CONSOLE_PRODUCER, "--topic", "lines").succeeded();
    List<String> received = consume("lines", 500, "--from-beginning");
    equal(expected.stream().sorted().toList(), received.stream().sorted().toList());
  }

  private void keysAndHeaders(String codec) throws Exception {
    String topic = "headers-" + codec;
    Tool.createTopic(topic, 1);
    String input = "h1:a,h2:b\tk1\tv1\nh1:c\tk2\tNULL\nNULL\tk3\tv3\n";
    Tool.runWithInput(
            input, Tool.CONSOLE_PRODUCER, "--topic", topic, "--compression-codec", codec,
            "--reader-property", "parse.key=true", "--reader-property", "parse.headers=true",
            "--reader-property", "null.marker=NULL")
        .succeeded();
    List<String> received =
        consume(
            topic, 3, "--from-beginning",
            "--formatter-property", "print.key=true", "--formatter-property", "print.headers=true",
            "--formatter-property", "print.partition=true", "--formatter-property", "print.offset=true",
            "--formatter-property", "print.timestamp=true");
    List<String> expected =
        List.of(
            "Partition:0\tOffset:0\th1:a,h2:b\tk1\tv1",
            "Partition:0\tOffset:1\th1:c\tk2\tnull",
            "Partition:0\tOffset:2\tNO_HEADERS\tk3\tv3");
    equal(expected, received.stream().map(line -> line.replaceFirst("^CreateTime:\\d{13}\t", "")).toList());
    that(received.stream().allMatch(line -> line.startsWith("CreateTime:1")), () -> "timestamps: " + received);
  }

  private void group() throws Exception {
    Tool.createTopic("grouped", 1);
    Tool.runWithInput("1\n2\n3\n4\n5\n", Tool.CONSOLE_PRODUCER, "--topic", "grouped").succeeded();
    equal(List.of("1", "2"), consume("grouped", 2, "--group", "console", "--from-beginning"));
    equal(List.of("3", "4"), consume("grouped", 2, "--group", "console"));
    List<String> described =
        Tool.run(Tool.CONSUMER_GROUPS, "--describe", "--group", "console").succeeded().lines();
    String last = described.get(described.size() - 1).replaceAll("\\s+", " ");
    equal("console grouped 0 4 5 1 - - -", last);
  }

  private void offset() throws Exception {
    equal(List.of("4", "5"), consume("grouped", 2, "--partition", "0", "--offset", "3"));
  }

  private void timeout() throws Exception {
    var result =
        Tool.run(
            Tool.CONSOLE_CONSUMER, "--topic", "grouped", "--partition", "0", "--offset", "latest", "--timeout-ms", "700");
    equal(List.of(), result.succeeded().lines());
    that(result.errors().contains("Processed a total of 0 messages"), result::errors);
  }
}
