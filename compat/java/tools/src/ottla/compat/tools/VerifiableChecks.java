package ottla.compat.tools;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ottla.compat.harness.Broker;
import ottla.compat.harness.Checks;

/** kafka-verifiable-producer and kafka-verifiable-consumer, each in a JVM of its own. */
final class VerifiableChecks {
  private static final int RECORDS = 2000;
  private static final Pattern COUNT = Pattern.compile("\"name\":\"records_consumed\".*?\"count\":(\\d+)|\"count\":(\\d+).*?\"name\":\"records_consumed\"");

  private final Checks checks;

  VerifiableChecks(Checks checks) {
    this.checks = checks;
  }

  void run() {
    checks.check("kafka-verifiable-producer has every record acknowledged", this::produce);
    checks.check("kafka-verifiable-consumer reads and commits every record", this::consume);
  }

  private static List<String> process(String mainClass, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(
        List.of(
            "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            "-cp", System.getProperty("java.class.path"), mainClass, "--bootstrap-server", Broker.bootstrap()));
    command.addAll(List.of(arguments));
    File output = Broker.temporaryDir().resolve(mainClass + ".out").toFile();
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(output)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!process.waitFor(60, TimeUnit.SECONDS)) process.destroyForcibly().waitFor();
    String text = java.nio.file.Files.readString(output.toPath(), StandardCharsets.UTF_8);
    that(process.exitValue() == 0, () -> "exit code " + process.exitValue() + ": " + text);
    return text.lines().toList();
  }

  private static long events(List<String> lines, String name) {
    return lines.stream().filter(line -> line.contains("\"name\":\"" + name + "\"")).count();
  }

  private void produce() throws Exception {
    List<String> lines =
        process(
            "org.apache.kafka.tools.VerifiableProducer", "--topic", "verifiable",
            "--max-messages", Integer.toString(RECORDS), "--acks", "-1");
    equal("sent", (long) RECORDS, events(lines, "producer_send_success"));
    equal("failed", 0L, events(lines, "producer_send_error"));
  }

  private void consume() throws Exception {
    List<String> lines =
        process(
            "org.apache.kafka.tools.VerifiableConsumer", "--topic", "verifiable", "--group-id", "verifiable",
            "--reset-policy", "earliest", "--max-messages", Integer.toString(RECORDS));
    long consumed = 0;
    for (String line : lines) {
      Matcher matcher = COUNT.matcher(line);
      if (matcher.find()) consumed += Long.parseLong(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
    }
    equal("consumed", (long) RECORDS, consumed);
    that(events(lines, "offsets_committed") > 0, () -> "nothing committed");
    long refused = lines.stream().filter(line -> line.contains("offsets_committed") && line.contains("\"success\":false")).count();
    equal("refused commits", 0L, refused);
  }
}
