package ottla.compat.clients;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;
import ottla.compat.harness.Broker;

/** One request after the other over a plain socket, in Kafka's own codec: for error codes that clients hide. */
final class RawConnection implements AutoCloseable {
  private static final int TIMEOUT_MS = 30_000;

  private final Socket socket;
  private int correlationId;

  RawConnection() throws IOException {
    String[] address = Broker.bootstrap().split(":");
    socket = new Socket(address[0], Integer.parseInt(address[1]));
    socket.setSoTimeout(TIMEOUT_MS);
    socket.setTcpNoDelay(true);
  }

  /** Sends in the newest version that the client knows and Kafka 4.3 calls stable. */
  AbstractResponse ask(ApiKeys key, AbstractRequest.Builder<?> builder) throws IOException {
    return ask(key, builder, key.latestVersion(false));
  }

  AbstractResponse ask(ApiKeys key, AbstractRequest.Builder<?> builder, short version) throws IOException {
    RequestHeader header = new RequestHeader(key, version, "raw", ++correlationId);
    ByteBuffer request = builder.build(version).serializeWithHeader(header);
    byte[] frame = new byte[request.remaining()];
    request.get(frame);
    DataOutputStream out = new DataOutputStream(socket.getOutputStream());
    out.writeInt(frame.length);
    out.write(frame);
    out.flush();
    DataInputStream in = new DataInputStream(socket.getInputStream());
    byte[] answer = new byte[in.readInt()];
    in.readFully(answer);
    return AbstractResponse.parseResponse(ByteBuffer.wrap(answer), header);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
