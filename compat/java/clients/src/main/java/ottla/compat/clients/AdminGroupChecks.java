package ottla.compat.clients;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.fails;
import static ottla.compat.harness.Checks.that;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import ottla.compat.harness.Checks;

/** The admin client on consumer groups and their offsets. */
final class AdminGroupChecks {
  private final Checks checks;
  private final String group = Clients.fresh("administered");
  private String topic = "";

  AdminGroupChecks(Checks checks) {
    this.checks = checks;
  }

  void run() throws Exception {
    topic = Clients.createTopic("administered", 2);
    try (Admin admin = Clients.admin()) {
      try (var producer = Clients.textProducer()) {
        for (int i = 0; i < 20; i++) producer.send(new ProducerRecord<>(topic, i % 2, null, "v" + i));
      }
      try (var member = Clients.textConsumer("group.id", group, "client.id", "one", "auto.offset.reset", "earliest")) {
        member.subscribe(List.of(topic));
        Clients.take(member, 20);
        member.commitSync();
        checks.check("listGroups tells the group's type, protocol and state", () -> list(admin));
        checks.check("describeConsumerGroups tells the member and its partitions", () -> describe(admin, member));
        checks.check("offsets of a group are listed, all or by partition", () -> offsets(admin));
        checks.check("a group with a member cannot be deleted: not empty", () -> notEmpty(admin));
        checks.check("offsets of a subscribed topic cannot be deleted", () -> subscribed(admin));
        checks.check("offsets of a group with members cannot be altered from outside", () -> alterActive(admin));
      }
      checks.check("a group whose member has left is empty and keeps its offsets", () -> empty(admin));
      checks.check("offsets of an empty group can be altered", () -> alter(admin));
      checks.check("offsets of an empty group can be deleted by partition", () -> deleteOffsets(admin));
      checks.check("a deleted group is gone with its offsets", () -> delete(admin));
      checks.check("an unknown group: described and deleted with group id not found", () -> unknown(admin));
    }
  }

  private static <T> T get(KafkaFuture<T> future) throws Exception {
    return future.get();
  }

  private TopicPartition partition(int index) {
    return new TopicPartition(topic, index);
  }

  private ConsumerGroupDescription description(Admin admin) throws Exception {
    return get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
  }

  private void list(Admin admin) throws Exception {
    GroupListing listing = listing(admin, new ListGroupsOptions());
    equal("type", GroupType.CLASSIC, listing.type().orElseThrow());
    equal("protocol", "consumer", listing.protocol());
    equal("state", GroupState.STABLE, listing.groupState().orElseThrow());
    equal("simple", false, listing.isSimpleConsumerGroup());
    that(listing(admin, new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE))) != null, () -> "by state");
    that(listing(admin, new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))) == null, () -> "not empty");
    that(listing(admin, new ListGroupsOptions().withTypes(Set.of(GroupType.CLASSIC))) != null, () -> "by type");
    that(listing(admin, new ListGroupsOptions().withTypes(Set.of(GroupType.CONSUMER))) == null, () -> "other type");
  }

  private GroupListing listing(Admin admin, ListGroupsOptions options) throws Exception {
    return get(admin.listGroups(options).all()).stream()
        .filter(listing -> listing.groupId().equals(group))
        .findFirst()
        .orElse(null);
  }

  private void describe(Admin admin, KafkaConsumer<String, String> member) throws Exception {
    ConsumerGroupDescription description = description(admin);
    equal("state", GroupState.STABLE, description.groupState());
    equal("assignor", "range", description.partitionAssignor());
    equal("type", GroupType.CLASSIC, description.type());
    equal("members", 1, description.members().size());
    var described = description.members().iterator().next();
    equal("member id", member.groupMetadata().memberId(), described.consumerId());
    equal("client id", "one", described.clientId());
    equal("host", "/127.0.0.1", described.host());
    equal("partitions", Set.of(partition(0), partition(1)), described.assignment().topicPartitions());
    int node = get(admin.describeCluster().nodes()).iterator().next().id();
    equal("coordinator", node, description.coordinator().id());
  }

  private Map<TopicPartition, Long> listed(Admin admin, ListConsumerGroupOffsetsSpec spec) throws Exception {
    Map<TopicPartition, OffsetAndMetadata> offsets =
        get(admin.listConsumerGroupOffsets(Map.of(group, spec)).partitionsToOffsetAndMetadata(group));
    return offsets.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue() == null ? -1L : e.getValue().offset()));
  }

  private void offsets(Admin admin) throws Exception {
    equal(Map.of(partition(0), 10L, partition(1), 10L), listed(admin, new ListConsumerGroupOffsetsSpec()));
    var some = new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(partition(1), new TopicPartition("no", 0)));
    equal(Map.of(partition(1), 10L, new TopicPartition("no", 0), -1L), listed(admin, some));
  }

  private void notEmpty(Admin admin) {
    fails(GroupNotEmptyException.class, () -> get(admin.deleteConsumerGroups(List.of(group)).all()));
  }

  private void subscribed(Admin admin) {
    fails(
        GroupSubscribedToTopicException.class,
        () -> get(admin.deleteConsumerGroupOffsets(group, Set.of(partition(0))).partitionResult(partition(0))));
  }

  private void alterActive(Admin admin) {
    var offsets = Map.of(partition(0), new OffsetAndMetadata(1));
    fails(
        UnknownMemberIdException.class,
        () -> get(admin.alterConsumerGroupOffsets(group, offsets).partitionResult(partition(0))));
  }

  private void empty(Admin admin) throws Exception {
    ConsumerGroupDescription description = description(admin);
    equal("state", GroupState.EMPTY, description.groupState());
    equal("members", 0, description.members().size());
    equal(Map.of(partition(0), 10L, partition(1), 10L), listed(admin, new ListConsumerGroupOffsetsSpec()));
  }

  private void alter(Admin admin) throws Exception {
    var offsets = Map.of(partition(0), new OffsetAndMetadata(3, "moved"));
    get(admin.alterConsumerGroupOffsets(group, offsets).all());
    equal(Map.of(partition(0), 3L, partition(1), 10L), listed(admin, new ListConsumerGroupOffsetsSpec()));
    try (var consumer = Clients.textConsumer("group.id", group, "auto.offset.reset", "none")) {
      consumer.subscribe(List.of(topic));
      equal("first record", 3L, Clients.take(consumer, 7).get(0).offset());
      equal("more", 0, consumer.poll(Duration.ofMillis(200)).count());
    }
  }

  private void deleteOffsets(Admin admin) throws Exception {
    // Closing the consumer of the previous check committed its position.
    get(admin.deleteConsumerGroupOffsets(group, Set.of(partition(1))).all());
    equal(Map.of(partition(0), 10L), listed(admin, new ListConsumerGroupOffsetsSpec()));
  }

  private void delete(Admin admin) throws Exception {
    get(admin.deleteConsumerGroups(List.of(group)).all());
    that(listing(admin, new ListGroupsOptions()) == null, () -> "still listed");
    equal(Map.of(), listed(admin, new ListConsumerGroupOffsetsSpec()));
  }

  private void unknown(Admin admin) {
    List<String> absent = List.of("absent");
    fails(GroupIdNotFoundException.class, () -> get(admin.describeConsumerGroups(absent).all()));
    fails(GroupIdNotFoundException.class, () -> get(admin.deleteConsumerGroups(absent).all()));
  }
}
