package ottla.compat.harness;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;

/** The broker under test as the runner describes it, and its control endpoint. */
public final class Broker {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private Broker() {}

  public static String bootstrap() {
    return required("OTTLA_COMPAT_BOOTSTRAP");
  }

  public static Path dataDir() {
    return Path.of(required("OTTLA_COMPAT_DATA_DIR"));
  }

  public static Path temporaryDir() {
    return Path.of(required("OTTLA_COMPAT_TEMP"));
  }

  /** Stops the broker gracefully and starts it again; returns when it serves. */
  public static void restart() throws IOException, InterruptedException {
    post("/restart");
  }

  /** Kills the broker with SIGKILL and starts it again; returns when it serves. */
  public static void kill() throws IOException, InterruptedException {
    post("/kill");
  }

  private static void post(String path) throws IOException, InterruptedException {
    URI uri = URI.create(required("OTTLA_COMPAT_CONTROL") + path);
    HttpRequest request = HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.noBody()).build();
    HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) throw new IOException("POST " + path + ": " + response.body().trim());
  }

  private static String required(String name) {
    String value = System.getenv(name);
    if (value == null) throw new IllegalStateException(name + " is not set: start this suite through the runner");
    return value;
  }
}
