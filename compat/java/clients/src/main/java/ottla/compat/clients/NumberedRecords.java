package ottla.compat.clients;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Produces 0, 1, 2, … over all partitions of a topic in the background, gently, until it is told to stop. */
final class NumberedRecords implements AutoCloseable {
  private static final int PAUSE_MS = 5;

  private final AtomicBoolean stop = new AtomicBoolean();
  private final List<Future<RecordMetadata>> sent = new ArrayList<>();
  private final KafkaProducer<String, String> producer = Clients.textProducer();
  private final Thread thread;

  NumberedRecords(String topic, int partitions) {
    thread =
        new Thread(
            () -> {
              while (!stop.get()) {
                int number = sent.size();
                sent.add(producer.send(new ProducerRecord<>(topic, number % partitions, null, "" + number)));
                try {
                  Thread.sleep(PAUSE_MS);
                } catch (InterruptedException error) {
                  return;
                }
              }
            },
            "numbered-records");
    thread.start();
  }

  /** Ends the production and returns how many records were acknowledged: all of them, or this throws. */
  int finish() throws Exception {
    stop.set(true);
    thread.join();
    for (Future<RecordMetadata> future : sent) future.get();
    return sent.size();
  }

  @Override
  public void close() throws InterruptedException {
    stop.set(true);
    thread.join();
    producer.close();
  }
}
