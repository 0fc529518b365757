/* flood: a single-threaded MQTT 3.1.1 load generator for measuring brokers.
 *
 *   flood PORT SERVER_PID PUBLISHERS SUBSCRIBERS QOS WINDOW BATCH SECONDS
 *
 * Subscribers all subscribe to one topic, publishers all publish 64-byte payloads to it. It is
 * lossless by window: nothing is sent that would put the publishers more than WINDOW messages
 * ahead of the average subscriber, and at QoS 1 no publisher has more than WINDOW messages
 * unacknowledged. After SECONDS it waits up to ten more for what is under way (`undelivered` counts the
 * rest; rates are over the whole time). A publisher writes at most BATCH packets at once. The payload's first eight
 * bytes are the time of sending. One line of JSON is printed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const uint64_t SECOND = 1000000000;
enum { PAYLOAD = 64, READ_SIZE = 1 << 18, OUT_SIZE = 1 << 16, BUCKETS = 40 * 8 };
static const char TOPIC[] = "lg/flood";

struct client {
    int fd, is_subscriber, is_blocked;
    uint16_t packet_id;
    uint64_t in_flight;
    unsigned kept, out_start, out_end;
    unsigned char rest[512], out[OUT_SIZE];
};

static int poller, ready, qos, subscribers;
static uint64_t sent, received, acknowledged, window, batch, histogram[BUCKETS];
static unsigned char input[READ_SIZE + 512];

static void fail(const char *what) { perror(what); exit(1); }

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Latencies fall into eight buckets per power of two. */
static void count_latency(uint64_t ns) {
    int top = 63 - __builtin_clzll(ns | 8);
    unsigned index = (unsigned)(top - 3) * 8 + ((ns >> (top - 3)) & 7);
    histogram[index < BUCKETS ? index : BUCKETS - 1]++;
}

static double latency_us(double share) {
    uint64_t total = 0, seen = 0;
    for (int i = 0; i < BUCKETS; i++) total += histogram[i];
    for (int i = 0; i < BUCKETS; i++) {
        seen += histogram[i];
        if (total && seen >= share * total) return (8 + i % 8 + 0.5) * (double)(1ull << (i / 8)) / 1000;
    }
    return 0;
}

static double own_cpu_s(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static double server_cpu_s(const char *pid) {
    char path[64], line[1024];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    if (fgets(line, sizeof line, file)) {
        char *tail = strrchr(line, ')');
        if (tail) sscanf(tail + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
    }
    fclose(file);
    return (double)(user + kernel) / sysconf(_SC_CLK_TCK);
}

static void watch(struct client *c, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (c->out_start < c->out_end ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(poller, operation, c->fd, &event) < 0) fail("epoll_ctl");
}

static void flush_out(struct client *c) {
    int was_waiting = c->is_blocked;
    while (c->out_start < c->out_end) {
        ssize_t n = write(c->fd, c->out + c->out_start, c->out_end - c->out_start);
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) fail("write");
        c->out_start += (unsigned)n;
    }
    if (c->out_start == c->out_end) c->out_start = c->out_end = 0;
    c->is_blocked = c->out_end != 0;
    if (c->is_blocked != was_waiting) watch(c, EPOLL_CTL_MOD);
}

static void put(struct client *c, const void *data, unsigned size) {
    if (c->out_end + size > OUT_SIZE) { fprintf(stderr, "out of buffer\n"); exit(1); }
    memcpy(c->out + c->out_end, data, size);
    c->out_end += size;
}

static struct client *open_client(int port, int number, int is_subscriber) {
    struct client *c = calloc(1, sizeof *c);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    char id[32];
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->is_subscriber = is_subscriber;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (void *)&to, sizeof to) < 0) fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int length = snprintf(id, sizeof id, "lg-%c%d-%d", is_subscriber ? 's' : 'p', number, getpid());
    unsigned char head[] = {0x10, (unsigned char)(12 + length), 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, (unsigned char)length};
    put(c, head, sizeof head);
    put(c, id, (unsigned)length);
    if (is_subscriber) {
        unsigned topic = sizeof TOPIC - 1;
        unsigned char subscribe[] = {0x82, (unsigned char)(topic + 5), 0, 1, 0, (unsigned char)topic};
        unsigned char wanted = (unsigned char)qos;
        put(c, subscribe, sizeof subscribe);
        put(c, TOPIC, topic);
        put(c, &wanted, 1);
    }
    if (write(c->fd, c->out, c->out_end) != (ssize_t)c->out_end) fail("write");
    c->out_end = 0;
    return c;
}

static void handle(struct client *c, const unsigned char *packet, const unsigned char *body, unsigned size) {
    uint64_t then;
    switch (packet[0] >> 4) {
    case 2:
        if (body[1]) { fprintf(stderr, "refused: %d\n", body[1]); exit(1); }
        ready += !c->is_subscriber;
        break;
    case 9:
        ready++;
        break;
    case 3:
        received++;
        memcpy(&then, body + size - PAYLOAD, sizeof then);
        count_latency(now_ns() - then);
        if (packet[0] & 2) {
            unsigned char ack[] = {0x40, 2, body[sizeof TOPIC + 1], body[sizeof TOPIC + 2]};
            put(c, ack, sizeof ack);
        }
        break;
    case 4:
        acknowledged++;
        c->in_flight--;
        break;
    }
}

static void take(struct client *c) {
    memcpy(input, c->rest, c->kept);
    ssize_t n = read(c->fd, input + c->kept, READ_SIZE);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { fprintf(stderr, "the server closed a connection\n"); exit(1); }
    unsigned size = c->kept + (unsigned)n, at = 0;
    while (size - at >= 2 && size - at >= 2u + input[at + 1]) { /* all packets here are short */
        unsigned length = input[at + 1];
        handle(c, input + at, input + at + 2, length);
        at += 2 + length;
        if (c->out_end > OUT_SIZE - 64) flush_out(c);
    }
    c->kept = size - at;
    memcpy(c->rest, input + at, c->kept);
    if (c->out_end && !c->is_blocked) flush_out(c);
}

static void publish(struct client *c) {
    if (c->out_end) return;
    uint64_t count = batch, room = received / (uint64_t)subscribers + window;
    room = room > sent ? room - sent : 0;
    if (room < count) count = room;
    if (qos && window - c->in_flight < count) count = window - c->in_flight;
    if (!count) return;
    unsigned topic = sizeof TOPIC - 1;
    unsigned char packet[128] = {(unsigned char)(0x30 | qos << 1), (unsigned char)(2 + topic + (qos ? 2 : 0) + PAYLOAD), 0, (unsigned char)topic};
    memcpy(packet + 4, TOPIC, topic);
    unsigned payload = 4 + topic + (qos ? 2 : 0);
    uint64_t t = now_ns();
    memcpy(packet + payload, &t, sizeof t);
    for (uint64_t i = 0; i < count; i++) {
        if (qos) {
            if (!++c->packet_id) c->packet_id = 1;
            packet[4 + topic] = (unsigned char)(c->packet_id >> 8);
            packet[5 + topic] = (unsigned char)c->packet_id;
        }
        put(c, packet, payload + PAYLOAD);
    }
    sent += count;
    if (qos) c->in_flight += count;
    flush_out(c);
}

static void turn(int wait_ms) {
    struct epoll_event events[512];
    int n = epoll_wait(poller, events, 512, wait_ms);
    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) flush_out(c);
        if (events[i].events & (EPOLLIN | EPOLLHUP)) take(c);
    }
}

int main(int count, char **argument) {
    if (count != 9) { fprintf(stderr, "flood PORT PID PUBLISHERS SUBSCRIBERS QOS WINDOW BATCH SECONDS\n"); return 2; }
    int port = atoi(argument[1]), publishers = atoi(argument[3]);
    subscribers = atoi(argument[4]);
    qos = atoi(argument[5]);
    window = strtoull(argument[6], 0, 10);
    batch = strtoull(argument[7], 0, 10);
    double seconds = atof(argument[8]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(0);
    struct client **all = calloc((size_t)(publishers + subscribers), sizeof *all);
    for (int i = 0; i < publishers + subscribers; i++) {
        all[i] = open_client(port, i, i >= publishers);
        watch(all[i], EPOLL_CTL_ADD);
        while (ready <= i) turn(1000);
    }
    double own = own_cpu_s(), server = server_cpu_s(argument[2]);
    uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), last = start, seen = 0, now;
    for (;;) {
        now = now_ns();
        if (received + acknowledged != seen) { seen = received + acknowledged; last = now; }
        int is_done = received >= sent * (uint64_t)subscribers && (!qos || acknowledged >= sent);
        if (now >= end && (is_done || now - last > 2 * SECOND || now - end > 10 * SECOND)) break;
        if (now < end) for (int i = 0; i < publishers; i++) publish(all[i]);
        turn(10);
    }
    double elapsed = (last - start) / 1e9;
    printf("{\"published_per_s\": %.0f, \"delivered_per_s\": %.0f, \"undelivered\": %lld, \"p50_us\": %.0f, \"p99_us\": %.0f, \"generator_cpu\": %.2f, \"server_cpu\": %.2f}\n",
           sent / elapsed, received / elapsed, (long long)(sent * (uint64_t)subscribers - received), latency_us(.5), latency_us(.99),
           (own_cpu_s() - own) / elapsed, (server_cpu_s(argument[2]) - server) / elapsed);
    return 0;
}
