import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes a compacted topic with every kind of batch: plain, idempotent and transactional producers in all codecs,
 * tombstones, headers, committed and aborted transactions. Arguments: bootstrap server, topic, seed, rounds; or
 * bootstrap server, topic, "clean" to let the broker compact it.
 */
public final class CompactionLoad {
  private static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};

  public static void main(String[] arguments) throws Exception {
    if (arguments[2].equals("clean")) {
      setDirtyRatio(arguments[0], arguments[1], "0.0");
      return;
    }
    createTopic(arguments[0], arguments[1]);
    Random random = new Random(Long.parseLong(arguments[2]));
    List<KafkaProducer<String, String>> plain = new ArrayList<>();
    List<KafkaProducer<String, String>> transactional = new ArrayList<>();
    for (String codec : CODECS) {
      plain.add(producer(arguments[0], codec, false, null));
      plain.add(producer(arguments[0], codec, true, null));
      KafkaProducer<String, String> one = producer(arguments[0], codec, true, "tx-" + codec);
      one.initTransactions();
      transactional.add(one);
    }
    for (int round = 0; round < Integer.parseInt(arguments[3]); round++) {
      KafkaProducer<String, String> first = plain.get(random.nextInt(plain.size()));
      KafkaProducer<String, String> second =
          transactional.get(random.nextInt(transactional.size()));
      second.beginTransaction();
      send(first, arguments[1], random);
      send(second, arguments[1], random);
      send(first, arguments[1], random);
      if (random.nextInt(4) == 0) second.abortTransaction();
      else second.commitTransaction();
    }
    for (KafkaProducer<String, String> one : plain) one.close();
    for (KafkaProducer<String, String> one : transactional) one.close();
  }

  private static void send(KafkaProducer<String, String> producer, String topic, Random random) {
    for (int count = 1 + random.nextInt(40); count > 0; count--) {
      String key = "key-" + random.nextInt(3000);
      String value = random.nextInt(6) == 0 ? null : "v".repeat(random.nextInt(400)) + random.nextLong();
      ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, key, value);
      if (random.nextInt(5) == 0) record.headers().add("h", new byte[] {(byte) random.nextInt()});
      producer.send(record);
    }
    producer.flush();
  }

  private static KafkaProducer<String, String> producer(
      String server, String codec, boolean idempotent, String transactionalId) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", server);
    properties.put("compression.type", codec);
    properties.put("enable.idempotence", idempotent);
    properties.put("linger.ms", 5);
    if (transactionalId != null) properties.put("transactional.id", transactionalId);
    return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
  }

  private static void createTopic(String server, String topic) throws Exception {
    Map<String, String> configs = new HashMap<>();
    configs.put("cleanup.policy", "compact");
    configs.put("segment.bytes", "1048576");
    // Nothing is dirtier than all of it, so that the broker waits until it is told.
    configs.put("min.cleanable.dirty.ratio", "1.0");
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(configs))).all().get();
    }
  }

  private static void setDirtyRatio(String server, String topic, String ratio) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    AlterConfigOp operation =
        new AlterConfigOp(
            new ConfigEntry("min.cleanable.dirty.ratio", ratio), AlterConfigOp.OpType.SET);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
      admin.incrementalAlterConfigs(Map.of(resource, List.of(operation))).all().get();
    }
  }
}
