package ottla.compat.clients;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.that;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import ottla.compat.harness.Broker;
import ottla.compat.harness.Checks;

/** What must outlive the broker: topics, records, committed offsets; and idempotence across a kill -9. */
final class RestartChecks {
  private static final int PARTITIONS = 4;
  private static final int KILLS = 2;
  private static final int RECORDS_BETWEEN_KILLS = 4_000;

  private final Checks checks;

  RestartChecks(Checks checks) {
    this.checks = checks;
  }

  void run() {
    checks.check("topics, settings and committed offsets outlive a restart", () -> outlive("restart", Broker::restart));
    checks.check("topics, settings and committed offsets outlive a kill -9", () -> outlive("kill", Broker::kill));
    checks.check("a group member goes on across a restart without losing or repeating a record", this::member);
    checks.check("idempotent production across kill -9: each record once, in order, none lost", this::idempotent);
  }

  private void outlive(String way, Checks.Body end) throws Exception {
    String topic = Clients.fresh("outlives-" + way);
    String group = Clients.fresh("outlives-" + way);
    TopicPartition partition = new TopicPartition(topic, 1);
    OffsetAndMetadata committed = new OffsetAndMetadata(7, Optional.of(0), "kept");
    Uuid id;
    try (Admin admin = Clients.admin();
        var producer = Clients.textProducer();
        var consumer = Clients.textConsumer("group.id", group)) {
      NewTopic request = new NewTopic(topic, 3, (short) 1).configs(Map.of("retention.ms", "86400001"));
      id = admin.createTopics(List.of(request)).topicId(topic).get();
      for (int i = 0; i < 20; i++) producer.send(new ProducerRecord<>(topic, 1, null, "v" + i)).get();
      // Two commits: the later one must win after the replay.
      consumer.commitSync(Map.of(partition, new OffsetAndMetadata(3)));
      consumer.commitSync(Map.of(partition, committed));
    }
    end.run();
    try (Admin admin = Clients.admin();
        var consumer = Clients.textConsumer("group.id", group)) {
      var description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
      equal("topic id", id, description.topicId());
      equal("partitions", 3, description.partitions().size());
      ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
      var config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
      equal("retention.ms", "86400001", config.get("retention.ms").value());
      equal("committed", committed, consumer.committed(Set.of(partition)).get(partition));
      consumer.assign(List.of(partition));
      List<ConsumerRecord<String, String>> rest = Clients.take(consumer, 13);
      equal("first record", "v7", rest.get(0).value());
      equal("last record", "v19", rest.get(12).value());
    }
  }

  private void member() throws Exception {
    String topic = Clients.createTopic("across-restart", 2);
    try (var producer = Clients.textProducer();
        var consumer =
            Clients.textConsumer(
                "group.id", topic, "auto.offset.reset", "earliest", "enable.auto.commit", "false")) {
      consumer.subscribe(List.of(topic));
      List<String> received = new ArrayList<>();
      for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 50; i++) {
          producer.send(new ProducerRecord<>(topic, i % 2, null, round + "-" + i)).get();
        }
        Clients.take(consumer, 50).forEach(record -> received.add(record.value()));
        consumer.commitSync();
        if (round == 0) Broker.restart();
      }
      equal("records", 100, received.size());
      equal("different records", 100, new HashSet<>(received).size());
    }
  }

  private void idempotent() throws Exception {
    String topic = Clients.createTopic("idempotent", PARTITIONS);
    List<String> errors = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger sent = new AtomicInteger();
    AtomicInteger acknowledged = new AtomicInteger();
    AtomicBoolean stop = new AtomicBoolean();
    // Small batches, so that many are in flight at the moment of the kill.
    try (KafkaProducer<String, String> producer =
        Clients.textProducer("batch.size", "400", "linger.ms", "1", "retry.backoff.ms", "20")) {
      Thread sender =
          new Thread(
              () -> {
                while (!stop.get()) {
                  int number = sent.get();
                  var record = new ProducerRecord<>(topic, number % PARTITIONS, "k", Integer.toString(number));
                  producer.send(
                      record,
                      (metadata, error) -> {
                        if (error == null) acknowledged.incrementAndGet();
                        else errors.add(number + ": " + error);
                      });
                  sent.incrementAndGet();
                  if (number % 40 == 0) sleepBriefly();
                }
              });
      sender.start();
      for (int kill = 1; kill <= KILLS; kill++) {
        waitFor(acknowledged, acknowledged.get() + RECORDS_BETWEEN_KILLS);
        Broker.kill();
      }
      waitFor(acknowledged, acknowledged.get() + RECORDS_BETWEEN_KILLS);
      stop.set(true);
      sender.join();
      producer.flush();
    }
    equal("errors", List.of(), List.copyOf(errors));
    equal("acknowledged", sent.get(), acknowledged.get());
    eachOnceInOrder(topic, sent.get());
  }

  private static void eachOnceInOrder(String topic, int sent) throws Exception {
    List<ConsumerRecord<String, String>> records = Clients.readAll(Clients.partitions(topic, PARTITIONS));
    int[] next = new int[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) next[i] = i;
    for (ConsumerRecord<String, String> record : records) {
      int number = Integer.parseInt(record.value());
      int expected = next[record.partition()];
      that(
          number == expected,
          () -> "partition " + record.partition() + " offset " + record.offset() + ": expected record " + expected
              + ", got " + number + (number < expected ? " (again)" : " (some are lost)"));
      next[record.partition()] += PARTITIONS;
    }
    equal("records", sent, records.size());
  }

  private static void waitFor(AtomicInteger count, int goal) throws Exception {
    Checks.eventually(
        java.time.Duration.ofSeconds(40), () -> "acknowledged " + count + " of " + goal, () -> count.get() >= goal);
  }

  private static void sleepBriefly() {
    try {
      Thread.sleep(1);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }
}
