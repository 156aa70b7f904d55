package ottla.compat.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Reads message names from standard input and writes, for every version of each, random values as one
 * JSON object a line: the bytes that Kafka's classes make of a value, and the value as Kafka's JSON.
 *
 * <p>Arguments: seed, values per version.
 */
public final class Main {
    private static final List<String> PACKAGES = List.of(
        "org.apache.kafka.common.message.",
        "org.apache.kafka.coordinator.group.generated.",
        "org.apache.kafka.coordinator.transaction.generated.",
        "org.apache.kafka.coordinator.share.generated.");

    private Main() {
    }

    public static void main(String[] args) throws Exception {
        long seed = Long.parseLong(args[0]);
        int valuesPerVersion = Integer.parseInt(args[1]);
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader names = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String name = names.readLine(); name != null; name = names.readLine()) {
            writeAll(name, seed, valuesPerVersion, out);
        }
        out.flush();
        if (out.checkError()) throw new IllegalStateException("standard output was closed");
    }

    private static void writeAll(String name, long seed, int valuesPerVersion, PrintStream out) throws Exception {
        Class<?> type = find(name);
        if (type == null) {
            ObjectNode missing = JsonNodeFactory.instance.objectNode();
            out.println(missing.put("message", name).put("missing", true));
            return;
        }
        RandomMessage random = new RandomMessage(seed ^ name.hashCode());
        Message prototype = (Message) RandomMessage.construct(type);
        for (short version = prototype.lowestSupportedVersion(); version <= prototype.highestSupportedVersion(); version++) {
            for (int i = 0; i < valuesPerVersion; i++) {
                RandomMessage.Shape shape = i == 0 ? RandomMessage.Shape.FULL
                    : i == 1 ? RandomMessage.Shape.SPARSE : RandomMessage.Shape.ANY;
                Message message = (Message) random.fill(RandomMessage.construct(type), version, shape);
                out.println(line(name, message, version));
            }
        }
    }

    private static Class<?> find(String name) {
        for (String prefix : PACKAGES) {
            for (String suffix : List.of("Data", "")) {
                try {
                    return Class.forName(prefix + name + suffix);
                } catch (ClassNotFoundException absent) {
                    // The next package may have it; the caller reports when none does.
                }
            }
        }
        return null;
    }

    private static JsonNode line(String name, Message message, short version) throws Exception {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        line.put("message", name).put("version", version);
        // Record types of internal topics: what stands before a key on the wire.
        if (message instanceof ApiMessage api && name.endsWith("Key")) line.put("recordType", api.apiKey());
        line.put("hex", HexFormat.of().formatHex(buffer.array()));
        line.set("json", json(message, version));
        return line;
    }

    /** Every message class has a converter beside it. Of record batches it tells the size only. */
    private static JsonNode json(Message message, short version) throws Exception {
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        return (JsonNode) converter
            .getMethod("write", message.getClass(), short.class, boolean.class)
            .invoke(null, message, version, false);
    }
}
