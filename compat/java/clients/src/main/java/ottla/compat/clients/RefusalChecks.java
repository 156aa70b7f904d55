package ottla.compat.clients;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.fails;
import static ottla.compat.harness.Checks.that;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import ottla.compat.harness.Checks;

/** What a broker must refuse, and with which error. */
final class RefusalChecks {
  private final Checks checks;

  RefusalChecks(Checks checks) {
    this.checks = checks;
  }

  void run() throws Exception {
    try (Admin admin = Clients.admin()) {
      unknownTopics(admin);
      badTopics(admin);
    }
    checks.check("a record above max.message.bytes is refused, and the next one is accepted", this::tooLarge);
    checks.check("a partition that does not exist cannot be produced to", this::unknownPartition);
    checks.check("a record for an invalid topic name is refused", this::invalidTopicName);
    checks.check("looking for an unknown topic without automatic creation does not create it", this::noCreation);
  }

  private void unknownTopics(Admin admin) {
    checks.check(
        "describing an unknown topic: unknown topic or partition",
        () -> refused(UnknownTopicOrPartitionException.class, admin.describeTopics(List.of("absent")).allTopicNames()));
    checks.check(
        "describing an unknown topic id: unknown topic id",
        () -> {
          Collection<Uuid> ids = List.of(Uuid.randomUuid());
          refused(
              UnknownTopicIdException.class,
              admin.describeTopics(TopicCollection.ofTopicIds(ids)).allTopicIds());
        });
    checks.check(
        "deleting an unknown topic: unknown topic or partition",
        () -> refused(UnknownTopicOrPartitionException.class, admin.deleteTopics(List.of("absent")).all()));
    checks.check(
        "adding partitions to an unknown topic: unknown topic or partition",
        () ->
            refused(
                UnknownTopicOrPartitionException.class,
                admin.createPartitions(Map.of("absent", NewPartitions.increaseTo(3))).all()));
  }

  private void badTopics(Admin admin) throws Exception {
    String existing = Clients.createTopic("existing", 2);
    checks.check(
        "creating a topic that exists: topic exists",
        () -> refused(TopicExistsException.class, create(admin, new NewTopic(existing, 1, (short) 1))));
    checks.check(
        "creating a topic with more replicas than brokers: invalid replication factor",
        () ->
            refused(
                InvalidReplicationFactorException.class,
                create(admin, new NewTopic(Clients.fresh("replicas"), 1, (short) 3))));
    checks.check(
        "creating a topic with no partition: invalid partitions",
        () ->
            refused(
                InvalidPartitionsException.class, create(admin, new NewTopic(Clients.fresh("zero"), 0, (short) 1))));
    checks.check(
        "creating a topic with an illegal name: invalid topic",
        () -> refused(InvalidTopicException.class, create(admin, new NewTopic("no spaces", 1, (short) 1))));
    checks.check(
        "creating a topic with an unknown setting: invalid configuration",
        () -> {
          NewTopic topic = new NewTopic(Clients.fresh("setting"), 1, (short) 1).configs(Map.of("no.such", "1"));
          refused(InvalidConfigurationException.class, create(admin, topic));
        });
    checks.check(
        "creating a topic with an illegal value: invalid configuration",
        () -> {
          NewTopic topic =
              new NewTopic(Clients.fresh("setting"), 1, (short) 1).configs(Map.of("retention.ms", "soon"));
          refused(InvalidConfigurationException.class, create(admin, topic));
        });
    checks.check(
        "fewer partitions than there are: invalid partitions",
        () ->
            refused(
                InvalidPartitionsException.class,
                admin.createPartitions(Map.of(existing, NewPartitions.increaseTo(1))).all()));
    checks.check(
        "as many partitions as there are: invalid partitions",
        () ->
            refused(
                InvalidPartitionsException.class,
                admin.createPartitions(Map.of(existing, NewPartitions.increaseTo(2))).all()));
    checks.check(
        "an offset of an unknown partition cannot be looked up",
        () -> {
          TopicPartition partition = new TopicPartition(existing, 7);
          var options = new org.apache.kafka.clients.admin.ListOffsetsOptions().timeoutMs(1500);
          refused(TimeoutException.class, admin.listOffsets(Map.of(partition, OffsetSpec.latest()), options).all());
        });
  }

  private static KafkaFuture<Void> create(Admin admin, NewTopic topic) {
    return admin.createTopics(List.of(topic)).all();
  }

  private static void refused(Class<? extends Throwable> error, KafkaFuture<?> future) {
    fails(error, future::get);
  }

  private void tooLarge() throws Exception {
    String topic = Clients.createTopic("too-large", 1);
    try (var producer = Clients.textProducer("max.request.size", "10000000", "buffer.memory", "20000000")) {
      // The default of message.max.bytes is 1048588; the client would split a batch, but not a single record.
      fails(
          RecordTooLargeException.class,
          () -> producer.send(new ProducerRecord<>(topic, 0, null, "z".repeat(1_048_588))).get());
      // 1048588 is the size of the whole batch: 61 bytes of batch header, 11 of record overhead here.
      producer.send(new ProducerRecord<>(topic, 0, null, "z".repeat(1_048_500))).get();
      producer.send(new ProducerRecord<>(topic, 0, null, "small")).get();
    }
    var records = Clients.readAll(Clients.partitions(topic, 1));
    equal("records", 2, records.size());
    equal("offset of the last", 1L, records.get(1).offset());
  }

  private void unknownPartition() throws Exception {
    String topic = Clients.createTopic("partitions", 1);
    try (var producer = Clients.textProducer("max.block.ms", "1500")) {
      fails(TimeoutException.class, () -> producer.send(new ProducerRecord<>(topic, 5, null, "v")).get());
    }
  }

  private void invalidTopicName() {
    try (var producer = Clients.textProducer("max.block.ms", "10000")) {
      fails(InvalidTopicException.class, () -> producer.send(new ProducerRecord<>("no spaces", "v")).get());
    }
  }

  private void noCreation() throws Exception {
    String topic = Clients.fresh("looked-for");
    try (var consumer =
        Clients.textConsumer("allow.auto.create.topics", "false", "group.id", topic, "metadata.max.age.ms", "300")) {
      consumer.subscribe(List.of(topic));
      equal("records", 0, consumer.poll(Duration.ofMillis(1000)).count());
    }
    try (Admin admin = Clients.admin()) {
      that(!admin.listTopics().names().get().contains(topic), () -> "the topic was created");
    }
  }
}
