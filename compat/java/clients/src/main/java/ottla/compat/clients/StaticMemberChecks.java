package ottla.compat.clients;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.fails;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import ottla.compat.harness.Checks;

/** Members with group.instance.id: they may go and come back unnoticed, and only one may hold an id. */
final class StaticMemberChecks {
  private static final Duration SETTLES = Duration.ofSeconds(20);

  private final Checks checks;
  private final String group = Clients.fresh("static");
  private String topic = "";

  StaticMemberChecks(Checks checks) {
    this.checks = checks;
  }

  void run() throws Exception {
    topic = Clients.createTopic("static", 4);
    KafkaConsumer<String, String> one = member("one");
    KafkaConsumer<String, String> two = member("two");
    try {
      checks.check("two static members share the partitions", () -> settle(one, two));
      checks.check("a static member that returns gets its partitions back without a rebalance", () -> comesBack(two, one));
      checks.check("a second member with the same instance id fences the first", () -> fenced(two));
      checks.check("a static member is removed by its instance id", this::removed);
    } finally {
      two.close();
    }
  }

  private KafkaConsumer<String, String> member(String instance) {
    KafkaConsumer<String, String> consumer =
        Clients.textConsumer(
            "group.id", group, "group.instance.id", instance, "client.id", instance,
            "session.timeout.ms", "20000", "heartbeat.interval.ms", "300", "enable.auto.commit", "false");
    consumer.subscribe(List.of(topic));
    return consumer;
  }

  /** Both poll in this one thread, so each poll is short. */
  private static void settle(KafkaConsumer<?, ?> one, KafkaConsumer<?, ?> two) throws Exception {
    Checks.eventually(
        SETTLES,
        () -> one.assignment() + " and " + two.assignment(),
        () -> {
          one.poll(Duration.ofMillis(50));
          two.poll(Duration.ofMillis(50));
          return one.assignment().size() == 2 && two.assignment().size() == 2;
        });
    Set<TopicPartition> all = new java.util.HashSet<>(one.assignment());
    all.addAll(two.assignment());
    equal("partitions", 4, all.size());
  }

  private void comesBack(KafkaConsumer<String, String> stays, KafkaConsumer<String, String> goes) throws Exception {
    Set<TopicPartition> before = Set.copyOf(goes.assignment());
    int generation = stays.groupMetadata().generationId();
    String oldId = goes.groupMetadata().memberId();
    // Closing a static member does not leave the group.
    goes.close();
    try (KafkaConsumer<String, String> returned = member("one")) {
      Checks.eventually(
          SETTLES,
          () -> "returned with " + returned.assignment(),
          () -> {
            returned.poll(Duration.ofMillis(50));
            stays.poll(Duration.ofMillis(50));
            return !returned.assignment().isEmpty();
          });
      equal("partitions", before, returned.assignment());
      equal("generation of the returned", generation, returned.groupMetadata().generationId());
      equal("has a new member id", false, oldId.equals(returned.groupMetadata().memberId()));
      for (int i = 0; i < 10; i++) stays.poll(Duration.ofMillis(50));
      equal("generation of the other", generation, stays.groupMetadata().generationId());
    }
  }

  private void fenced(KafkaConsumer<String, String> victim) throws Exception {
    try (KafkaConsumer<String, String> usurper = member("two")) {
      Checks.eventually(
          SETTLES,
          () -> "the second member got nothing",
          () -> {
            usurper.poll(Duration.ofMillis(100));
            return !usurper.assignment().isEmpty();
          });
      fails(
          FencedInstanceIdException.class,
          () -> {
            for (int i = 0; i < 50; i++) victim.poll(Duration.ofMillis(100));
          });
    }
  }

  private void removed() throws Exception {
    try (Admin admin = Clients.admin()) {
      equal(Set.of("one", "two"), instances(admin));
      var options = new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("one")));
      admin.removeMembersFromConsumerGroup(group, options).all().get();
      Checks.eventually(SETTLES, () -> "still a member", () -> instances(admin).equals(Set.of("two")));
    }
  }

  private Set<String> instances(Admin admin) throws Exception {
    Set<String> instances = new TreeSet<>();
    var description = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
    description.members().forEach(member -> instances.add(member.groupInstanceId().orElse("none")));
    return instances;
  }
}
