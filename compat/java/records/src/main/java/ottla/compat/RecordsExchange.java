package ottla.compat;

import java.io.BufferedReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Utils;

/**
 * Lets Kafka's own record classes write and read batches.
 *
 * <pre>
 * write FILE SEED BATCHES_PER_CODEC MAX_RECORDS   one JSON line per batch: its bytes and what is in it
 * read IN OUT                                     IN has one batch per line in base64; OUT the JSON lines
 * hash FILE SEED COUNT                            random keys with their murmur2 hash
 * </pre>
 *
 * Bytes are base64 in the JSON, so that nothing needs escaping; so are header keys (UTF-8).
 */
public final class RecordsExchange {
    private static final Base64.Encoder BASE64 = Base64.getEncoder();
    private static final String[] HEADER_KEYS = {"", "trace", "größe", "日本語", "😀", "a-header-key-that-is-rather-longer"};
    private static final int BUFFER_BYTES = 1 << 16;

    private RecordsExchange() {
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "write" -> write(Path.of(arguments[1]), Long.parseLong(arguments[2]),
                Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
            case "read" -> read(Path.of(arguments[1]), Path.of(arguments[2]));
            case "hash" -> hash(Path.of(arguments[1]), Long.parseLong(arguments[2]), Integer.parseInt(arguments[3]));
            default -> throw new IllegalArgumentException("unknown command " + arguments[0]);
        }
    }

    private static void write(Path file, long seed, int batchesPerCodec, int maxRecords) throws Exception {
        Random random = new Random(seed);
        try (PrintStream out = open(file)) {
            for (CompressionType codec : CompressionType.values()) {
                for (int index = 0; index < batchesPerCodec; index++) {
                    // The last batch of a codec is large enough for several blocks of its frame format.
                    boolean large = index == batchesPerCodec - 1 && maxRecords > 50;
                    out.println(describe(randomBatch(random, codec, maxRecords, large)));
                }
            }
            for (ControlRecordType type : new ControlRecordType[] {ControlRecordType.COMMIT, ControlRecordType.ABORT}) {
                EndTransactionMarker marker = new EndTransactionMarker(type, random.nextInt(1000));
                out.println(describe(MemoryRecords.withEndTransactionMarker(random.nextInt(100_000), 1_700_000_000_000L,
                    random.nextInt(50), 1L << 40, (short) random.nextInt(100), marker)));
            }
        }
    }

    private static MemoryRecords randomBatch(Random random, CompressionType codec, int maxRecords, boolean large) {
        boolean idempotent = random.nextBoolean();
        boolean transactional = idempotent && random.nextBoolean();
        boolean logAppendTime = random.nextInt(4) == 0;
        long baseOffset = random.nextInt(3) == 0 ? random.nextLong() & ((1L << 52) - 1) : random.nextInt(1000);
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(BUFFER_BYTES), RecordBatch.CURRENT_MAGIC_VALUE,
            compression(random, codec), logAppendTime ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME, baseOffset,
            logAppendTime ? 1_800_000_000_000L : RecordBatch.NO_TIMESTAMP,
            idempotent ? random.nextLong() >>> 1 : RecordBatch.NO_PRODUCER_ID,
            idempotent ? (short) random.nextInt(Short.MAX_VALUE + 1) : RecordBatch.NO_PRODUCER_EPOCH,
            idempotent ? random.nextInt(Integer.MAX_VALUE) : RecordBatch.NO_SEQUENCE,
            transactional, random.nextInt(100) - 1);
        int count = large ? 3000 : 1 + random.nextInt(maxRecords);
        long timestamp = random.nextInt(5) == 0 ? 0 : 1_700_000_000_000L + random.nextInt();
        for (int index = 0; index < count; index++) {
            builder.append(timestamp, randomBytes(random, 20), randomBytes(random, large ? 200 : 60), randomHeaders(random));
            timestamp = Math.max(0, timestamp + random.nextInt(2000) - 500);
            if (random.nextInt(20) == 0) timestamp += 1L << 36;
        }
        return builder.build();
    }

    private static Compression compression(Random random, CompressionType codec) {
        return switch (codec) {
            case GZIP -> Compression.gzip().level(1 + random.nextInt(9)).build();
            case LZ4 -> Compression.lz4().level(1 + random.nextInt(17)).build();
            case ZSTD -> Compression.zstd().level(1 + random.nextInt(15)).build();
            default -> Compression.of(codec).build();
        };
    }

    /** Half of the bytes repeat a word, so that the codecs find something to do. */
    private static byte[] randomBytes(Random random, int maxLength) {
        if (random.nextInt(8) == 0) return null;
        byte[] bytes = new byte[random.nextInt(maxLength + 1)];
        if (random.nextBoolean()) {
            random.nextBytes(bytes);
        } else {
            byte[] word = "the same word again and again ".getBytes(StandardCharsets.UTF_8);
            for (int index = 0; index < bytes.length; index++) bytes[index] = word[index % word.length];
        }
        return bytes;
    }

    private static Header[] randomHeaders(Random random) {
        int count = random.nextInt(3) == 0 ? 1 + random.nextInt(4) : 0;
        Header[] headers = new Header[count];
        for (int index = 0; index < count; index++) {
            headers[index] = new RecordHeader(HEADER_KEYS[random.nextInt(HEADER_KEYS.length)], randomBytes(random, 10));
        }
        return headers;
    }

    private static void read(Path in, Path outFile) throws Exception {
        try (BufferedReader lines = Files.newBufferedReader(in); PrintStream out = open(outFile)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String answer;
                try {
                    answer = describe(MemoryRecords.readableRecords(ByteBuffer.wrap(Base64.getDecoder().decode(line))));
                } catch (RuntimeException error) {
                    String text = error.toString();
                    answer = "{\"error\":\"" + BASE64.encodeToString(text.getBytes(StandardCharsets.UTF_8)) + "\"}";
                }
                out.println(answer);
            }
        }
    }

    private static void hash(Path file, long seed, int count) throws Exception {
        Random random = new Random(seed);
        try (PrintStream out = open(file)) {
            for (int index = 0; index < count; index++) {
                byte[] key = new byte[random.nextInt(40)];
                random.nextBytes(key);
                int hash = Utils.murmur2(key);
                int partitions = 1 + random.nextInt(1000);
                out.println("{\"key\":" + bytes(ByteBuffer.wrap(key)) + ",\"hash\":" + hash
                    + ",\"partitions\":" + partitions + ",\"partition\":" + Utils.toPositive(hash) % partitions + "}");
            }
        }
    }

    private static PrintStream open(Path file) throws Exception {
        return new PrintStream(Files.newOutputStream(file), false, StandardCharsets.UTF_8);
    }

    /** What Kafka sees in the one batch of these records, after it has checked length and CRC. */
    private static String describe(MemoryRecords records) {
        MutableRecordBatch batch = null;
        for (MutableRecordBatch each : records.batches()) {
            if (batch != null) throw new IllegalArgumentException("more than one batch");
            batch = each;
        }
        if (batch == null) throw new IllegalArgumentException("no batch");
        batch.ensureValid();
        StringBuilder json = new StringBuilder();
        json.append("{\"bytes\":").append(bytes(records.buffer()))
            .append(",\"baseOffset\":").append(batch.baseOffset())
            .append(",\"lastOffset\":").append(batch.lastOffset())
            .append(",\"nextOffset\":").append(batch.nextOffset())
            .append(",\"sizeBytes\":").append(batch.sizeInBytes())
            .append(",\"partitionLeaderEpoch\":").append(batch.partitionLeaderEpoch())
            .append(",\"compression\":\"").append(batch.compressionType().name).append('"')
            .append(",\"timestampType\":").append(batch.timestampType().id)
            .append(",\"transactional\":").append(batch.isTransactional())
            .append(",\"control\":").append(batch.isControlBatch())
            .append(",\"crc\":").append(batch.checksum())
            .append(",\"maxTimestamp\":").append(batch.maxTimestamp())
            .append(",\"producerId\":\"").append(batch.producerId()).append('"')
            .append(",\"producerEpoch\":").append(batch.producerEpoch())
            .append(",\"baseSequence\":").append(batch.baseSequence())
            .append(",\"lastSequence\":").append(batch.lastSequence())
            .append(",\"recordCount\":").append(batch.countOrNull())
            .append(",\"records\":[");
        String separator = "";
        for (Record record : batch) {
            json.append(separator).append(describe(record, batch.isControlBatch()));
            separator = ",";
        }
        return json.append("]}").toString();
    }

    private static String describe(Record record, boolean control) {
        StringBuilder json = new StringBuilder();
        json.append("{\"offset\":").append(record.offset())
            .append(",\"timestamp\":").append(record.timestamp())
            .append(",\"key\":").append(bytes(record.key()))
            .append(",\"value\":").append(bytes(record.value()));
        if (control) {
            EndTransactionMarker marker = EndTransactionMarker.deserialize(record);
            json.append(",\"marker\":\"").append(marker.controlType().name().toLowerCase()).append('"')
                .append(",\"coordinatorEpoch\":").append(marker.coordinatorEpoch());
        }
        json.append(",\"headers\":[");
        String separator = "";
        for (Header header : record.headers()) {
            ByteBuffer key = ByteBuffer.wrap(header.key().getBytes(StandardCharsets.UTF_8));
            ByteBuffer value = header.value() == null ? null : ByteBuffer.wrap(header.value());
            json.append(separator).append('[').append(bytes(key)).append(',').append(bytes(value)).append(']');
            separator = ",";
        }
        return json.append("]}").toString();
    }

    private static String bytes(ByteBuffer buffer) {
        return buffer == null ? "null" : '"' + BASE64.encodeToString(Utils.toArray(buffer)) + '"';
    }
}
