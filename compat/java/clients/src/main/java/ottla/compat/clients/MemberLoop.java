package ottla.compat.clients;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;

/**
 * What a member of a group does: reads, reports, commits after each poll and before it gives partitions up. So a record
 * is only read twice when the member that read it first died before its commit.
 */
final class MemberLoop implements ConsumerRebalanceListener {
  /** Is told what happens, in the thread of the loop. */
  interface Observer {
    void assigned(Set<Integer> partitions);

    void revoked(Set<Integer> partitions);

    void lost(Set<Integer> partitions);

    void received(String value);

    /** All that was received until now is committed. */
    void committed();
  }

  private final KafkaConsumer<String, String> consumer;
  private final Observer observer;
  private final CountDownLatch stop;

  MemberLoop(KafkaConsumer<String, String> consumer, Observer observer, CountDownLatch stop) {
    this.consumer = consumer;
    this.observer = observer;
    this.stop = stop;
  }

  /** The settings of a member, apart from its group and assignor. */
  static KafkaConsumer<String, String> consumer(String group, String assignor, String clientId) {
    return Clients.textConsumer(
        "group.id", group,
        "client.id", clientId,
        "partition.assignment.strategy", assignor,
        "auto.offset.reset", "earliest",
        "enable.auto.commit", "false",
        "session.timeout.ms", Clients.SHORTEST_SESSION_MS,
        "heartbeat.interval.ms", "300");
  }

  void run(String topic) {
    try (consumer) {
      consumer.subscribe(List.of(topic), this);
      while (stop.getCount() > 0) {
        var records = consumer.poll(Duration.ofMillis(100));
        for (ConsumerRecord<String, String> record : records) observer.received(record.value());
        if (!records.isEmpty()) commit();
      }
    }
  }

  private void commit() {
    try {
      consumer.commitSync();
      observer.committed();
    } catch (RebalanceInProgressException error) {
      // The next poll completes the rebalance; the positions are committed before any partition is given up.
    }
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> added) {
    observer.assigned(numbers(consumer.assignment()));
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
    if (!revoked.isEmpty()) commit();
    observer.revoked(numbers(revoked));
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> lost) {
    observer.lost(numbers(lost));
  }

  private static Set<Integer> numbers(Collection<TopicPartition> partitions) {
    Set<Integer> numbers = new TreeSet<>();
    for (TopicPartition partition : partitions) numbers.add(partition.partition());
    return numbers;
  }
}
