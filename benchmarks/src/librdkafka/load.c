/*
 * A load generator over librdkafka with its default settings but for acks, which is "all", and for the linger
 * time where latencies are measured.
 *
 *   load version
 *   load produce BOOTSTRAP TOPIC RECORDS SIZE                      seconds from the first record to the last acknowledgement
 *   load consume BOOTSTRAP TOPIC RECORDS SIZE PARTITIONS           seconds from the first fetched record to the last
 *   load latency BOOTSTRAP TOPIC RECORDS SIZE PARTITIONS RATE LINGER_MS
 *                                                                  percentiles at a fixed rate, acknowledged and end to end
 *
 * Finding the broker and the topic takes librdkafka between nothing and a second, by chance; it is
 * left out: a produce run begins when a first record was acknowledged.
 *
 * The result is one line of JSON. Anything that fails ends the program with a message: a rate of
 * which some records are missing would be no rate.
 */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../native/load-support.h"

#define IDLE_LIMIT_S 30.0
#define POLL_EVERY 256
/* Connections, metadata and code are warm after this; what is sent before is not counted. */
#define LATENCY_WARM_UP_S 2.0

/* Written by the thread that polls, read by the one that waits. */
static volatile long acknowledged;
static double *sent_at, *ack_latency, *end_to_end_latency;

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    (void)opaque;
    if (message->err) fail("delivery failed: %s", rd_kafka_err2str(message->err));
    if (ack_latency != NULL) {
        long index = (long)(intptr_t)message->_private;
        ack_latency[index] = now_s() - sent_at[index];
    }
    acknowledged++;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char error[256];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail("%s", error);
}

/* NULL leaves the linger time as it is. */
static const char *linger_ms;

static rd_kafka_t *new_client(rd_kafka_type_t type, const char *bootstrap) {
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", bootstrap);
    if (type == RD_KAFKA_PRODUCER) {
        set(conf, "acks", "all");
        if (linger_ms != NULL) set(conf, "linger.ms", linger_ms);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    } else {
        set(conf, "group.id", "ottla-benchmarks");
        set(conf, "enable.auto.commit", "false");
    }
    rd_kafka_t *client = rd_kafka_new(type, conf, error, sizeof error);
    if (client == NULL) fail("%s", error);
    return client;
}

/* Bytes that do not repeat within a record, as those of Kafka's own tool. */
static char *new_payload(size_t size) {
    char *payload = allocate(size, 1);
    unsigned state = 1;
    for (size_t at = 0; at < size; at++) {
        state = state * 1103515245u + 12345u;
        payload[at] = (char)('A' + (state >> 16) % 26);
    }
    return payload;
}

static void produce_one(rd_kafka_t *client, const char *topic, const char *payload, size_t size, long index) {
    for (;;) {
        rd_kafka_resp_err_t error = rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_VALUE((void *)payload, size), RD_KAFKA_V_OPAQUE((void *)(intptr_t)index), RD_KAFKA_V_END);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("produce failed: %s", rd_kafka_err2str(error));
        rd_kafka_poll(client, 10);
    }
}

static void await_acknowledgements(rd_kafka_t *client, long records) {
    double last_progress = now_s();
    long seen = acknowledged;
    while (acknowledged < records) {
        rd_kafka_poll(client, 100);
        if (acknowledged != seen) {
            seen = acknowledged;
            last_progress = now_s();
        } else if (now_s() - last_progress > IDLE_LIMIT_S) {
            fail("%ld of %ld records were acknowledged", acknowledged, records);
        }
    }
}

static void run_produce(const char *bootstrap, const char *topic, long records, size_t size) {
    rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, bootstrap);
    char *payload = new_payload(size);
    produce_one(client, topic, payload, size, 0);
    await_acknowledgements(client, 1);
    acknowledged = 0;
    double started_at = now_s();
    for (long index = 0; index < records; index++) {
        produce_one(client, topic, payload, size, index);
        if (index % POLL_EVERY == 0) rd_kafka_poll(client, 0);
    }
    await_acknowledgements(client, records);
    printf("{\"seconds\": %.6f}\n", now_s() - started_at);
    rd_kafka_destroy(client);
}

static rd_kafka_t *new_consumer(const char *bootstrap, const char *topic, int partitions, int64_t offset) {
    rd_kafka_t *client = new_client(RD_KAFKA_CONSUMER, bootstrap);
    rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int partition = 0; partition < partitions; partition++)
        rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_resp_err_t error = rd_kafka_assign(client, list);
    if (error) fail("assign failed: %s", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(list);
    return client;
}

static void run_consume(const char *bootstrap, const char *topic, long records, size_t size, int partitions) {
    rd_kafka_t *client = new_consumer(bootstrap, topic, partitions, RD_KAFKA_OFFSET_BEGINNING);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
    const size_t batch = 1000;
    rd_kafka_message_t **messages = allocate(batch, sizeof *messages);
    double first_at = 0, last_at = now_s();
    long consumed = 0;
    while (consumed < records) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, 100, messages, batch);
        double at = now_s();
        if (count <= 0) {
            if (at - last_at > IDLE_LIMIT_S) fail("%ld of %ld records were consumed", consumed, records);
            continue;
        }
        if (first_at == 0) first_at = at;
        last_at = at;
        for (ssize_t index = 0; index < count; index++) {
            if (messages[index]->err) fail("consume failed: %s", rd_kafka_message_errstr(messages[index]));
            if (messages[index]->len != size) fail("a record has %zu bytes, expected %zu", messages[index]->len, size);
            rd_kafka_message_destroy(messages[index]);
        }
        consumed += count;
    }
    printf("{\"seconds\": %.6f}\n", last_at - first_at);
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
}

struct receiving {
    rd_kafka_t *client;
    long records;
};

/* The first bytes of each value are its index, by which it finds the time at which it was sent. */
static void *receive(void *argument) {
    struct receiving *receiving = argument;
    double last_at = now_s();
    for (long received = 0; received < receiving->records;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(receiving->client, 100);
        double at = now_s();
        if (message == NULL) {
            if (at - last_at > IDLE_LIMIT_S) fail("%ld of %ld records arrived", received, receiving->records);
            continue;
        }
        if (message->err) fail("consume failed: %s", rd_kafka_message_errstr(message));
        long index;
        memcpy(&index, message->payload, sizeof index);
        if (index < 0 || index >= receiving->records) fail("a record has the index %ld", index);
        end_to_end_latency[index] = at - sent_at[index];
        received++;
        last_at = at;
        rd_kafka_message_destroy(message);
    }
    return NULL;
}

/* Acknowledgements are taken as they come: the sending thread sleeps between records. */
static void *poll_producer(void *argument) {
    struct receiving *sending = argument;
    await_acknowledgements(sending->client, sending->records);
    return NULL;
}

static double percentile_ms(double *values, long count, double share) {
    return values[(long)((count - 1) * share)] * 1000;
}

static void sleep_until(double at) {
    double wait = at - now_s();
    if (wait <= 0) return;
    struct timespec time = {(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
    nanosleep(&time, NULL);
}

static void run_latency(const char *bootstrap, const char *topic, long counted, size_t size, int partitions, double rate) {
    long warm_up = (long)(rate * LATENCY_WARM_UP_S), records = warm_up + counted;
    if (size < sizeof(long)) fail("a record needs at least %zu bytes", sizeof(long));
    sent_at = allocate(records, sizeof(double));
    ack_latency = allocate(records, sizeof(double));
    end_to_end_latency = allocate(records, sizeof(double));
    rd_kafka_t *producer = new_client(RD_KAFKA_PRODUCER, bootstrap);
    rd_kafka_t *consumer = new_consumer(bootstrap, topic, partitions, RD_KAFKA_OFFSET_BEGINNING);
    struct receiving receiving = {consumer, records};
    struct receiving sending = {producer, records};
    pthread_t receiver, poller;
    if (pthread_create(&receiver, NULL, receive, &receiving) != 0) fail("cannot start a thread");
    if (pthread_create(&poller, NULL, poll_producer, &sending) != 0) fail("cannot start a thread");
    char *payload = new_payload(size);
    double started_at = now_s(), counted_from = started_at;
    for (long index = 0; index < records; index++) {
        if (index == warm_up) counted_from = now_s();
        double due = started_at + index / rate;
        /* Sleeping is coarse; below a millisecond the next record goes at once, which keeps the rate on average. */
        if (due - now_s() > 0.001) sleep_until(due);
        memcpy(payload, &index, sizeof index);
        sent_at[index] = now_s();
        produce_one(producer, topic, payload, size, index);
    }
    double sent_s = now_s() - counted_from;
    pthread_join(poller, NULL);
    pthread_join(receiver, NULL);
    double *acks = ack_latency + warm_up, *ends = end_to_end_latency + warm_up;
    qsort(acks, counted, sizeof *acks, compare);
    qsort(ends, counted, sizeof *ends, compare);
    printf("{\"seconds\": %.6f, \"ackP50Ms\": %.3f, \"ackP99Ms\": %.3f, \"ackP999Ms\": %.3f, "
           "\"endToEndP50Ms\": %.3f, \"endToEndP99Ms\": %.3f, \"endToEndP999Ms\": %.3f}\n",
           sent_s, percentile_ms(acks, counted, 0.5), percentile_ms(acks, counted, 0.99), percentile_ms(acks, counted, 0.999),
           percentile_ms(ends, counted, 0.5), percentile_ms(ends, counted, 0.99), percentile_ms(ends, counted, 0.999));
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
}

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "";
    if (strcmp(mode, "version") == 0) {
        puts(rd_kafka_version_str());
        return 0;
    }
    if (count < 6) fail("usage: load version | load produce|consume|latency BOOTSTRAP TOPIC RECORDS SIZE [PARTITIONS [RATE LINGER_MS]]");
    const char *bootstrap = arguments[2], *topic = arguments[3];
    long records = atol(arguments[4]);
    size_t size = (size_t)atol(arguments[5]);
    int partitions = count > 6 ? atoi(arguments[6]) : 1;
    if (strcmp(mode, "produce") == 0) run_produce(bootstrap, topic, records, size);
    else if (strcmp(mode, "consume") == 0) run_consume(bootstrap, topic, records, size, partitions);
    else if (strcmp(mode, "latency") == 0 && count > 8) {
        linger_ms = arguments[8];
        run_latency(bootstrap, topic, records, size, partitions, atof(arguments[7]));
    } else fail("unknown mode %s", mode);
    return 0;
}
