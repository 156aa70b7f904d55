package ottla.compat.tools;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import ottla.compat.harness.Broker;
import ottla.compat.harness.Checks;

/** kafka-dump-log on the broker's own files: Kafka must be able to read what was written. */
final class DumpLogChecks {
  private static final String FIRST_SEGMENT = "00000000000000000000";

  private final Checks checks;

  DumpLogChecks(Checks checks) {
    this.checks = checks;
  }

  void run() {
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      checks.check("kafka-dump-log reads a segment in " + codec, () -> segment(codec));
    }
    checks.check("kafka-dump-log finds the indexes of a rolled segment sound", this::indexes);
    checks.check("kafka-dump-log decodes __consumer_offsets", this::offsetsTopic);
    checks.check("kafka-dump-log finds each batch of each partition valid", this::everything);
  }

  private static Path file(String partition, String extension) {
    return Broker.dataDir().resolve(partition).resolve(FIRST_SEGMENT + extension);
  }

  private static List<String> dump(String... arguments) throws Exception {
    return Tool.runPlain("", Tool.DUMP_LOG, arguments).succeeded().lines();
  }

  /** The topics were written by the console checks, with keys, headers and nulls. */
  private void segment(String codec) throws Exception {
    List<String> lines = dump("--print-data-log", "--files", file("headers-" + codec + "-0", ".log").toString());
    equal("Log starting offset: 0", lines.get(1));
    List<String> batches = lines.stream().filter(line -> line.startsWith("baseOffset: ")).toList();
    for (String batch : batches) {
      for (String expected :
          List.of(
              "producerEpoch: 0", "partitionLeaderEpoch: 0", "isTransactional: false", "isControl: false",
              "deleteHorizonMs: OptionalLong.empty", "magic: 2", "compresscodec: " + codec, "isvalid: true")) {
        that(batch.contains(expected), () -> "no “" + expected + "” in " + batch);
      }
    }
    List<String> records =
        lines.stream()
            .filter(line -> line.startsWith("| offset: "))
            .map(line -> line.replaceAll("CreateTime: \\d{13} ", ""))
            .toList();
    List<String> expected =
        List.of(
            "| offset: 0 keySize: 2 valueSize: 2 sequence: 0 headerKeys: [h1,h2] key: k1 payload: v1",
            "| offset: 1 keySize: 2 valueSize: -1 sequence: 1 headerKeys: [h1] key: k2",
            "| offset: 2 keySize: 2 valueSize: 2 sequence: 2 headerKeys: [] key: k3 payload: v3");
    equal(expected, records);
  }

  private void indexes() throws Exception {
    // Kafka allocates the indexes of the active segment ahead, and its own tool then calls the time index corrupt: this
    // looks at a segment that was rolled.
    Tool.createTopic("indexed", 1, "--config", "segment.bytes=1048576");
    Tool.runPlain(
            "", Tool.PRODUCER_PERFORMANCE, "--bootstrap-server", Broker.bootstrap(), "--topic", "indexed",
            "--num-records", "3000", "--record-size", "500", "--throughput", "-1",
            "--command-property", "batch.size=4000")
        .succeeded();
    for (String extension : List.of(".index", ".timeindex")) {
      Path index = file("indexed-0", extension);
      List<String> sane = dump("--index-sanity-check", "--files", index.toString());
      that(sane.contains(index + " passed sanity check."), sane::toString);
      List<String> lines = dump("--files", index.toString());
      String wanted = extension.equals(".index") ? "offset: " : "timestamp: ";
      long entries = lines.stream().filter(line -> line.startsWith(wanted) && !line.endsWith(": 0")).count();
      // A segment of 1 MiB has an entry for each 4096 bytes or a little more, but a time only once for each millisecond.
      that(entries > (extension.equals(".index") ? 100 : 5), () -> extension + " has " + entries + " entries");
      that(lines.stream().noneMatch(line -> line.contains("ismatch") || line.contains("out of order")), lines::toString);
    }
  }

  private void offsetsTopic() throws Exception {
    List<String> decoded = new ArrayList<>();
    for (int partition = 0; partition < 8; partition++) {
      Path log = file("__consumer_offsets-" + partition, ".log");
      if (!Files.exists(log)) continue;
      for (String line : dump("--offsets-decoder", "--files", log.toString())) {
        if (line.startsWith("| offset: ")) decoded.add(line);
      }
    }
    that(decoded.stream().anyMatch(line -> line.contains("\"group\":\"console\"")), () -> "no commit: " + decoded);
    that(
        decoded.stream().anyMatch(line -> line.contains("\"type\":\"2\"") && line.contains("\"protocolType\":\"consumer\"")),
        () -> "no group: " + decoded);
  }

  private void everything() throws Exception {
    List<String> logs = new ArrayList<>();
    try (Stream<Path> paths = Files.walk(Broker.dataDir(), 2)) {
      paths
          .filter(path -> path.toString().endsWith(".log") && path.getFileName().toString().matches("\\d{20}\\.log"))
          .filter(path -> !path.toString().contains("__cluster_metadata"))
          .forEach(path -> logs.add(path.toString()));
    }
    that(logs.size() > 20, () -> "only " + logs.size() + " segments under " + Broker.dataDir());
    List<String> lines = dump("--files", String.join(",", logs));
    List<String> batches = lines.stream().filter(line -> line.startsWith("baseOffset: ")).toList();
    that(batches.size() > 100, () -> "only " + batches.size() + " batches");
    List<String> invalid = batches.stream().filter(line -> !line.contains("isvalid: true")).toList();
    equal(List.of(), invalid);
    List<String> complaints = lines.stream().filter(line -> line.contains("Found") || line.contains("invalid")).toList();
    equal(List.of(), complaints);
  }
}
