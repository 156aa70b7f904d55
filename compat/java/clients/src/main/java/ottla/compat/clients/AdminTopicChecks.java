package ottla.compat.clients;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.eventually;
import static ottla.compat.harness.Checks.fails;
import static ottla.compat.harness.Checks.that;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import ottla.compat.harness.Broker;
import ottla.compat.harness.Checks;

/** The admin client on topics, settings, offsets and the cluster. */
final class AdminTopicChecks {
  private final Checks checks;

  AdminTopicChecks(Checks checks) {
    this.checks = checks;
  }

  void run() throws Exception {
    try (Admin admin = Clients.admin()) {
      checks.check("createTopics tells id, partitions and settings; describeTopics agrees", () -> create(admin));
      checks.check("createTopics that only validates creates nothing", () -> validateOnly(admin));
      checks.check("a topic with broker defaults has num.partitions", () -> defaults(admin));
      checks.check("createPartitions adds partitions and keeps the records", () -> addPartitions(admin));
      checks.check("a deleted topic is gone and may be made again, empty, with a new id", () -> delete(admin));
      checks.check("a topic is deleted by its id", () -> deleteById(admin));
      checks.check("describeConfigs of a topic tells values and where they come from", () -> topicConfigs(admin));
      checks.check("describeConfigs of the broker tells its settings", () -> brokerConfigs(admin));
      checks.check("describeCluster names this broker as node and controller", () -> cluster(admin));
      checks.check("listOffsets: earliest, latest, by timestamp, of the largest timestamp", () -> offsets(admin));
      checks.check("listTopics hides internal topics unless asked", () -> internalTopics(admin));
    }
  }

  private static <T> T get(KafkaFuture<T> future) throws Exception {
    return future.get();
  }

  private void create(Admin admin) throws Exception {
    String topic = Clients.fresh("created");
    NewTopic request = new NewTopic(topic, 3, (short) 1).configs(Map.of("retention.ms", "3600000"));
    var result = admin.createTopics(List.of(request));
    equal("partitions", 3, get(result.numPartitions(topic)));
    equal("replication factor", 1, get(result.replicationFactor(topic)));
    equal("retention.ms", "3600000", get(result.config(topic)).get("retention.ms").value());
    Uuid id = get(result.topicId(topic));
    that(!id.equals(Uuid.ZERO_UUID), () -> "the topic id is zero");

    TopicDescription byName = get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
    equal("id", id, byName.topicId());
    equal("internal", false, byName.isInternal());
    equal("partitions", List.of(0, 1, 2), byName.partitions().stream().map(p -> p.partition()).toList());
    for (var partition : byName.partitions()) {
      int node = partition.leader().id();
      equal("replicas", List.of(node), partition.replicas().stream().map(n -> n.id()).toList());
      equal("in-sync replicas", List.of(node), partition.isr().stream().map(n -> n.id()).toList());
      equal("leader's address", Broker.bootstrap(), partition.leader().host() + ":" + partition.leader().port());
    }
    TopicDescription byId = get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(id))).allTopicIds()).get(id);
    equal("name by id", topic, byId.name());
  }

  private void validateOnly(Admin admin) throws Exception {
    String topic = Clients.fresh("validated");
    var options = new CreateTopicsOptions().validateOnly(true);
    var result = admin.createTopics(List.of(new NewTopic(topic, 5, (short) 1)), options);
    equal("partitions", 5, get(result.numPartitions(topic)));
    Thread.sleep(200);
    that(!get(admin.listTopics().names()).contains(topic), () -> "the topic was created");
  }

  private void defaults(Admin admin) throws Exception {
    String topic = Clients.fresh("defaults");
    var request = new NewTopic(topic, java.util.Optional.empty(), java.util.Optional.empty());
    equal("partitions", 4, get(admin.createTopics(List.of(request)).numPartitions(topic)));
  }

  private void addPartitions(Admin admin) throws Exception {
    String topic = Clients.createTopic("widened", 1);
    try (var producer = Clients.textProducer("metadata.max.age.ms", "300")) {
      producer.send(new ProducerRecord<>(topic, 0, null, "first")).get();
      get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all());
      equal("partitions", 3, get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).partitions().size());
      producer.send(new ProducerRecord<>(topic, 2, null, "second")).get();
    }
    var values = Clients.readAll(Clients.partitions(topic, 3)).stream().map(r -> r.partition() + r.value()).toList();
    equal(Set.of("0first", "2second"), Set.copyOf(values));
  }

  private void delete(Admin admin) throws Exception {
    String topic = Clients.createTopic("deleted", 2);
    Uuid first = get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).topicId();
    try (var producer = Clients.textProducer()) {
      producer.send(new ProducerRecord<>(topic, 0, null, "old")).get();
    }
    get(admin.deleteTopics(List.of(topic)).all());
    eventually(Duration.ofSeconds(5), () -> "still listed", () -> !get(admin.listTopics().names()).contains(topic));
    fails(UnknownTopicOrPartitionException.class, () -> get(admin.describeTopics(List.of(topic)).allTopicNames()));
    Uuid second = get(admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1))).topicId(topic));
    that(!first.equals(second), () -> "the new topic has the old id");
    equal("records", 0, Clients.readAll(Clients.partitions(topic, 2)).size());
    try (var producer = Clients.textProducer()) {
      equal("offset", 0L, producer.send(new ProducerRecord<>(topic, 0, null, "new")).get().offset());
    }
  }

  private void deleteById(Admin admin) throws Exception {
    String topic = Clients.fresh("deleted-by-id");
    Uuid id = get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).topicId(topic));
    get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all());
    eventually(Duration.ofSeconds(5), () -> "still listed", () -> !get(admin.listTopics().names()).contains(topic));
  }

  private void topicConfigs(Admin admin) throws Exception {
    String topic = Clients.fresh("configured");
    var configs = Map.of("retention.ms", "7200000", "cleanup.policy", "compact");
    get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(configs))).all());
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    Config config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
    for (var entry : configs.entrySet()) {
      ConfigEntry found = config.get(entry.getKey());
      equal(entry.getKey(), entry.getValue(), found.value());
      equal(entry.getKey() + " source", ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, found.source());
      equal(entry.getKey() + " is default", false, found.isDefault());
    }
    var defaults =
        Map.of(
            "max.message.bytes", "1048588", "segment.bytes", "1073741824", "compression.type", "producer",
            "retention.bytes", "-1", "message.timestamp.type", "CreateTime");
    for (var entry : defaults.entrySet()) {
      ConfigEntry found = config.get(entry.getKey());
      that(found != null, () -> entry.getKey() + " is missing");
      equal(entry.getKey(), entry.getValue(), found.value());
      equal(entry.getKey() + " source", ConfigEntry.ConfigSource.DEFAULT_CONFIG, found.source());
      equal(entry.getKey() + " sensitive", false, found.isSensitive());
    }
    // Kafka 4.1 and later keep this one as a setting of the cluster, so only its value is the same everywhere.
    equal("min.insync.replicas", "1", config.get("min.insync.replicas").value());
    ConfigResource absent = new ConfigResource(ConfigResource.Type.TOPIC, "absent");
    fails(UnknownTopicOrPartitionException.class, () -> get(admin.describeConfigs(List.of(absent)).all()));
  }

  private void brokerConfigs(Admin admin) throws Exception {
    String node = get(admin.describeCluster().nodes()).iterator().next().idString();
    ConfigResource resource = new ConfigResource(ConfigResource.Type.BROKER, node);
    Config config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
    var given = Map.of("num.partitions", "4", "offsets.topic.num.partitions", "8");
    for (var entry : given.entrySet()) {
      equal(entry.getKey(), entry.getValue(), config.get(entry.getKey()).value());
      equal(
          entry.getKey() + " source",
          ConfigEntry.ConfigSource.STATIC_BROKER_CONFIG,
          config.get(entry.getKey()).source());
    }
    equal("message.max.bytes", "1048588", config.get("message.max.bytes").value());
    equal("source", ConfigEntry.ConfigSource.DEFAULT_CONFIG, config.get("message.max.bytes").source());
    equal("node.id is read-only", true, config.get("node.id").isReadOnly());
  }

  private void cluster(Admin admin) throws Exception {
    var result = admin.describeCluster();
    var nodes = get(result.nodes());
    equal("nodes", 1, nodes.size());
    var node = nodes.iterator().next();
    equal("address", Broker.bootstrap(), node.host() + ":" + node.port());
    equal("controller", node.id(), get(result.controller()).id());
    that(!get(result.clusterId()).isEmpty(), () -> "no cluster id");
  }

  private void offsets(Admin admin) throws Exception {
    String topic = Clients.createTopic("offsets", 1);
    TopicPartition partition = new TopicPartition(topic, 0);
    equal("latest of nothing", 0L, offset(admin, partition, OffsetSpec.latest())[0]);
    equal("largest timestamp of nothing", -1L, offset(admin, partition, OffsetSpec.maxTimestamp())[0]);
    long base = System.currentTimeMillis() - 3_600_000;
    // The largest timestamp is that of the third record, which is not the last.
    long[] times = {base + 10, base + 20, base + 90, base + 40, base + 50};
    try (var producer = Clients.textProducer()) {
      for (long time : times) producer.send(new ProducerRecord<>(topic, 0, time, null, "v")).get();
    }
    equal("earliest", 0L, offset(admin, partition, OffsetSpec.earliest())[0]);
    equal("latest", 5L, offset(admin, partition, OffsetSpec.latest())[0]);
    equal("by timestamp", List.of(1L, base + 20), boxed(offset(admin, partition, OffsetSpec.forTimestamp(base + 15))));
    equal("after all", -1L, offset(admin, partition, OffsetSpec.forTimestamp(base + 91))[0]);
    equal("largest timestamp", List.of(2L, base + 90), boxed(offset(admin, partition, OffsetSpec.maxTimestamp())));
    equal("earliest local", 0L, offset(admin, partition, OffsetSpec.earliestLocal())[0]);
    equal("latest tiered", -1L, offset(admin, partition, OffsetSpec.latestTiered())[0]);
  }

  private static long[] offset(Admin admin, TopicPartition partition, OffsetSpec spec) throws Exception {
    var found = get(admin.listOffsets(Map.of(partition, spec)).partitionResult(partition));
    return new long[] {found.offset(), found.timestamp()};
  }

  private static List<Long> boxed(long[] values) {
    return java.util.Arrays.stream(values).boxed().toList();
  }

  private void internalTopics(Admin admin) throws Exception {
    // A commit makes the offsets topic, if nothing has yet.
    String topic = Clients.createTopic("committed-to", 1);
    try (var consumer = Clients.textConsumer("group.id", Clients.fresh("internal"))) {
      var offset = new org.apache.kafka.clients.consumer.OffsetAndMetadata(0);
      consumer.commitSync(Map.of(new TopicPartition(topic, 0), offset));
    }
    String offsets = "__consumer_offsets";
    that(!get(admin.listTopics().names()).contains(offsets), () -> offsets + " is listed without being asked for");
    var options = new org.apache.kafka.clients.admin.ListTopicsOptions().listInternal(true);
    that(get(admin.listTopics(options).names()).contains(offsets), () -> offsets + " is not listed");
    TopicDescription description = get(admin.describeTopics(List.of(offsets)).allTopicNames()).get(offsets);
    equal("internal", true, description.isInternal());
    equal("partitions", 8, description.partitions().size());
  }
}
