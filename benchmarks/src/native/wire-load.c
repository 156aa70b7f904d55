/*
 * A load generator that speaks the protocol by sending frames that were built before: it patches the
 * correlation id and the partition and sends, so that even a fast broker shares the processors with
 * almost nothing.
 *
 *   wire-load produce PORT PLAN CONNECTIONS ACTIVE DEPTH WARM_UP_S SECONDS REQUESTS
 *   wire-load loopback BYTES CHUNK            seconds for bytes through a bare socket pair on loopback
 *
 * CONNECTIONS are opened, ACTIVE of them produce, each with DEPTH requests under way. Everything that
 * the plan names is written in turn, at least once before anything is counted. The run ends after
 * SECONDS, or after REQUESTS acknowledgements where that is not 0.
 *
 * PLAN holds big-endian 32-bit numbers and bytes: length and bytes of the frame with which each
 * connection introduces itself; the number of templates; for each template the length of its frame,
 * where in it the partition stands, the number of partitions, where in a response the error code
 * stands (behind the length), and the frame.
 *
 * The result is one line of JSON. Anything that fails ends the program with a message.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "load-support.h"

#define IDLE_LIMIT_S 30.0
/* Writing every partition once is part of the warm-up, but not without end. */
#define FIRST_ROUND_LIMIT_S 20.0
#define DEPTH_MAX 1024
#define HEAD_MAX 512
#define RECEIVE_BYTES 65536
#define CORRELATION_AT 8
#define UNKNOWN_PARTITION 3
#define NOT_LEADER 6

struct template {
    unsigned char *frame;
    uint32_t length, partition_at, partitions, error_at;
};

struct sent {
    double at;
    uint32_t correlation, template;
};

struct connection {
    int socket;
    int wants_write;
    unsigned char head[HEAD_MAX];
    struct template *sending; /* NULL between frames */
    size_t position;
    struct sent ring[DEPTH_MAX];
    uint32_t first, outstanding;
    unsigned char received[RECEIVE_BYTES];
    size_t received_bytes;
};

static struct template *templates;
static uint32_t template_count;
static unsigned char *hello;
static uint32_t hello_length;

static uint64_t next_pair, pairs, acknowledged, counted, requests_max;
static uint32_t next_correlation = 1, depth;
static int is_stopping;
static double counted_from;
static double *latencies;
static uint64_t latency_capacity;

static uint32_t get_u32(const unsigned char *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_u32(unsigned char *at, uint32_t value) {
    at[0] = value >> 24, at[1] = value >> 16, at[2] = value >> 8, at[3] = value;
}

static uint32_t read_u32(FILE *file) {
    unsigned char bytes[4];
    if (fread(bytes, 1, 4, file) != 4) fail("the plan ends too early");
    return get_u32(bytes);
}

static unsigned char *read_bytes(FILE *file, uint32_t length) {
    unsigned char *bytes = allocate(length + 1, 1);
    if (fread(bytes, 1, length, file) != length) fail("the plan ends too early");
    return bytes;
}

static void read_plan(const char *name) {
    FILE *file = fopen(name, "rb");
    if (file == NULL) fail("cannot read %s: %s", name, strerror(errno));
    hello_length = read_u32(file);
    hello = read_bytes(file, hello_length);
    template_count = read_u32(file);
    templates = allocate(template_count, sizeof *templates);
    for (uint32_t index = 0; index < template_count; index++) {
        struct template *template = &templates[index];
        template->length = read_u32(file);
        template->partition_at = read_u32(file);
        template->partitions = read_u32(file);
        template->error_at = read_u32(file);
        template->frame = read_bytes(file, template->length);
        if (template->partition_at + 4 > HEAD_MAX) fail("the partition stands at %u", template->partition_at);
        /* Templates take turns, so that the one with most partitions decides when all were written. */
        if (template->partitions > pairs) pairs = template->partitions;
    }
    if (template_count == 0) fail("the plan is empty");
    pairs *= template_count;
    fclose(file);
}

static int connect_to(int port) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (descriptor < 0) fail("cannot open a socket: %s", strerror(errno));
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("cannot connect: %s", strerror(errno));
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return descriptor;
}

static void read_exactly(int descriptor, unsigned char *to, size_t length) {
    for (size_t got = 0; got < length;) {
        ssize_t count = read(descriptor, to + got, length - got);
        if (count <= 0) fail("the broker closed a connection");
        got += count;
    }
}

/* Only a connection that has been answered is known to be served, not merely queued by the kernel. */
static void introduce(int descriptor) {
    unsigned char length[4];
    if (write(descriptor, hello, hello_length) != (ssize_t)hello_length) fail("cannot send");
    read_exactly(descriptor, length, 4);
    uint32_t left = get_u32(length);
    unsigned char *answer = allocate(left + 1, 1);
    read_exactly(descriptor, answer, left);
    free(answer);
}

static void begin_frame(struct connection *connection) {
    uint64_t pair = next_pair++;
    uint32_t index = pair % template_count;
    struct template *template = &templates[index];
    memcpy(connection->head, template->frame, template->partition_at + 4);
    put_u32(connection->head + CORRELATION_AT, next_correlation);
    put_u32(connection->head + template->partition_at, (uint32_t)((pair / template_count) % template->partitions));
    struct sent *sent = &connection->ring[(connection->first + connection->outstanding) % DEPTH_MAX];
    *sent = (struct sent){now_s(), next_correlation++, index};
    connection->outstanding++;
    connection->sending = template;
    connection->position = 0;
}

/* Sends until the window is full or the socket is; returns whether the socket is. */
static int send_frames(struct connection *connection) {
    for (;;) {
        if (connection->sending == NULL) {
            if (is_stopping || connection->outstanding >= depth) return 0;
            begin_frame(connection);
        }
        struct template *template = connection->sending;
        size_t head = template->partition_at + 4, at = connection->position;
        struct iovec parts[2] = {
            {connection->head + (at < head ? at : head), at < head ? head - at : 0},
            {template->frame + (at < head ? head : at), template->length - (at < head ? head : at)},
        };
        ssize_t written = writev(connection->socket, parts, 2);
        if (written < 0 && errno == EAGAIN) return 1;
        if (written < 0) fail("cannot send: %s", strerror(errno));
        connection->position += written;
        if (connection->position == template->length) connection->sending = NULL;
    }
}

static void count_latency(double seconds) {
    if (counted == latency_capacity) {
        latency_capacity = latency_capacity == 0 ? 65536 : latency_capacity * 2;
        latencies = realloc(latencies, latency_capacity * sizeof *latencies);
        if (latencies == NULL) fail("out of memory");
    }
    latencies[counted++] = seconds;
}

static void accept_response(struct connection *connection, const unsigned char *response, uint32_t length) {
    if (connection->outstanding == 0) fail("a response that nobody waits for");
    struct sent *sent = &connection->ring[connection->first];
    connection->first = (connection->first + 1) % DEPTH_MAX;
    connection->outstanding--;
    uint32_t error_at = templates[sent->template].error_at;
    if (get_u32(response) != sent->correlation) fail("responses are out of order");
    if (length < error_at + 2) fail("a response has %u bytes", length);
    int error = response[error_at] << 8 | response[error_at + 1];
    /* A partition that was just created may not be led yet; it gets its turn again. */
    if (counted_from == 0 && (error == UNKNOWN_PARTITION || error == NOT_LEADER)) return;
    if (error != 0) fail("produce failed with error %d", error);
    acknowledged++;
    if (counted_from > 0 && !is_stopping) count_latency(now_s() - sent->at);
    if (requests_max > 0 && acknowledged >= requests_max) is_stopping = 1;
}

static void receive(struct connection *connection) {
    ssize_t count = read(connection->socket, connection->received + connection->received_bytes, RECEIVE_BYTES - connection->received_bytes);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) fail("the broker closed a connection");
    connection->received_bytes += count;
    size_t at = 0;
    while (connection->received_bytes - at >= 4) {
        uint32_t length = get_u32(connection->received + at);
        if (length + 4 > RECEIVE_BYTES) fail("a response has %u bytes", length);
        if (connection->received_bytes - at < length + 4) break;
        accept_response(connection, connection->received + at + 4, length);
        at += length + 4;
    }
    memmove(connection->received, connection->received + at, connection->received_bytes - at);
    connection->received_bytes -= at;
}

static double percentile_ms(double share) {
    return counted == 0 ? 0 : latencies[(uint64_t)((counted - 1) * share)] * 1000;
}

static void watch(int poll, struct connection *connection, int wants_write) {
    struct epoll_event event = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0), .data.ptr = connection};
    if (connection->wants_write == wants_write) return;
    if (epoll_ctl(poll, connection->wants_write < 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection->socket, &event) != 0)
        fail("epoll failed: %s", strerror(errno));
    connection->wants_write = wants_write;
}

static void run_load(int poll, uint64_t active, struct connection *all, double warm_up_s, double seconds) {
    double started_at = now_s(), last_progress = started_at;
    uint64_t outstanding = 1;
    int first_round_done = 0;
    double counted_s = 0;
    while (!is_stopping || outstanding > 0) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, 100);
        double now = now_s();
        if (ready > 0) last_progress = now;
        else if (now - last_progress > IDLE_LIMIT_S) fail("no acknowledgement for %.0f s", IDLE_LIMIT_S);
        for (int index = 0; index < ready; index++) {
            struct connection *connection = events[index].data.ptr;
            if (events[index].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(connection);
            watch(poll, connection, send_frames(connection));
        }
        if (!first_round_done) first_round_done = acknowledged >= pairs || now - started_at > FIRST_ROUND_LIMIT_S;
        if (counted_from == 0 && first_round_done && now - started_at >= warm_up_s) counted_from = now;
        if (counted_from > 0 && !is_stopping && now - counted_from >= seconds) is_stopping = 1;
        if (counted_s == 0 && counted_from > 0 && is_stopping) counted_s = now - counted_from;
        outstanding = 0;
        for (uint64_t index = 0; index < active; index++) outstanding += all[index].outstanding + (all[index].sending != NULL);
    }
    double total_s = now_s() - started_at;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    qsort(latencies, counted, sizeof *latencies, compare);
    printf("{\"seconds\": %.6f, \"requests\": %llu, \"totalSeconds\": %.6f, \"totalRequests\": %llu, \"wroteAll\": %s, "
           "\"p50Ms\": %.3f, \"p99Ms\": %.3f, \"p999Ms\": %.3f, \"cpuSeconds\": %.3f}\n",
           counted_s, (unsigned long long)counted, total_s, (unsigned long long)acknowledged,
           acknowledged >= pairs ? "true" : "false", percentile_ms(0.5), percentile_ms(0.99), percentile_ms(0.999),
           usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static void run_produce(char **arguments) {
    int port = atoi(arguments[0]);
    read_plan(arguments[1]);
    uint64_t connections = strtoull(arguments[2], NULL, 10), active = strtoull(arguments[3], NULL, 10);
    depth = atoi(arguments[4]);
    requests_max = strtoull(arguments[7], NULL, 10);
    if (active < 1 || active > connections || depth < 1 || depth > DEPTH_MAX) fail("wrong numbers of connections or requests");
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int poll = epoll_create1(0);
    struct connection *all = allocate(active, sizeof *all);
    for (uint64_t index = 0; index < connections; index++) {
        int descriptor = connect_to(port);
        introduce(descriptor);
        if (index < active) all[index] = (struct connection){.socket = descriptor, .wants_write = -1};
    }
    for (uint64_t index = 0; index < active; index++) {
        fcntl(all[index].socket, F_SETFL, O_NONBLOCK);
        watch(poll, &all[index], 1);
    }
    run_load(poll, active, all, atof(arguments[5]), atof(arguments[6]));
}

static uint64_t loopback_bytes, loopback_chunk;
static int loopback_port;

static void *send_loopback(void *unused) {
    (void)unused;
    int descriptor = connect_to(loopback_port);
    char *chunk = allocate(loopback_chunk, 1);
    for (uint64_t left = loopback_bytes; left > 0;) {
        ssize_t written = write(descriptor, chunk, left < loopback_chunk ? left : loopback_chunk);
        if (written <= 0) fail("cannot send: %s", strerror(errno));
        left -= written;
    }
    close(descriptor);
    return NULL;
}

static void run_loopback(char **arguments) {
    loopback_bytes = strtoull(arguments[0], NULL, 10);
    loopback_chunk = strtoull(arguments[1], NULL, 10);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1) != 0) fail("cannot listen: %s", strerror(errno));
    getsockname(listener, (struct sockaddr *)&address, &length);
    loopback_port = ntohs(address.sin_port);
    pthread_t sender;
    double started_at = now_s();
    if (pthread_create(&sender, NULL, send_loopback, NULL) != 0) fail("cannot start a thread");
    int descriptor = accept(listener, NULL, NULL);
    char *received = allocate(RECEIVE_BYTES * 16, 1);
    uint64_t got = 0;
    for (ssize_t count; (count = read(descriptor, received, RECEIVE_BYTES * 16)) > 0;) got += count;
    if (got != loopback_bytes) fail("%llu bytes arrived", (unsigned long long)got);
    printf("{\"seconds\": %.6f}\n", now_s() - started_at);
    pthread_join(sender, NULL);
}

int main(int count, char **arguments) {
    if (count == 10 && strcmp(arguments[1], "produce") == 0) run_produce(arguments + 2);
    else if (count == 4 && strcmp(arguments[1], "loopback") == 0) run_loopback(arguments + 2);
    else fail("usage: wire-load produce PORT PLAN CONNECTIONS ACTIVE DEPTH WARM_UP_S SECONDS REQUESTS | wire-load loopback BYTES CHUNK");
    return 0;
}
