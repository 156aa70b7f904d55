package ottla.compat.clients;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;

/** A member in a JVM of its own, so that it can die without saying goodbye. */
final class MemberProcess {
  private final Process process;
  private final Thread reader;
  private final List<String> received = new ArrayList<>();
  private Set<Integer> assigned = Set.of();
  private int committed;

  MemberProcess(String group, String topic, String assignor, String name) throws IOException {
    String java = System.getProperty("java.home") + "/bin/java";
    String classPath = System.getProperty("java.class.path");
    process =
        new ProcessBuilder(
                java, "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp", classPath, MemberProcess.class.getName(), group, topic, assignor, name)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    reader = new Thread(this::read, name);
    reader.start();
  }

  synchronized Set<Integer> assigned() {
    return assigned;
  }

  synchronized List<String> received() {
    return List.copyOf(received);
  }

  /** What it read and had not committed when it died: only this may come again. */
  synchronized List<String> uncommitted() {
    return List.copyOf(received.subList(committed, received.size()));
  }

  synchronized int committed() {
    return committed;
  }

  /**
   * SIGKILL; returns when the process is gone and all that it reported has been read. Through the handle, because
   * Process.destroyForcibly closes the pipe, and with it goes what was reported but not yet read.
   */
  void kill() throws InterruptedException {
    process.toHandle().destroyForcibly();
    process.waitFor();
    reader.join();
  }

  private void read() {
    try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) take(line);
    } catch (IOException error) {
      System.err.println("a member's output ended with " + error);
    }
  }

  private synchronized void take(String line) {
    String[] words = line.split(" ");
    if (words[0].equals("received") && words.length == 2) received.add(words[1]);
    if (words[0].equals("committed")) committed = received.size();
    if (words[0].equals("assigned")) {
      assigned = new TreeSet<>(Arrays.stream(words).skip(1).map(Integer::valueOf).toList());
    }
  }

  /** The process itself: one line for each thing that happens. */
  public static void main(String[] arguments) {
    var observer =
        new MemberLoop.Observer() {
          @Override
          public void assigned(Set<Integer> partitions) {
            var words = new StringBuilder("assigned");
            for (int partition : partitions) words.append(' ').append(partition);
            System.out.println(words);
          }

          @Override
          public void revoked(Set<Integer> partitions) {}

          @Override
          public void lost(Set<Integer> partitions) {}

          @Override
          public void received(String value) {
            System.out.println("received " + value);
          }

          @Override
          public void committed() {
            System.out.println("committed");
          }
        };
    var consumer = MemberLoop.consumer(arguments[0], arguments[2], arguments[3]);
    new MemberLoop(consumer, observer, new CountDownLatch(1)).run(arguments[1]);
  }
}
