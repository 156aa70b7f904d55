package ottla.compat.clients;

import static ottla.compat.harness.Checks.equal;
import static ottla.compat.harness.Checks.fails;
import static ottla.compat.harness.Checks.that;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.HeartbeatRequest;
import org.apache.kafka.common.requests.HeartbeatResponse;
import org.apache.kafka.common.requests.JoinGroupRequest;
import org.apache.kafka.common.requests.JoinGroupResponse;
import org.apache.kafka.common.requests.LeaveGroupRequest;
import org.apache.kafka.common.requests.LeaveGroupResponse;
import org.apache.kafka.common.requests.OffsetCommitRequest;
import org.apache.kafka.common.requests.OffsetCommitResponse;
import org.apache.kafka.common.requests.SyncGroupRequest;
import org.apache.kafka.common.requests.SyncGroupResponse;
import ottla.compat.harness.Checks;

/** The classic group protocol: what members of the wrong generation, name or protocol are told. */
final class GroupProtocolChecks {
  private static final byte[] SUBSCRIPTION = {1, 2, 3};
  private static final byte[] ASSIGNMENT = {4, 5, 6};

  private final Checks checks;
  private final String group = Clients.fresh("protocol");
  private String topic = "";

  GroupProtocolChecks(Checks checks) {
    this.checks = checks;
  }

  void run() throws Exception {
    topic = Clients.createTopic("protocol", 1);
    checks.check("a member that was expelled cannot commit: the client says commit failed", this::expelled);
    try (RawConnection connection = new RawConnection()) {
      checks.check("a first join without member id is sent away with one", () -> memberIdRequired(connection));
      checks.check("session timeouts out of bounds: invalid session timeout", () -> sessionTimeout(connection));
      checks.check("a single member becomes leader and gets back the assignment it made", () -> joined(connection));
    }
  }

  /** While this member processes for too long the group goes on without it; its commit then names an old generation. */
  private void expelled() throws Exception {
    String expelledFrom = Clients.fresh("expelled");
    try (var slow =
            Clients.textConsumer(
                "group.id", expelledFrom, "max.poll.interval.ms", "6000", "session.timeout.ms", "6000",
                "heartbeat.interval.ms", "300", "enable.auto.commit", "false");
        var other = Clients.textConsumer("group.id", expelledFrom, "heartbeat.interval.ms", "300")) {
      slow.subscribe(List.of(topic));
      other.subscribe(List.of(topic));
      Checks.eventually(
          Duration.ofSeconds(20),
          () -> "no partition for the slow member",
          () -> {
            slow.poll(Duration.ofMillis(100));
            return !slow.assignment().isEmpty();
          });
      Checks.eventually(
          Duration.ofSeconds(20),
          () -> "no partition for the other member",
          () -> {
            other.poll(Duration.ofMillis(100));
            return !other.assignment().isEmpty();
          });
      var offsets = Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1));
      fails(CommitFailedException.class, () -> slow.commitSync(offsets));
      equal("committed", null, other.committed(offsets.keySet()).values().iterator().next());
    }
  }

  private static JoinGroupResponseData join(RawConnection connection, JoinGroupRequestData request)
      throws IOException {
    return ((JoinGroupResponse) connection.ask(ApiKeys.JOIN_GROUP, new JoinGroupRequest.Builder(request))).data();
  }

  private JoinGroupRequestData joinRequest(String memberId) {
    var protocols = new JoinGroupRequestData.JoinGroupRequestProtocolCollection();
    protocols.add(
        new JoinGroupRequestData.JoinGroupRequestProtocol().setName("raw-assignor").setMetadata(SUBSCRIPTION));
    return new JoinGroupRequestData()
        .setGroupId(group)
        .setMemberId(memberId)
        .setProtocolType("consumer")
        .setSessionTimeoutMs(10_000)
        .setRebalanceTimeoutMs(10_000)
        .setProtocols(protocols);
  }

  private static void code(String what, Errors expected, short actual) {
    equal(what, expected, Errors.forCode(actual));
  }

  private void memberIdRequired(RawConnection connection) throws IOException {
    JoinGroupResponseData response = join(connection, joinRequest(""));
    code("first join", Errors.MEMBER_ID_REQUIRED, response.errorCode());
    that(response.memberId().startsWith("raw-"), () -> "member id " + response.memberId());
    JoinGroupResponseData madeUp = join(connection, joinRequest("made-up"));
    code("made-up member id", Errors.UNKNOWN_MEMBER_ID, madeUp.errorCode());
  }

  private void sessionTimeout(RawConnection connection) throws IOException {
    for (int timeoutMs : new int[] {5_999, 1_800_001}) {
      JoinGroupResponseData response = join(connection, joinRequest("").setSessionTimeoutMs(timeoutMs));
      code(timeoutMs + " ms", Errors.INVALID_SESSION_TIMEOUT, response.errorCode());
    }
  }

  /** Joins and syncs, then tries everything that a confused or outdated member would. */
  private void joined(RawConnection connection) throws IOException {
    String memberId = join(connection, joinRequest("")).memberId();
    JoinGroupResponseData joined = join(connection, joinRequest(memberId));
    code("join", Errors.NONE, joined.errorCode());
    equal("generation", 1, joined.generationId());
    equal("leader", memberId, joined.leader());
    equal("protocol", "raw-assignor", joined.protocolName());
    equal("members told to the leader", 1, joined.members().size());
    equal("subscription", List.of(1, 2, 3), numbers(joined.members().get(0).metadata()));

    code("heartbeat before the sync", Errors.NONE, heartbeat(connection, memberId, 1));
    code("commit before the sync", Errors.REBALANCE_IN_PROGRESS, commit(connection, memberId, 1));
    SyncGroupResponseData synced = sync(connection, memberId, 1);
    code("sync", Errors.NONE, synced.errorCode());
    equal("assignment", List.of(4, 5, 6), numbers(synced.assignment()));
    equal("protocol of the sync", "raw-assignor", synced.protocolName());

    code("commit", Errors.NONE, commit(connection, memberId, 1));
    code("commit of an older generation", Errors.ILLEGAL_GENERATION, commit(connection, memberId, 0));
    code("commit of a later generation", Errors.ILLEGAL_GENERATION, commit(connection, memberId, 2));
    code("commit of a stranger", Errors.UNKNOWN_MEMBER_ID, commit(connection, "stranger", 1));
    code("commit from outside", Errors.UNKNOWN_MEMBER_ID, commit(connection, "", -1));
    code("heartbeat", Errors.NONE, heartbeat(connection, memberId, 1));
    code("heartbeat of an older generation", Errors.ILLEGAL_GENERATION, heartbeat(connection, memberId, 0));
    code("heartbeat of a stranger", Errors.UNKNOWN_MEMBER_ID, heartbeat(connection, "stranger", 1));
    code("sync of an older generation", Errors.ILLEGAL_GENERATION, sync(connection, memberId, 0).errorCode());

    JoinGroupRequestData other = joinRequest("");
    other.protocols().clear();
    other.protocols().add(new JoinGroupRequestData.JoinGroupRequestProtocol().setName("other").setMetadata(ASSIGNMENT));
    code("no common protocol", Errors.INCONSISTENT_GROUP_PROTOCOL, join(connection, other).errorCode());

    code("leave", Errors.NONE, leave(connection, memberId));
    code("heartbeat after leaving", Errors.UNKNOWN_MEMBER_ID, heartbeat(connection, memberId, 1));
    code("leave again", Errors.UNKNOWN_MEMBER_ID, leave(connection, memberId));
  }

  private static List<Integer> numbers(byte[] bytes) {
    List<Integer> numbers = new java.util.ArrayList<>();
    for (byte value : bytes) numbers.add((int) value);
    return numbers;
  }

  private SyncGroupResponseData sync(RawConnection connection, String memberId, int generation) throws IOException {
    var request =
        new SyncGroupRequestData()
            .setGroupId(group)
            .setMemberId(memberId)
            .setGenerationId(generation)
            .setProtocolType("consumer")
            .setProtocolName("raw-assignor")
            .setAssignments(
                List.of(
                    new SyncGroupRequestData.SyncGroupRequestAssignment()
                        .setMemberId(memberId)
                        .setAssignment(ASSIGNMENT)));
    var builder = new SyncGroupRequest.Builder(request);
    return ((SyncGroupResponse) connection.ask(ApiKeys.SYNC_GROUP, builder)).data();
  }

  private short heartbeat(RawConnection connection, String memberId, int generation) throws IOException {
    var request = new HeartbeatRequestData().setGroupId(group).setMemberId(memberId).setGenerationId(generation);
    var builder = new HeartbeatRequest.Builder(request);
    return ((HeartbeatResponse) connection.ask(ApiKeys.HEARTBEAT, builder)).data().errorCode();
  }

  private short commit(RawConnection connection, String memberId, int generation) throws IOException {
    var partition =
        new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(1);
    var request =
        new OffsetCommitRequestData()
            .setGroupId(group)
            .setMemberId(memberId)
            .setGenerationIdOrMemberEpoch(generation)
            .setTopics(
                List.of(
                    new OffsetCommitRequestData.OffsetCommitRequestTopic()
                        .setName(topic)
                        .setPartitions(List.of(partition))));
    // Version 9 is the last that names topics; later ones carry topic ids.
    var builder = OffsetCommitRequest.Builder.forTopicNames(request);
    var response = (OffsetCommitResponse) connection.ask(ApiKeys.OFFSET_COMMIT, builder, (short) 9);
    return response.data().topics().get(0).partitions().get(0).errorCode();
  }

  private short leave(RawConnection connection, String memberId) throws IOException {
    var member = new LeaveGroupRequestData.MemberIdentity().setMemberId(memberId);
    var builder = new LeaveGroupRequest.Builder(group, List.of(member));
    var response = ((LeaveGroupResponse) connection.ask(ApiKeys.LEAVE_GROUP, builder)).data();
    code("leave request", Errors.NONE, response.errorCode());
    return response.members().get(0).errorCode();
  }
}
