package ottla.compat.harness;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/** Runs checks and prints one line for each. Safe to use from several threads. */
public final class Checks {
  /** Kept from the start, because tools run with the standard streams redirected. */
  private final PrintStream out = System.out;

  private final PrintStream err = System.err;
  private final boolean trace = System.getenv("OTTLA_COMPAT_TRACE") != null;
  private int failed;

  /** Code that may throw anything; whatever it throws fails the check. */
  @FunctionalInterface
  public interface Body {
    void run() throws Exception;
  }

  /** A condition that may throw; used while waiting. */
  @FunctionalInterface
  public interface Condition {
    boolean holds() throws Exception;
  }

  /** The failure of an expectation, told apart from failures of the code under test. */
  public static final class Unexpected extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unexpected(String message) {
      super(message);
    }
  }

  public void check(String text, Body body) {
    long started = System.nanoTime();
    try {
      body.run();
      print("ok - " + text, started);
    } catch (Throwable error) {
      synchronized (this) {
        failed += 1;
      }
      print("not ok - " + text + " # " + describe(error), started);
      if (trace) error.printStackTrace(err);
    }
  }

  public synchronized int failed() {
    return failed;
  }

  /** Runs groups of checks side by side and waits for all of them; an escaped exception is a failed check. */
  public void together(Body... groups) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (Body group : groups) {
      Thread thread = new Thread(() -> guarded(group));
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) thread.join();
  }

  private void guarded(Body group) {
    try {
      group.run();
    } catch (Throwable error) {
      check("a group of checks can be set up", () -> {
        throw new Unexpected(describe(error));
      });
    }
  }

  private synchronized void print(String line, long started) {
    out.println(line);
    out.flush();
    if (trace) err.printf("  took %d ms%n", (System.nanoTime() - started) / 1_000_000);
  }

  public static void equal(Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      throw new Unexpected("expected " + expected + ", got " + actual);
    }
  }

  public static void equal(String what, Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      throw new Unexpected(what + ": expected " + expected + ", got " + actual);
    }
  }

  public static void that(boolean holds, Supplier<String> otherwise) {
    if (!holds) throw new Unexpected(otherwise.get());
  }

  /** The body must fail with exactly this exception, be it thrown or carried by a future. */
  public static <E extends Throwable> E fails(Class<E> expected, Body body) {
    try {
      body.run();
    } catch (Throwable thrown) {
      Throwable error = thrown instanceof ExecutionException && thrown.getCause() != null ? thrown.getCause() : thrown;
      if (error.getClass() == expected) return expected.cast(error);
      throw new Unexpected("expected " + expected.getSimpleName() + ", got " + describe(error));
    }
    throw new Unexpected("expected " + expected.getSimpleName() + ", got success");
  }

  /** Waits until the condition holds; what it should have been is told when time runs out. */
  public static void eventually(Duration limit, Supplier<String> otherwise, Condition condition) throws Exception {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > deadline) {
        throw new Unexpected("not within " + limit.toMillis() + " ms: " + otherwise.get());
      }
      Thread.sleep(20);
    }
  }

  public static String describe(Throwable error) {
    if (error instanceof Unexpected) return oneLine(error.getMessage());
    Throwable cause = error instanceof ExecutionException && error.getCause() != null ? error.getCause() : error;
    return oneLine(cause.getClass().getSimpleName() + ": " + cause.getMessage());
  }

  private static String oneLine(String text) {
    String line = String.valueOf(text).replaceAll("\\s*\\R\\s*", " | ");
    return line.length() > 600 ? line.substring(0, 600) + "…" : line;
  }
}
