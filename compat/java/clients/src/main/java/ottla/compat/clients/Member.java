package ottla.compat.clients;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import ottla.compat.harness.Checks;

/** A member in a thread of this JVM, and what it saw. */
final class Member implements AutoCloseable, MemberLoop.Observer {
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Thread thread;
  private final List<String> received = new ArrayList<>();
  private final List<Integer> revoked = new ArrayList<>();
  private Set<Integer> assigned = Set.of();
  private int losses;
  private String failure;

  Member(String group, String topic, String assignor, String name) {
    thread =
        new Thread(
            () -> {
              try {
                new MemberLoop(MemberLoop.consumer(group, assignor, name), this, stop).run(topic);
              } catch (Throwable error) {
                synchronized (this) {
                  failure = Checks.describe(error);
                }
              }
            },
            name);
    thread.start();
  }

  synchronized Set<Integer> assigned() {
    return assigned;
  }

  synchronized List<String> received() {
    return List.copyOf(received);
  }

  /** The partitions taken from this member since the last call. */
  synchronized List<Integer> takeRevoked() {
    List<Integer> taken = List.copyOf(revoked);
    revoked.clear();
    return taken;
  }

  synchronized int losses() {
    return losses;
  }

  synchronized String failure() {
    return failure;
  }

  @Override
  public synchronized void assigned(Set<Integer> partitions) {
    assigned = partitions;
  }

  @Override
  public synchronized void revoked(Set<Integer> partitions) {
    revoked.addAll(partitions);
  }

  @Override
  public synchronized void lost(Set<Integer> partitions) {
    losses += 1;
  }

  @Override
  public synchronized void received(String value) {
    received.add(value);
  }

  @Override
  public void committed() {}

  /** Leaves the group. */
  @Override
  public void close() throws InterruptedException {
    stop.countDown();
    thread.join();
  }
}
