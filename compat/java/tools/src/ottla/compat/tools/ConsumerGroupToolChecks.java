package ottla.compat.tools;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import ottla.compat.harness.Broker;
import ottla.compat.harness.Checks;

/** kafka-consumer-groups, on a group with a living member and then on the empty group. */
final class ConsumerGroupToolChecks {
  private static final String GROUP = "toolbox";
  private static final String TOPIC = "toolbox-topic";

  private final Checks checks;

  ConsumerGroupToolChecks(Checks checks) {
    this.checks = checks;
  }

  void run() throws Exception {
    Tool.createTopic(TOPIC, 2);
    String input = "a\t1\nb\t2\nc\t3\nd\t4\ne\t5\nf\t6\n";
    Tool.runWithInput(input, Tool.CONSOLE_PRODUCER, "--topic", TOPIC, "--reader-property", "parse.key=true").succeeded();
    Map<String, Object> settings =
        Map.of("bootstrap.servers", Broker.bootstrap(), "group.id", GROUP, "client.id", "alive", "auto.offset.reset", "earliest");
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(TOPIC));
      List<String> values = new ArrayList<>();
      Checks.eventually(
          Duration.ofSeconds(20),
          () -> "read " + values,
          () -> {
            consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
            return values.size() == 6;
          });
      consumer.commitSync();
      checks.check("kafka-consumer-groups lists the group with its state", this::list);
      checks.check("kafka-consumer-groups describes offsets with their owner", this::describeActive);
      checks.check("kafka-consumer-groups describes members and state", this::describeMembers);
      checks.check("kafka-consumer-groups resets no offset while a member lives", this::refusesReset);
      checks.check("kafka-consumer-groups deletes no group with a member", this::refusesDelete);
    }
    checks.check("kafka-consumer-groups describes the empty group", this::describeEmpty);
    checks.check("kafka-consumer-groups --reset-offsets --dry-run changes nothing", this::dryRun);
    checks.check("kafka-consumer-groups resets offsets: earliest, by, to, latest", this::execute);
    checks.check("kafka-consumer-groups deletes offsets of one partition", this::deleteOffsets);
    checks.check("a console consumer reads __consumer_offsets with Kafka's formatter", this::offsetsTopic);
    checks.check("commits in __consumer_offsets are of version 4 and carry the topic id", this::commitVersion);
    checks.check("kafka-consumer-groups deletes the group", this::delete);
    checks.check("kafka-consumer-groups on an unknown group", this::unknown);
  }

  private static Tool.Result tool(String... arguments) throws Exception {
    return Tool.run(Tool.CONSUMER_GROUPS, arguments);
  }

  /** Rows without heading, single spaces, sorted: the tool prints partitions in the order of a hash map. */
  private static List<String> rows(Tool.Result result, String firstWord) {
    Stream<String> lines = result.succeeded().lines().stream().map(line -> line.replaceAll("\\s+", " ").strip());
    return lines.filter(line -> line.startsWith(firstWord + " ")).sorted().toList();
  }

  private void list() throws Exception {
    List<String> names = tool("--list").succeeded().lines();
    that(names.contains(GROUP), () -> "listed: " + names);
    equal(List.of(GROUP + " Stable"), rows(tool("--list", "--state"), GROUP));
    equal(List.of(), rows(tool("--list", "--state", "empty"), GROUP));
  }

  /** How the keys fall on the two partitions is the partitioner's affair: partition 0 and 1 hold six together. */
  private static long[] ends() throws Exception {
    long[] ends = new long[2];
    for (String line : Tool.run(Tool.GET_OFFSETS, "--topic", TOPIC).succeeded().lines()) {
      String[] words = line.split(":");
      ends[Integer.parseInt(words[1])] = Long.parseLong(words[2]);
    }
    return ends;
  }

  private void describeActive() throws Exception {
    long[] ends = ends();
    List<String> rows = rows(tool("--describe", "--group", GROUP), GROUP);
    equal("rows", 2, rows.size());
    for (int i = 0; i < 2; i++) {
      String row = rows.get(i).replaceAll("alive-[0-9a-f-]{36}", "ID");
      equal(GROUP + " " + TOPIC + " " + i + " " + ends[i] + " " + ends[i] + " 0 ID /127.0.0.1 alive", row);
    }
  }

  private void describeMembers() throws Exception {
    String member = rows(tool("--describe", "--group", GROUP, "--members"), GROUP).get(0);
    equal(GROUP + " ID /127.0.0.1 alive 2", member.replaceAll("alive-[0-9a-f-]{36}", "ID"));
    String state = rows(tool("--describe", "--group", GROUP, "--state"), GROUP).get(0);
    equal(GROUP + " " + Broker.bootstrap() + " (N) range Stable 1", state.replaceAll("\\(\\d+\\)", "(N)"));
  }

  private void refusesReset() throws Exception {
    var result = tool("--group", GROUP, "--topic", TOPIC, "--reset-offsets", "--to-earliest", "--execute");
    String all = result.output() + result.errors();
    that(all.contains("Assignments can only be reset if the group '" + GROUP + "' is inactive"), () -> all);
  }

  private void refusesDelete() throws Exception {
    var result = tool("--group", GROUP, "--delete");
    String all = result.output() + result.errors();
    that(all.contains("GroupNotEmptyException"), () -> all);
  }

  private void describeEmpty() throws Exception {
    long[] ends = ends();
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      expected.add(GROUP + " " + TOPIC + " " + i + " " + ends[i] + " " + ends[i] + " 0 - - -");
    }
    equal(expected, rows(tool("--describe", "--group", GROUP), GROUP));
    String state = rows(tool("--describe", "--group", GROUP, "--state"), GROUP).get(0);
    equal(GROUP + " " + Broker.bootstrap() + " (N) - Empty 0", state.replaceAll("\\(\\d+\\)", "(N)"));
  }

  private static List<String> reset(String... how) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("--group", GROUP, "--topic", TOPIC, "--reset-offsets"));
    arguments.addAll(List.of(how));
    return rows(tool(arguments.toArray(String[]::new)), GROUP);
  }

  private static List<String> offsets(long first, long second) {
    return List.of(GROUP + " " + TOPIC + " 0 " + first, GROUP + " " + TOPIC + " 1 " + second);
  }

  private void dryRun() throws Exception {
    equal(offsets(0, 0), reset("--to-earliest", "--dry-run"));
    describeEmpty();
  }

  private void execute() throws Exception {
    long[] ends = ends();
    equal(offsets(0, 0), reset("--to-earliest", "--execute"));
    equal(offsets(1, 1), reset("--shift-by", "1", "--execute"));
    equal(offsets(0, 0), reset("--to-offset", "0", "--execute"));
    equal(offsets(ends[0], ends[1]), reset("--to-latest", "--execute"));
    equal(offsets(ends[0], ends[1]), reset("--to-datetime", "2100-01-01T00:00:00.000", "--execute"));
    equal(offsets(0, 0), reset("--by-duration", "PT1H", "--execute"));
    String row = rows(tool("--describe", "--group", GROUP), GROUP).get(1);
    equal(GROUP + " " + TOPIC + " 1 0 " + ends[1] + " " + ends[1] + " - - -", row);
  }

  private void deleteOffsets() throws Exception {
    var result = tool("--group", GROUP, "--delete-offsets", "--topic", TOPIC + ":1");
    equal(List.of(TOPIC + " 1 Successful"), rows(result, TOPIC));
    equal("rows left", 1, rows(tool("--describe", "--group", GROUP), GROUP).size());
  }

  private static String offsetsTopicContent() throws Exception {
    return Tool.run(
            Tool.CONSOLE_CONSUMER, "--topic", "__consumer_offsets", "--from-beginning", "--timeout-ms", "1500",
            "--formatter", "org.apache.kafka.tools.consumer.OffsetsMessageFormatter")
        .succeeded()
        .output();
  }

  private static String commitKey(int partition) {
    String data = "{\"group\":\"" + GROUP + "\",\"topic\":\"" + TOPIC + "\",\"partition\":" + partition + "}";
    return "{\"key\":{\"type\":1,\"data\":" + data + "}";
  }

  private void offsetsTopic() throws Exception {
    String content = offsetsTopicContent();
    String commit = Pattern.quote(commitKey(1)) + ",\"value\":\\{\"version\":\\d,\"data\":\\{\"offset\":0,";
    that(Pattern.compile(commit).matcher(content).find(), () -> "no commit: " + content);
    that(content.contains(commitKey(1) + ",\"value\":null}"), () -> "no tombstone: " + content);
  }

  private void commitVersion() throws Exception {
    String content = offsetsTopicContent();
    String value = ",\"value\":\\{\"version\":4,\"data\":\\{[^}]*\"topicId\":\"[A-Za-z0-9_-]{22}\"";
    that(Pattern.compile(Pattern.quote(commitKey(0)) + value).matcher(content).find(), () -> content);
  }

  private void delete() throws Exception {
    var lines = tool("--group", GROUP, "--delete").succeeded().lines();
    equal(List.of("Deletion of requested consumer groups ('" + GROUP + "') was successful."), lines);
    equal(List.of(), rows(tool("--list", "--state"), GROUP));
  }

  private void unknown() throws Exception {
    for (String action : List.of("--describe", "--delete")) {
      var result = tool("--group", "absent", action);
      String all = result.output() + result.errors();
      that(all.contains("absent"), () -> action + ": " + all);
      that(all.contains("does not exist") || all.contains("not found"), () -> action + ": " + all);
    }
  }
}
