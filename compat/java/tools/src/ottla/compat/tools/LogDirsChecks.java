package ottla.compat.tools;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import ottla.compat.harness.Broker;
import ottla.compat.harness.Checks;

/** kafka-log-dirs: where partitions lie and how large they are. */
final class LogDirsChecks {
  private static final String LOG_DIRS = "org.apache.kafka.tools.LogDirsCommand";

  private final Checks checks;

  LogDirsChecks(Checks checks) {
    this.checks = checks;
  }

  void run() {
    checks.check("kafka-log-dirs tells where partitions lie and how large they are", this::describe);
    checks.check("kafka-log-dirs leaves out topics that were not asked for", this::topicList);
    checks.check("kafka-log-dirs names a broker that is not there", this::unknownBroker);
  }

  private static JsonNode only(String... arguments) throws Exception {
    List<String> lines = Tool.run(LOG_DIRS, arguments).succeeded().lines();
    equal("Querying brokers for log directories information", lines.get(0));
    that(lines.get(1).startsWith("Received log directory information from brokers "), () -> lines.get(1));
    JsonNode answer = new ObjectMapper().readTree(lines.get(2));
    equal(1, answer.get("version").asInt());
    equal(1, answer.get("brokers").size());
    JsonNode directories = answer.get("brokers").get(0).get("logDirs");
    equal(1, directories.size());
    return directories.get(0);
  }

  private static Set<String> partitions(JsonNode directory) {
    Set<String> names = new TreeSet<>();
    for (JsonNode partition : directory.get("partitions")) {
      names.add(partition.get("partition").asText());
      that(partition.get("size").asLong() >= 0, partition::toString);
      equal(0L, partition.get("offsetLag").asLong());
      equal(false, partition.get("isFuture").asBoolean());
    }
    return names;
  }

  private void describe() throws Exception {
    Tool.createTopic("log-dirs-a", 2);
    Tool.runWithInput("one\ntwo\n", Tool.CONSOLE_PRODUCER, "--topic", "log-dirs-a").succeeded();
    JsonNode directory = only("--describe");
    equal(true, directory.get("error").isNull());
    equal(Broker.dataDir().toRealPath(), Path.of(directory.get("logDir").asText()).toRealPath());
    that(partitions(directory).containsAll(Set.of("log-dirs-a-0", "log-dirs-a-1")), directory::toString);
    long bytes = 0;
    for (JsonNode partition : directory.get("partitions")) {
      if (partition.get("partition").asText().startsWith("log-dirs-a-")) bytes += partition.get("size").asLong();
    }
    long total = bytes;
    that(total > 60 && total < 1_000, () -> "two short records take " + total + " bytes");
  }

  private void topicList() throws Exception {
    Tool.createTopic("log-dirs-b", 3);
    JsonNode directory = only("--describe", "--topic-list", "log-dirs-b", "--broker-list", "1");
    equal(Set.of("log-dirs-b-0", "log-dirs-b-1", "log-dirs-b-2"), partitions(directory));
  }

  private void unknownBroker() throws Exception {
    Tool.Result result = Tool.run(LOG_DIRS, "--describe", "--broker-list", "9");
    that((result.output() + result.errors()).contains("9"), result::output);
  }
}
