package ottla.compat.clients;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.fails;
import static ottla.compat.harness.Checks.that;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import ottla.compat.harness.Checks;

/** One consumer alone: offsets, seeking, waiting, resetting, committing. */
final class ConsumerChecks {
  /** An hour ago: records older than retention.ms would be deleted under the checks' feet. */
  private static final long BASE_TIME = System.currentTimeMillis() - 3_600_000;

  private final Checks checks;
  private String topic = "";
  private TopicPartition partition = new TopicPartition("", 0);

  ConsumerChecks(Checks checks) {
    this.checks = checks;
  }

  void run() throws Exception {
    topic = Clients.createTopic("consumer", 2);
    partition = new TopicPartition(topic, 0);
    try (var producer = Clients.textProducer()) {
      for (int i = 0; i < 100; i++) {
        producer.send(new ProducerRecord<>(topic, 0, BASE_TIME + i * 10L, null, "v" + i));
      }
    }
    checks.check("beginning and end offsets are those of the records", this::offsets);
    checks.check("an offset is found by timestamp, and none after the last", this::offsetsByTime);
    checks.check("seek moves the next record", this::seek);
    checks.check("a paused partition gives nothing, a resumed one goes on where it stopped", this::pause);
    checks.check("a consumer that waits gets a new record soon after it is produced", this::longPoll);
    checks.check("read_committed reads records that belong to no transaction", this::readCommitted);
    checks.check("auto.offset.reset=latest starts behind what is there", this::resetToLatest);
    checks.check("auto.offset.reset=none without a committed offset is refused by the client", this::noOffset);
    checks.check("an offset out of range with auto.offset.reset=none is an error", this::outOfRange);
    checks.check("an offset out of range with auto.offset.reset=earliest starts over", this::outOfRangeReset);
    checks.check("a commit is read back with metadata and leader epoch", this::commit);
    checks.check("a subscription by pattern finds topics made later", this::pattern);
    checks.check("listTopics names the topic with its partitions", this::listTopics);
  }

  private void offsets() {
    try (var consumer = Clients.textConsumer()) {
      List<TopicPartition> both = Clients.partitions(topic, 2);
      equal(Map.of(both.get(0), 0L, both.get(1), 0L), consumer.beginningOffsets(both));
      equal(Map.of(both.get(0), 100L, both.get(1), 0L), consumer.endOffsets(both));
    }
  }

  private void offsetsByTime() {
    try (var consumer = Clients.textConsumer()) {
      long[][] expectations = {{BASE_TIME - 5, 0}, {BASE_TIME, 0}, {BASE_TIME + 1, 1}, {BASE_TIME + 990, 99}};
      for (long[] expectation : expectations) {
        OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, expectation[0])).get(partition);
        equal("offset at " + expectation[0], expectation[1], found.offset());
        equal("timestamp", BASE_TIME + expectation[1] * 10, found.timestamp());
      }
      equal("after the last", null, consumer.offsetsForTimes(Map.of(partition, BASE_TIME + 991)).get(partition));
      TopicPartition empty = new TopicPartition(topic, 1);
      equal("in an empty partition", null, consumer.offsetsForTimes(Map.of(empty, 0L)).get(empty));
    }
  }

  private void seek() throws Exception {
    try (var consumer = Clients.textConsumer("max.poll.records", "1")) {
      consumer.assign(List.of(partition));
      for (long offset : new long[] {57, 3, 99, 0}) {
        consumer.seek(partition, offset);
        ConsumerRecord<String, String> record = Clients.take(consumer, 1).get(0);
        equal("offset", offset, record.offset());
        equal("value", "v" + offset, record.value());
      }
    }
  }

  private void pause() throws Exception {
    try (var consumer = Clients.textConsumer("max.poll.records", "10", "auto.offset.reset", "earliest")) {
      consumer.assign(List.of(partition));
      equal("before", 9L, Clients.take(consumer, 10).get(9).offset());
      consumer.pause(List.of(partition));
      equal("while paused", 0, consumer.poll(Duration.ofMillis(300)).count());
      consumer.resume(List.of(partition));
      equal("after", 10L, Clients.take(consumer, 10).get(0).offset());
    }
  }

  private void longPoll() throws Exception {
    String waiting = Clients.createTopic("long-poll", 1);
    try (var producer = Clients.textProducer("linger.ms", "0");
        var consumer = Clients.textConsumer("auto.offset.reset", "earliest", "fetch.max.wait.ms", "8000")) {
      consumer.assign(Clients.partitions(waiting, 1));
      // The first polls look up the position; after them a fetch waits at the broker.
      consumer.poll(Duration.ofMillis(1000));
      long sent = System.nanoTime();
      producer.send(new ProducerRecord<>(waiting, 0, null, "soon")).get();
      Clients.take(consumer, 1);
      long tookMs = (System.nanoTime() - sent) / 1_000_000;
      that(tookMs < 3_000, () -> "the record took " + tookMs + " ms");
      // An ordinary close would wait for the fetch that is in flight by now.
      consumer.close(CloseOptions.timeout(Duration.ZERO));
    }
  }

  private void readCommitted() throws Exception {
    try (var consumer = Clients.textConsumer("isolation.level", "read_committed", "auto.offset.reset", "earliest")) {
      consumer.assign(List.of(partition));
      equal("records", 100, Clients.take(consumer, 100).size());
      equal("end offset", 100L, consumer.endOffsets(List.of(partition)).get(partition));
    }
  }

  private void resetToLatest() throws Exception {
    String live = Clients.createTopic("latest", 1);
    try (var producer = Clients.textProducer();
        var consumer = Clients.textConsumer("auto.offset.reset", "latest")) {
      producer.send(new ProducerRecord<>(live, 0, null, "old")).get();
      TopicPartition of = new TopicPartition(live, 0);
      consumer.assign(List.of(of));
      equal("position", 1L, consumer.position(of));
      producer.send(new ProducerRecord<>(live, 0, null, "new")).get();
      equal("value", "new", Clients.take(consumer, 1).get(0).value());
    }
  }

  private void noOffset() {
    try (var consumer = Clients.textConsumer("group.id", Clients.fresh("none"), "auto.offset.reset", "none")) {
      consumer.assign(List.of(partition));
      fails(NoOffsetForPartitionException.class, () -> consumer.poll(Duration.ofSeconds(20)));
    }
  }

  private void outOfRange() {
    try (var consumer = Clients.textConsumer("auto.offset.reset", "none")) {
      consumer.assign(List.of(partition));
      consumer.seek(partition, 100_000);
      var error =
          fails(
              OffsetOutOfRangeException.class,
              () -> {
                for (int i = 0; i < 50; i++) consumer.poll(Duration.ofMillis(200));
              });
      equal("offsets", Map.of(partition, 100_000L), error.offsetOutOfRangePartitions());
    }
  }

  private void outOfRangeReset() throws Exception {
    try (var consumer = Clients.textConsumer("auto.offset.reset", "earliest")) {
      consumer.assign(List.of(partition));
      consumer.seek(partition, 100_000);
      equal("offset", 0L, Clients.take(consumer, 1).get(0).offset());
    }
  }

  private void commit() {
    String group = Clients.fresh("commit");
    OffsetAndMetadata committed = new OffsetAndMetadata(42, Optional.of(0), "note ✓");
    try (var consumer = Clients.textConsumer("group.id", group)) {
      consumer.assign(List.of(partition));
      consumer.commitSync(Map.of(partition, committed));
    }
    try (var consumer = Clients.textConsumer("group.id", group)) {
      TopicPartition other = new TopicPartition(topic, 1);
      Map<TopicPartition, OffsetAndMetadata> read = consumer.committed(java.util.Set.of(partition, other));
      equal("committed", committed, read.get(partition));
      equal("never committed", null, read.get(other));
      consumer.assign(List.of(partition));
      equal("position", 42L, consumer.position(partition));
    }
  }

  private void pattern() throws Exception {
    String stem = Clients.fresh("pattern");
    try (var producer = Clients.textProducer();
        var consumer =
            Clients.textConsumer(
                "group.id", stem, "auto.offset.reset", "earliest", "metadata.max.age.ms", "500",
                "heartbeat.interval.ms", "300")) {
      consumer.subscribe(Pattern.compile(stem + "-[ab]"));
      producer.send(new ProducerRecord<>(stem + "-a", "1")).get();
      producer.send(new ProducerRecord<>(stem + "-c", "no")).get();
      equal("first", "1", Clients.take(consumer, 1).get(0).value());
      producer.send(new ProducerRecord<>(stem + "-b", "2")).get();
      equal("later", "2", Clients.take(consumer, 1).get(0).value());
    }
  }

  private void listTopics() {
    try (var consumer = Clients.textConsumer()) {
      var partitions = consumer.listTopics().get(topic);
      that(partitions != null, () -> "the topic is not listed");
      equal("partitions", 2, partitions.size());
      that(!consumer.listTopics().containsKey("never-made"), () -> "an unknown topic is listed");
    }
  }
}
