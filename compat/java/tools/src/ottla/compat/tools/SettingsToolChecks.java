package ottla.compat.tools;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import ottla.compat.harness.Checks;

/** kafka-configs on topics, and kafka-delete-records with kafka-get-offsets after it. */
final class SettingsToolChecks {
  private final Checks checks;

  SettingsToolChecks(Checks checks) {
    this.checks = checks;
  }

  void run() {
    checks.check("kafka-configs sets settings of a topic, and describes them", this::set);
    checks.check("kafka-configs takes a setting back to its default", this::unset);
    checks.check("kafka-configs sets a list", this::list);
    checks.check("kafka-configs is refused an unknown setting, a wrong value and an unknown topic", this::refused);
    checks.check("a setting that kafka-configs changed takes effect while the broker runs", this::effect);
    checks.check("kafka-delete-records moves the start, and kafka-get-offsets and the consumer follow", this::deleteRecords);
    checks.check("kafka-delete-records tells of an offset beyond the end and of a compacted topic", this::deleteRefused);
  }

  private static Tool.Result alter(String topic, String... change) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("--alter", "--entity-type", "topics", "--entity-name", topic));
    arguments.addAll(List.of(change));
    return Tool.run(Tool.CONFIGS, arguments.toArray(String[]::new));
  }

  /** What the topic sets itself, sorted, without the words around it. */
  private static List<String> own(String topic) throws Exception {
    var result = Tool.run(Tool.CONFIGS, "--describe", "--entity-type", "topics", "--entity-name", topic);
    List<String> lines = result.succeeded().lines();
    equal("Dynamic configs for topic " + topic + " are:", lines.get(0));
    return lines.stream().skip(1).map(line -> line.strip().replaceAll(" sensitive=.*", "")).sorted().toList();
  }

  private void set() throws Exception {
    Tool.createTopic("settings", 1);
    var result = alter("settings", "--add-config", "retention.ms=5000,segment.bytes=2000000");
    equal(List.of("Completed updating config for topic settings."), result.succeeded().lines());
    equal(List.of("retention.ms=5000", "segment.bytes=2000000"), own("settings"));
    alter("settings", "--add-config", "retention.ms=6000").succeeded();
    equal(List.of("retention.ms=6000", "segment.bytes=2000000"), own("settings"));
  }

  private void unset() throws Exception {
    alter("settings", "--delete-config", "retention.ms").succeeded();
    equal(List.of("segment.bytes=2000000"), own("settings"));
    alter("settings", "--delete-config", "segment.bytes", "--add-config", "segment.ms=7000").succeeded();
    equal(List.of("segment.ms=7000"), own("settings"));
  }

  private void list() throws Exception {
    alter("settings", "--add-config", "cleanup.policy=[compact,delete]", "--delete-config", "segment.ms").succeeded();
    equal(List.of("cleanup.policy=compact,delete"), own("settings"));
  }

  private void refused() throws Exception {
    alter("settings", "--add-config", "no.such.setting=1").refusedWith("Unknown topic config name: no.such.setting");
    alter("settings", "--add-config", "retention.ms=soon").refusedWith("Invalid value soon for configuration retention.ms");
    alter("settings", "--add-config", "segment.bytes=10").refusedWith("Invalid value 10 for configuration segment.bytes");
    alter("absent", "--add-config", "retention.ms=1").refusedWith("absent");
    equal(List.of("cleanup.policy=compact,delete"), own("settings"));
  }

  private void effect() throws Exception {
    Tool.createTopic("narrow", 1);
    String line = "x".repeat(2000) + "\n";
    Tool.runWithInput(line, Tool.CONSOLE_PRODUCER, "--topic", "narrow").succeeded();
    alter("narrow", "--add-config", "max.message.bytes=1000").succeeded();
    Checks.eventually(
        java.time.Duration.ofSeconds(10),
        () -> "a record of 2000 bytes is still taken",
        () -> {
          long before = latest("narrow");
          Tool.runWithInput(line, Tool.CONSOLE_PRODUCER, "--topic", "narrow", "--sync");
          return latest("narrow") == before;
        });
    alter("narrow", "--delete-config", "max.message.bytes").succeeded();
    Checks.eventually(
        java.time.Duration.ofSeconds(10),
        () -> "no record of 2000 bytes is taken",
        () -> {
          long before = latest("narrow");
          Tool.runWithInput(line, Tool.CONSOLE_PRODUCER, "--topic", "narrow", "--sync");
          return latest("narrow") > before;
        });
  }

  private static long latest(String topic) throws Exception {
    List<String> lines = Tool.run(Tool.GET_OFFSETS, "--topic", topic, "--time", "-1").succeeded().lines();
    return Long.parseLong(lines.get(0).split(":")[2]);
  }

  private static Tool.Result deleteBefore(String topic, long offset) throws Exception {
    Path file = Files.createTempFile("offsets", ".json");
    try {
      String partition = "{\"topic\": \"" + topic + "\", \"partition\": 0, \"offset\": " + offset + "}";
      Files.writeString(file, "{\"partitions\": [" + partition + "], \"version\": 1}");
      return Tool.run(Tool.DELETE_RECORDS, "--offset-json-file", file.toString());
    } finally {
      Files.delete(file);
    }
  }

  private static void startsAt(String topic, long offset) throws Exception {
    equal(
        List.of(topic + ":0:" + offset),
        Tool.run(Tool.GET_OFFSETS, "--topic", topic, "--time", "-2").succeeded().lines());
  }

  private void deleteRecords() throws Exception {
    Tool.createTopic("shrinking", 1);
    Tool.runWithInput("a\nb\nc\nd\ne\n", Tool.CONSOLE_PRODUCER, "--topic", "shrinking").succeeded();
    startsAt("shrinking", 0);
    List<String> said = deleteBefore("shrinking", 3).succeeded().lines();
    equal("Executing records delete operation", said.get(0));
    equal("Records delete operation completed:", said.get(1));
    equal("partition: shrinking-0\tlow_watermark: 3", said.get(2));
    startsAt("shrinking", 3);
    List<String> rest =
        Tool.run(Tool.CONSOLE_CONSUMER, "--topic", "shrinking", "--from-beginning", "--max-messages", "2", "--timeout-ms", "20000")
            .succeeded()
            .lines();
    equal(List.of("d", "e"), rest);
    that(deleteBefore("shrinking", 1).succeeded().output().contains("low_watermark: 3"), () -> "the start went back");
    that(deleteBefore("shrinking", -1).succeeded().output().contains("low_watermark: 5"), () -> "-1 is not the end");
    startsAt("shrinking", 5);
  }

  private void deleteRefused() throws Exception {
    String beyond = deleteBefore("shrinking", 6).output();
    that(beyond.contains("OffsetOutOfRangeException"), () -> beyond);
    startsAt("shrinking", 5);
    Tool.createTopic("squeezed", 1, "--config", "cleanup.policy=compact");
    String compacted = deleteBefore("squeezed", 0).output();
    that(compacted.contains("PolicyViolationException"), () -> compacted);
    alter("squeezed", "--add-config", "cleanup.policy=[compact,delete]").succeeded();
    Checks.eventually(
        java.time.Duration.ofSeconds(5),
        () -> "records cannot be deleted although the policy now allows it",
        () -> deleteBefore("squeezed", 0).output().contains("low_watermark: 0"));
  }
}
