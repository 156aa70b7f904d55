package ottla.compat.clients;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.eventually;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.GroupState;
import ottla.compat.harness.Checks;

/** A group of three while records flow: one member is killed, one is added, one leaves. */
final class RebalanceChecks {
  static final String RANGE = "org.apache.kafka.clients.consumer.RangeAssignor";
  static final String COOPERATIVE_STICKY = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";

  private static final int PARTITIONS = 6;
  /** On two busy cores a member in a JVM of its own was once not up after 25 s. */
  private static final Duration SETTLES = Duration.ofSeconds(60);
  /** Well below the session timeout: who leaves must not be waited for. */
  private static final Duration SETTLES_AT_ONCE = Duration.ofSeconds(4);

  private final Checks checks;
  private final String name;
  private final String assignor;
  private final String group = Clients.fresh("rebalanced");

  RebalanceChecks(Checks checks, String name, String assignor) {
    this.checks = checks;
    this.name = name;
    this.assignor = assignor;
  }

  void run() throws Exception {
    String topic = Clients.createTopic("rebalanced", PARTITIONS);
    List<Member> members = new ArrayList<>();
    MemberProcess victim = new MemberProcess(group, topic, assignor, "victim");
    try (NumberedRecords records = new NumberedRecords(topic, PARTITIONS)) {
      Member first = join(members, topic, "first");
      Member second = join(members, topic, "second");
      check("three members share the partitions evenly", () -> settle(SETTLES, List.of(first::assigned, second::assigned, victim::assigned)));
      check(
          "a killed member's partitions go to the others",
          () -> {
            eventually(SETTLES, () -> "the victim commits nothing", () -> victim.committed() > 20);
            victim.kill();
            settle(SETTLES, List.of(first::assigned, second::assigned));
          });
      Set<Integer> firstBefore = first.assigned();
      first.takeRevoked();
      Member third = join(members, topic, "third");
      check("an added member gets its share", () -> settle(SETTLES, List.of(first::assigned, second::assigned, third::assigned)));
      check("only what the protocol says was taken from the others", () -> moved(firstBefore, first));
      check("the group is described as stable, with its assignor", this::describe);
      check("each record is read, and again only if the killed member had not committed it", () -> complete(records.finish(), members, victim));
      check(
          "the partitions of a member that leaves are taken over at once",
          () -> {
            first.close();
            settle(SETTLES_AT_ONCE, List.of(second::assigned, third::assigned));
          });
      check("no living member lost partitions or failed", () -> unharmed(members));
    } finally {
      victim.kill();
      for (Member member : members) member.close();
    }
  }

  private void check(String text, Checks.Body body) {
    checks.check(name + ": " + text, body);
  }

  private Member join(List<Member> members, String topic, String memberName) {
    Member member = new Member(group, topic, assignor, memberName);
    members.add(member);
    return member;
  }

  /** Waits until the members have equal, disjoint shares of all partitions. */
  private static void settle(Duration limit, List<Supplier<Set<Integer>>> shares) throws Exception {
    eventually(
        limit,
        () -> "shares " + shares.stream().map(Supplier::get).toList(),
        () -> {
          Set<Integer> all = new TreeSet<>();
          for (Supplier<Set<Integer>> share : shares) {
            Set<Integer> partitions = share.get();
            if (partitions.size() != PARTITIONS / shares.size()) return false;
            all.addAll(partitions);
          }
          return all.size() == PARTITIONS;
        });
  }

  private void moved(Set<Integer> before, Member member) {
    Set<Integer> revoked = new TreeSet<>(member.takeRevoked());
    if (assignor.equals(RANGE)) {
      equal("an eager member gives up all it had", before, revoked);
      return;
    }
    Set<Integer> expected = new TreeSet<>(before);
    expected.removeAll(member.assigned());
    equal("a cooperative member gives up what goes to another", expected, revoked);
  }

  private void describe() throws Exception {
    try (Admin admin = Clients.admin()) {
      var description = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
      equal("state", GroupState.STABLE, description.groupState());
      equal("assignor", name, description.partitionAssignor());
      equal("members", 3, description.members().size());
      Set<Integer> all = new TreeSet<>();
      for (var member : description.members()) {
        member.assignment().topicPartitions().forEach(partition -> all.add(partition.partition()));
      }
      equal("partitions", PARTITIONS, all.size());
    }
  }

  private static void complete(int produced, List<Member> members, MemberProcess victim) throws Exception {
    eventually(
        SETTLES,
        () -> "only " + times(members, victim).size() + " of " + produced + " records were read",
        () -> times(members, victim).size() == produced);
    Map<String, Integer> times = times(members, victim);
    Set<String> allowed = Set.copyOf(victim.uncommitted());
    List<String> again =
        times.entrySet().stream()
            .filter(entry -> entry.getValue() > 1 && !allowed.contains(entry.getKey()))
            .map(Map.Entry::getKey)
            .toList();
    equal("records read again though they were committed", List.of(), again);
  }

  private static Map<String, Integer> times(List<Member> members, MemberProcess victim) {
    Map<String, Integer> times = new HashMap<>();
    for (Member member : members) member.received().forEach(value -> times.merge(value, 1, Integer::sum));
    victim.received().forEach(value -> times.merge(value, 1, Integer::sum));
    return times;
  }

  private static void unharmed(List<Member> members) {
    Integer[] losses = members.stream().map(Member::losses).toArray(Integer[]::new);
    equal("losses", List.of(0, 0, 0), Arrays.asList(losses));
    for (Member member : members) equal("failure", null, member.failure());
  }
}
