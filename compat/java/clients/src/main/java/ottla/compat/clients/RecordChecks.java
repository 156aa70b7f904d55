package ottla.compat.clients;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import ottla.compat.harness.Checks;

/** Records come back as they were sent: in every codec, with every acks, whole and in order. */
final class RecordChecks {
  private static final int RECORDS = 400;
  private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");

  private final Checks checks;

  RecordChecks(Checks checks) {
    this.checks = checks;
  }

  void run() {
    for (String codec : CODECS) {
      checks.check("records in " + codec + " come back as they were sent", () -> roundTrip("compression.type", codec));
    }
    checks.check("records of a producer without idempotence come back", () -> roundTrip("enable.idempotence", "false"));
    checks.check(
        "records with acks=1 come back", () -> roundTrip("acks", "1", "enable.idempotence", "false"));
    checks.check("records with acks=0 arrive, and the producer is told no offset", this::withoutAcknowledgement);
    checks.check("one partition may hold batches of every codec", this::mixedCodecs);
    checks.check("keys spread as the Java partitioner says, each key in one partition", this::keysKeepTheirPartition);
    checks.check("a fetch limited to one byte still makes progress with a large record", this::smallFetches);
    checks.check("a topic that is produced to is created with num.partitions", this::automaticCreation);
  }

  /** Deterministic records: null and empty keys and values, repeated headers, a large and compressible value. */
  private static List<ProducerRecord<byte[], byte[]>> sample(String topic) {
    Random random = new Random(7);
    long base = System.currentTimeMillis() - 3_600_000;
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < RECORDS; i++) {
      byte[] key = i % 7 == 0 ? null : ("key-" + i % 13).getBytes();
      byte[] value = new byte[i % 50 == 0 ? 0 : random.nextInt(300)];
      random.nextBytes(value);
      if (i % 11 == 0) value = null;
      if (i == 200) {
        value = new byte[300_000];
        Arrays.fill(value, (byte) 'x');
      }
      var record = new ProducerRecord<>(topic, 0, base + i * 3L, key, value);
      record.headers().add("index", Integer.toString(i).getBytes());
      if (i % 3 == 0) record.headers().add("null", null).add("index", new byte[0]);
      records.add(record);
    }
    return records;
  }

  private void roundTrip(String... producerSettings) throws Exception {
    String topic = Clients.createTopic("records", 1);
    List<ProducerRecord<byte[], byte[]>> sent = sample(topic);
    try (KafkaProducer<byte[], byte[]> producer = Clients.producer(producerSettings)) {
      List<Future<RecordMetadata>> futures = new ArrayList<>();
      for (var record : sent) futures.add(producer.send(record));
      for (int i = 0; i < sent.size(); i++) {
        RecordMetadata metadata = futures.get(i).get();
        equal("offset told to the producer", (long) i, metadata.offset());
        equal("timestamp told to the producer", sent.get(i).timestamp(), metadata.timestamp());
      }
    }
    try (KafkaConsumer<byte[], byte[]> consumer = Clients.consumer()) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      List<ConsumerRecord<byte[], byte[]>> received = Clients.take(consumer, sent.size());
      equal("records", sent.size(), received.size());
      for (int i = 0; i < sent.size(); i++) same(i, sent.get(i), received.get(i));
    }
  }

  private static void same(int index, ProducerRecord<byte[], byte[]> sent, ConsumerRecord<byte[], byte[]> received) {
    String at = " of record " + index;
    equal("offset" + at, (long) index, received.offset());
    equal("timestamp" + at, sent.timestamp(), received.timestamp());
    equal("timestamp type" + at, TimestampType.CREATE_TIME, received.timestampType());
    that(Arrays.equals(sent.key(), received.key()), () -> "other key" + at);
    that(Arrays.equals(sent.value(), received.value()), () -> "other value" + at);
    equal("leader epoch" + at, true, received.leaderEpoch().isPresent());
    Header[] expected = sent.headers().toArray();
    Header[] actual = received.headers().toArray();
    equal("headers" + at, expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      equal("header key" + at, expected[i].key(), actual[i].key());
      that(Arrays.equals(expected[i].value(), actual[i].value()), () -> "other header value" + at);
    }
  }

  private void withoutAcknowledgement() throws Exception {
    String topic = Clients.createTopic("acks0", 1);
    try (var producer = Clients.textProducer("acks", "0", "enable.idempotence", "false")) {
      for (int i = 0; i < 100; i++) {
        Future<RecordMetadata> future = producer.send(new ProducerRecord<>(topic, 0, null, "v" + i));
        if (i == 99) equal("offset", -1L, future.get().offset());
      }
    }
    try (var consumer = Clients.textConsumer("auto.offset.reset", "earliest")) {
      consumer.assign(Clients.partitions(topic, 1));
      List<ConsumerRecord<String, String>> received = Clients.take(consumer, 100);
      for (int i = 0; i < 100; i++) equal("v" + i, received.get(i).value());
    }
  }

  private void mixedCodecs() throws Exception {
    String topic = Clients.createTopic("mixed", 1);
    List<String> expected = new ArrayList<>();
    for (int round = 0; round < 2; round++) {
      for (String codec : CODECS) {
        try (var producer = Clients.textProducer("compression.type", codec)) {
          for (int i = 0; i < 20; i++) {
            String value = codec + "-" + round + "-" + i;
            expected.add(value);
            producer.send(new ProducerRecord<>(topic, 0, null, value));
          }
        }
      }
    }
    List<String> values = Clients.readAll(Clients.partitions(topic, 1)).stream().map(ConsumerRecord::value).toList();
    equal(expected, values);
  }

  private void keysKeepTheirPartition() throws Exception {
    String topic = Clients.createTopic("keys", 4);
    try (var producer = Clients.textProducer()) {
      for (int i = 0; i < 400; i++) producer.send(new ProducerRecord<>(topic, "key-" + i % 40, Integer.toString(i)));
    }
    List<ConsumerRecord<String, String>> records = Clients.readAll(Clients.partitions(topic, 4));
    equal("records", 400, records.size());
    for (int key = 0; key < 40; key++) {
      String name = "key-" + key;
      List<ConsumerRecord<String, String>> ofKey = records.stream().filter(r -> r.key().equals(name)).toList();
      equal("partitions of " + name, 1L, ofKey.stream().map(ConsumerRecord::partition).distinct().count());
      for (int i = 0; i < ofKey.size(); i++) equal("order", Integer.toString(key + 40 * i), ofKey.get(i).value());
    }
    equal("partitions used", 4L, records.stream().map(ConsumerRecord::partition).distinct().count());
  }

  private void smallFetches() throws Exception {
    String topic = Clients.createTopic("small-fetches", 2);
    String large = "y".repeat(200_000);
    try (var producer = Clients.textProducer("linger.ms", "0")) {
      for (int i = 0; i < 6; i++) producer.send(new ProducerRecord<>(topic, i % 2, null, i + large)).get();
    }
    try (var consumer =
        Clients.textConsumer(
            "auto.offset.reset", "earliest", "max.partition.fetch.bytes", "1", "fetch.max.bytes", "1")) {
      consumer.assign(Clients.partitions(topic, 2));
      List<String> values = Clients.take(consumer, 6).stream().map(ConsumerRecord::value).sorted().toList();
      for (int i = 0; i < 6; i++) equal("record " + i, i + large, values.get(i));
    }
  }

  private void automaticCreation() throws Exception {
    String topic = Clients.fresh("automatic");
    try (var producer = Clients.textProducer()) {
      producer.send(new ProducerRecord<>(topic, "k", "v")).get();
      equal("partitions", 4, producer.partitionsFor(topic).size());
    }
    equal("records", 1, Clients.readAll(Clients.partitions(topic, 4)).size());
  }
}
