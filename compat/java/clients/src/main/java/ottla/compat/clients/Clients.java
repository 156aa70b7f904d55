package ottla.compat.clients;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import ottla.compat.harness.Broker;
import ottla.compat.harness.Checks;

/** Kafka's clients with their default settings, apart from what a check names. */
final class Clients {
  /** The lowest session timeout that a broker accepts by default; keeps the checks with dead members short. */
  static final String SHORTEST_SESSION_MS = "6000";

  private static final AtomicInteger NAMES = new AtomicInteger();

  private Clients() {}

  /** A name for a topic or group that no other check uses. */
  static String fresh(String prefix) {
    return prefix + "-" + NAMES.incrementAndGet();
  }

  static Map<String, Object> settings(String... pairs) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", Broker.bootstrap());
    for (int i = 0; i < pairs.length; i += 2) settings.put(pairs[i], pairs[i + 1]);
    return settings;
  }

  static Admin admin() {
    return Admin.create(settings());
  }

  static KafkaProducer<byte[], byte[]> producer(String... pairs) {
    return new KafkaProducer<>(settings(pairs), new ByteArraySerializer(), new ByteArraySerializer());
  }

  static KafkaProducer<String, String> textProducer(String... pairs) {
    return new KafkaProducer<>(settings(pairs), new StringSerializer(), new StringSerializer());
  }

  static KafkaConsumer<byte[], byte[]> consumer(String... pairs) {
    return new KafkaConsumer<>(settings(pairs), new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  static KafkaConsumer<String, String> textConsumer(String... pairs) {
    return new KafkaConsumer<>(settings(pairs), new StringDeserializer(), new StringDeserializer());
  }

  /**
   * A new topic whose partitions can be produced to. Apache Kafka answers createTopics before its partitions are ready;
   * when the first batches of a pipelining producer meet that moment, a later one may be accepted before the first,
   * which then never gets in (FINDINGS.md). Looking up the end offsets waits until all partitions answer.
   */
  static String createTopic(String prefix, int partitions) throws Exception {
    String topic = fresh(prefix);
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
      Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
      for (TopicPartition partition : partitions(topic, partitions)) latest.put(partition, OffsetSpec.latest());
      Checks.eventually(Duration.ofSeconds(10), () -> topic + " does not answer", () -> answers(admin, latest));
    }
    return topic;
  }

  private static boolean answers(Admin admin, Map<TopicPartition, OffsetSpec> offsets) throws Exception {
    try {
      admin.listOffsets(offsets).all().get();
      return true;
    } catch (ExecutionException error) {
      if (error.getCause() instanceof UnknownTopicOrPartitionException) return false;
      throw error;
    }
  }

  static List<TopicPartition> partitions(String topic, int count) {
    return IntStream.range(0, count).mapToObj(index -> new TopicPartition(topic, index)).toList();
  }

  /** Polls until `count` records have come, or fails; records beyond `count` are kept as well. */
  static <K, V> List<ConsumerRecord<K, V>> take(KafkaConsumer<K, V> consumer, int count) throws Exception {
    List<ConsumerRecord<K, V>> records = new ArrayList<>();
    Checks.eventually(
        Duration.ofSeconds(30),
        () -> "expected " + count + " records, got " + records.size(),
        () -> {
          consumer.poll(Duration.ofMillis(100)).forEach(records::add);
          return records.size() >= count;
        });
    return records;
  }

  /** Everything in the partitions from the beginning to the end offsets of this moment. */
  static List<ConsumerRecord<String, String>> readAll(Collection<TopicPartition> partitions) throws Exception {
    try (KafkaConsumer<String, String> consumer = textConsumer()) {
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      List<ConsumerRecord<String, String>> records = new ArrayList<>();
      Checks.eventually(
          Duration.ofSeconds(30),
          () -> "did not reach the end offsets " + ends + " with " + records.size() + " records",
          () -> {
            consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            return ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
          });
      return records;
    }
  }
}
