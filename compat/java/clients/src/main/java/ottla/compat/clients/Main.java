package ottla.compat.clients;

import ottla.compat.harness.Checks;

/** Kafka's own Java clients: what they do together first, then what needs the broker to go away, one by one. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Checks checks = new Checks();
    checks.together(
        () -> {
          new RecordChecks(checks).run();
          new ConsumerChecks(checks).run();
          new RefusalChecks(checks).run();
          new AdminTopicChecks(checks).run();
          new AdminGroupChecks(checks).run();
        },
        () -> {
          new RebalanceChecks(checks, "range", RebalanceChecks.RANGE).run();
          new GroupProtocolChecks(checks).run();
        },
        () -> {
          new RebalanceChecks(checks, "cooperative-sticky", RebalanceChecks.COOPERATIVE_STICKY).run();
          new StaticMemberChecks(checks).run();
        });
    new RestartChecks(checks).run();
    System.exit(checks.failed() == 0 ? 0 : 1);
  }
}
