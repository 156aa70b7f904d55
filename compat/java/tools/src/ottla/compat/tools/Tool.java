package ottla.compat.tools;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.utils.Exit;
import ottla.compat.harness.Broker;
import ottla.compat.harness.Checks;

/**
 * Runs a stock tool's main method in this JVM, with its standard streams, exit and shutdown hooks caught. One at a time:
 * the streams belong to the whole JVM.
 */
final class Tool {
  static final String TOPICS = "org.apache.kafka.tools.TopicCommand";
  static final String CONSOLE_PRODUCER = "org.apache.kafka.tools.ConsoleProducer";
  static final String CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer";
  static final String CONSUMER_GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
  static final String GET_OFFSETS = "org.apache.kafka.tools.GetOffsetShell";
  static final String CONFIGS = "kafka.admin.ConfigCommand";
  static final String DELETE_RECORDS = "org.apache.kafka.tools.DeleteRecordsCommand";
  static final String DUMP_LOG = "org.apache.kafka.tools.DumpLogSegments";
  static final String BROKER_API_VERSIONS = "org.apache.kafka.tools.BrokerApiVersionsCommand";
  static final String PRODUCER_PERFORMANCE = "org.apache.kafka.tools.ProducerPerformance";
  static final String CONSUMER_PERFORMANCE = "org.apache.kafka.tools.ConsumerPerformance";

  private Tool() {}

  /** What a tool left behind. */
  record Result(int exitCode, String output, String errors) {
    List<String> lines() {
      return output.lines().map(String::stripTrailing).filter(line -> !line.isBlank()).toList();
    }

    /** Exit code 0, or the failure tells what the tool said. */
    Result succeeded() {
      if (exitCode == 0) return this;
      throw new IllegalStateException("exit code " + exitCode + ": " + output + errors);
    }

    /** Exit code 1 and a line with this text on either stream. */
    void refusedWith(String text) {
      if (exitCode == 0) throw new IllegalStateException("expected a refusal, got success: " + output);
      if (!(output + errors).contains(text)) {
        throw new IllegalStateException("expected “" + text + "”, got: " + output + errors);
      }
    }
  }

  private static final class Exited extends Error {
    private static final long serialVersionUID = 1L;
    final int code;

    Exited(int code) {
      super("exit " + code, null, false, false);
      this.code = code;
    }
  }

  /** A tool that talks to the broker. */
  static Result run(String mainClass, String... arguments) throws Exception {
    return runWithInput("", mainClass, arguments);
  }

  static Result runWithInput(String input, String mainClass, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of("--bootstrap-server", Broker.bootstrap()));
    all.addAll(List.of(arguments));
    return runPlain(input, mainClass, all.toArray(String[]::new));
  }

  /**
   * A new topic whose partitions can be produced to: kafka-get-offsets is asked until all of them answer. Apache
   * Kafka reports the topic as created a moment earlier.
   */
  static void createTopic(String topic, int partitions, String... more) throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of("--create", "--topic", topic, "--partitions", Integer.toString(partitions)));
    arguments.addAll(List.of(more));
    run(TOPICS, arguments.toArray(String[]::new)).succeeded();
    Checks.eventually(
        Duration.ofSeconds(10),
        () -> topic + " does not answer",
        () -> {
          Result offsets = run(GET_OFFSETS, "--topic", topic);
          return offsets.exitCode() == 0 && offsets.lines().size() == partitions;
        });
  }

  /** A tool that does not, such as the one that reads files. */
  static synchronized Result runPlain(String input, String mainClass, String... arguments) throws Exception {
    PrintStream out = System.out;
    PrintStream err = System.err;
    InputStream in = System.in;
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    List<Runnable> hooks = new ArrayList<>();
    // Some tools catch everything, this error too, and then exit a second time: the first exit is the one that counts.
    AtomicReference<Exited> exited = new AtomicReference<>();
    Exit.Procedure exit =
        (code, message) -> {
          exited.compareAndSet(null, new Exited(code));
          throw exited.get();
        };
    Exit.setExitProcedure(exit);
    Exit.setHaltProcedure(exit);
    Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
    System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
    System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
    try {
      invoke(mainClass, arguments);
      int code = exited.get() == null ? 0 : exited.get().code;
      // A tool relies on its hooks: the console producer sends its last batch in one.
      hooks.forEach(Runnable::run);
      return new Result(code, output.toString(StandardCharsets.UTF_8), errors.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
      System.setIn(in);
    }
  }

  private static void invoke(String mainClass, String[] arguments) throws Exception {
    try {
      Class.forName(mainClass).getMethod("main", String[].class).invoke(null, (Object) arguments);
    } catch (InvocationTargetException error) {
      if (error.getCause() instanceof Exited) return;
      if (error.getCause() instanceof Exception cause) throw cause;
      throw error;
    }
  }
}
