package ottla.compat.tools;

import ottla.compat.harness.Checks;

/** Kafka's stock command line tools. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Checks checks = new Checks();
    // The verifiable clients end with System.exit, so they are processes of their own and run beside the rest.
    checks.together(
        () -> new VerifiableChecks(checks).run(),
        () -> {
          new TopicToolChecks(checks).run();
          new SettingsToolChecks(checks).run();
          new ConsoleChecks(checks).run();
          new ConsumerGroupToolChecks(checks).run();
          new LogDirsChecks(checks).run();
          new DumpLogChecks(checks).run();
          new PerformanceChecks(checks).run();
        });
    System.exit(checks.failed() == 0 ? 0 : 1);
  }
}
