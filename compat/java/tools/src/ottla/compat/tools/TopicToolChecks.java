package ottla.compat.tools;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ottla.compat.harness.Checks;

/** kafka-topics, kafka-configs, kafka-get-offsets and kafka-broker-api-versions. */
final class TopicToolChecks {
  /** The keys of every API that a broker of this project's first slice serves, with Kafka 4.3's ranges. */
  private static final Map<String, String> SERVED =
      Map.ofEntries(
          Map.entry("Produce(0)", "0 to 13"),
          Map.entry("Fetch(1)", "4 to 18"),
          Map.entry("ListOffsets(2)", "1 to 11"),
          Map.entry("Metadata(3)", "0 to 13"),
          Map.entry("OffsetCommit(8)", "2 to 10"),
          Map.entry("OffsetFetch(9)", "1 to 10"),
          Map.entry("FindCoordinator(10)", "0 to 6"),
          Map.entry("JoinGroup(11)", "0 to 9"),
          Map.entry("Heartbeat(12)", "0 to 4"),
          Map.entry("LeaveGroup(13)", "0 to 5"),
          Map.entry("SyncGroup(14)", "0 to 5"),
          Map.entry("DescribeGroups(15)", "0 to 6"),
          Map.entry("ListGroups(16)", "0 to 5"),
          Map.entry("ApiVersions(18)", "0 to 4"),
          Map.entry("CreateTopics(19)", "2 to 7"),
          Map.entry("DeleteTopics(20)", "1 to 6"),
          Map.entry("DeleteRecords(21)", "0 to 2"),
          Map.entry("InitProducerId(22)", "0 to 5"),
          Map.entry("OffsetForLeaderEpoch(23)", "2 to 4"),
          Map.entry("DescribeConfigs(32)", "1 to 4"),
          Map.entry("AlterConfigs(33)", "0 to 2"),
          Map.entry("CreatePartitions(37)", "0 to 3"),
          Map.entry("DeleteGroups(42)", "0 to 2"),
          Map.entry("IncrementalAlterConfigs(44)", "0 to 1"),
          Map.entry("OffsetDelete(47)", "0"),
          Map.entry("DescribeCluster(60)", "0 to 2"),
          Map.entry("DescribeTopicPartitions(75)", "0"));

  private static final Pattern API_LINE = Pattern.compile("\\s*(\\w+\\(\\d+\\)): (\\d+(?: to \\d+)?) \\[usable: (\\d+)],?");

  private final Checks checks;

  TopicToolChecks(Checks checks) {
    this.checks = checks;
  }

  void run() {
    checks.check("kafka-broker-api-versions: Kafka 4.3's ranges for what is served", this::apiVersions);
    checks.check("kafka-topics creates a topic", this::create);
    checks.check("kafka-topics refuses a topic that exists, unless told to pass over it", this::createAgain);
    checks.check("kafka-topics lists topics", this::list);
    checks.check("kafka-topics describes a topic", this::describe);
    checks.check("kafka-topics finds no partition in a bad state", this::badStates);
    checks.check("kafka-topics adds partitions, and refuses to take some away", this::alter);
    checks.check("kafka-configs describes what is set on a topic", this::topicConfigs);
    checks.check("kafka-configs describes all settings of a topic with their sources", this::allTopicConfigs);
    checks.check("kafka-configs describes all settings of the broker", this::brokerConfigs);
    checks.check("kafka-get-offsets: latest, earliest, largest timestamp", this::getOffsets);
    checks.check("kafka-topics deletes a topic, and refuses one that does not exist", this::delete);
  }

  private void apiVersions() throws Exception {
    Map<String, String> ranges = new TreeMap<>();
    for (String line : Tool.run(Tool.BROKER_API_VERSIONS).succeeded().lines()) {
      Matcher matcher = API_LINE.matcher(line);
      if (!matcher.matches()) continue;
      ranges.put(matcher.group(1), matcher.group(2));
      String highest = matcher.group(2).replaceAll(".* to ", "");
      equal("usable version of " + matcher.group(1), highest, matcher.group(3));
    }
    ranges.keySet().retainAll(SERVED.keySet());
    equal(new TreeMap<>(SERVED), ranges);
  }

  private void create() throws Exception {
    var result = Tool.run(Tool.TOPICS, "--create", "--topic", "first", "--partitions", "3", "--config", "retention.ms=3600000");
    equal(List.of("Created topic first."), result.succeeded().lines());
  }

  /** The sentence in a refusal is the broker's own; only what it must mention is compared. */
  private void createAgain() throws Exception {
    Tool.run(Tool.TOPICS, "--create", "--topic", "first", "--partitions", "1").refusedWith("already exists");
    var passed = Tool.run(Tool.TOPICS, "--create", "--topic", "first", "--if-not-exists", "--partitions", "1");
    equal(List.of(), passed.succeeded().lines());
    Tool.run(Tool.TOPICS, "--create", "--topic", "wide", "--replication-factor", "3").refusedWith("replic");
  }

  private void list() throws Exception {
    Tool.run(Tool.TOPICS, "--create", "--topic", "second").succeeded();
    List<String> names = Tool.run(Tool.TOPICS, "--list", "--exclude-internal").succeeded().lines();
    List<String> ours = names.stream().filter(name -> name.equals("first") || name.equals("second")).toList();
    equal(List.of("first", "second"), ours);
  }

  /** Node ids are a broker's own choice; min.insync.replicas stands there because Kafka 4.1 made it a cluster setting. */
  private static List<String> described(String topic) throws Exception {
    List<String> lines = new ArrayList<>();
    for (String line : Tool.run(Tool.TOPICS, "--describe", "--topic", topic).succeeded().lines()) {
      lines.add(
          line.strip()
              .replaceAll("TopicId: [A-Za-z0-9_-]{22}", "TopicId: ID")
              .replaceAll("(Leader|Replicas|Isr): \\d+", "$1: N")
              .replaceAll("min\\.insync\\.replicas=1,?", "")
              .replaceAll("\\s+", " "));
    }
    return lines;
  }

  private void describe() throws Exception {
    List<String> expected = new ArrayList<>();
    expected.add("Topic: first TopicId: ID PartitionCount: 3 ReplicationFactor: 1 Configs: retention.ms=3600000");
    for (int i = 0; i < 3; i++) {
      expected.add("Topic: first Partition: " + i + " Leader: N Replicas: N Isr: N Elr: LastKnownElr:");
    }
    equal(expected, described("first"));
    Tool.run(Tool.TOPICS, "--describe", "--topic", "absent").refusedWith("Topic 'absent' does not exist as expected");
  }

  private void badStates() throws Exception {
    for (String state : List.of("--under-replicated-partitions", "--unavailable-partitions", "--at-min-isr-partitions")) {
      List<String> lines = Tool.run(Tool.TOPICS, "--describe", state).succeeded().lines();
      // One replica of one is exactly the minimum.
      boolean expected = state.equals("--at-min-isr-partitions");
      that(lines.isEmpty() != expected, () -> state + ": " + lines);
    }
  }

  private void alter() throws Exception {
    equal(List.of(), Tool.run(Tool.TOPICS, "--alter", "--topic", "second", "--partitions", "6").succeeded().lines());
    equal("lines", 7, described("second").size());
    Tool.run(Tool.TOPICS, "--alter", "--topic", "second", "--partitions", "2").refusedWith("6 partition");
  }

  private void topicConfigs() throws Exception {
    var result = Tool.run(Tool.CONFIGS, "--describe", "--entity-type", "topics", "--entity-name", "first");
    String setting = "retention.ms=3600000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=3600000}";
    equal(List.of("Dynamic configs for topic first are:", "  " + setting), result.succeeded().lines());
  }

  private void allTopicConfigs() throws Exception {
    var result = Tool.run(Tool.CONFIGS, "--describe", "--all", "--entity-type", "topics", "--entity-name", "first");
    List<String> lines = result.succeeded().lines().stream().map(String::strip).toList();
    for (String expected :
        List.of(
            "cleanup.policy=delete sensitive=false synonyms={DEFAULT_CONFIG:log.cleanup.policy=delete}",
            "compression.type=producer sensitive=false synonyms={DEFAULT_CONFIG:compression.type=producer}",
            "max.message.bytes=1048588 sensitive=false synonyms={DEFAULT_CONFIG:message.max.bytes=1048588}",
            "segment.bytes=1073741824 sensitive=false synonyms={DEFAULT_CONFIG:log.segment.bytes=1073741824}",
            "retention.ms=3600000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=3600000}")) {
      that(lines.contains(expected), () -> "no line “" + expected + "” in " + lines);
    }
  }

  private void brokerConfigs() throws Exception {
    var result = Tool.run(Tool.CONFIGS, "--describe", "--all", "--entity-type", "brokers");
    List<String> lines = result.succeeded().lines().stream().map(String::strip).toList();
    for (String expected :
        List.of(
            "num.partitions=4 sensitive=false synonyms={STATIC_BROKER_CONFIG:num.partitions=4, DEFAULT_CONFIG:num.partitions=1}",
            "message.max.bytes=1048588 sensitive=false synonyms={DEFAULT_CONFIG:message.max.bytes=1048588}")) {
      that(lines.contains(expected), () -> "no line “" + expected + "” in " + lines);
    }
  }

  private void getOffsets() throws Exception {
    Tool.run(Tool.TOPICS, "--create", "--topic", "counted", "--partitions", "2").succeeded();
    Tool.runWithInput("a\nb\nc\n", Tool.CONSOLE_PRODUCER, "--topic", "counted").succeeded();
    equal("latest", 3L, sum("-1"));
    equal("latest by word", 3L, sum("latest"));
    equal("earliest", 0L, sum("-2"));
    List<String> largest = Tool.run(Tool.GET_OFFSETS, "--topic", "counted", "--time", "-3").succeeded().lines();
    that(!largest.isEmpty(), () -> "no partition has a largest timestamp");
    List<String> one =
        Tool.run(Tool.GET_OFFSETS, "--topic-partitions", "counted:1", "--time", "-2").succeeded().lines();
    equal(List.of("counted:1:0"), one);
  }

  private static long sum(String time) throws Exception {
    List<String> lines = Tool.run(Tool.GET_OFFSETS, "--topic", "counted", "--time", time).succeeded().lines();
    equal("partitions", 2, lines.size());
    return lines.stream().mapToLong(line -> Long.parseLong(line.split(":")[2])).sum();
  }

  private void delete() throws Exception {
    equal(List.of(), Tool.run(Tool.TOPICS, "--delete", "--topic", "second").succeeded().lines());
    Checks.eventually(
        java.time.Duration.ofSeconds(5),
        () -> "still listed",
        () -> !Tool.run(Tool.TOPICS, "--list").succeeded().lines().contains("second"));
    Tool.run(Tool.TOPICS, "--delete", "--topic", "second").refusedWith("Topic 'second' does not exist as expected");
  }
}
