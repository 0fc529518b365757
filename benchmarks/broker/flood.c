/* flood: a single-threaded MQTT 3.1.1 load generator for measuring brokers, over TCP, TLS, ws, wss.
 *
 *   flood publish|connect|idle PORT SERVER_PID [-p PUBLISHERS] [-s SUBSCRIBERS] [-q QOS] [-w WINDOW]
 *         [-b BATCH] [-t SECONDS] [-r RATE] [-k] [-c COUNT] [-j CONCURRENT] [-u PATH] [-x]
 *
 * publish: subscribers all subscribe to one topic, publishers all publish 64-byte payloads to it. It
 * is lossless by window: nothing is sent that would put the publishers more than WINDOW messages ahead
 * of the average subscriber, and at QoS 1 no publisher has more than WINDOW messages unacknowledged.
 * A publisher writes at most BATCH packets at once, and all together RATE a second (0: as many as the
 * window allows). After SECONDS it waits up to one more for what is under way (`undelivered` counts
 * the rest; rates are over the whole time). -k makes the subscribers' sessions persistent. The
 * payload's first eight bytes are the time of sending.
 * connect: opens and closes COUNT connections, CONCURRENT at a time, each up to its CONNACK.
 * idle: opens COUNT connections and keeps them; says what they take of the server's memory.
 * -u speaks WebSocket at PATH, which may carry a signed query; -x speaks TLS (and checks no name).
 * One line of JSON is printed.
 *
 *   cc -O2 -DWITH_TLS -o flood flood.c -lssl -lcrypto     (without TLS: cc -O2 -o flood flood.c)
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
#ifdef WITH_TLS
#include <openssl/ssl.h>
static SSL_CTX *tls;
#else
typedef void SSL;
#endif

static const uint64_t SECOND = 1000000000;
enum { PAYLOAD = 64, READ_SIZE = 1 << 18, OUT_SIZE = 1 << 16, FRAME = 8, BUCKETS = 40 * 8 };
enum state { OPENING, SHAKING, UPGRADING, WAITING, READY };

struct client {
    int fd, number, is_subscriber, is_blocked;
    enum state state;
    SSL *ssl;
    uint16_t packet_id;
    uint64_t in_flight, frame_left;   /* frame_left: of the WebSocket frame being read */
    unsigned kept, head_size, out_start, out_end, framed, out_size;
    unsigned char rest[512], head[10], *out;
};

static int poller, server_port, ready, qos, subscribers = 1, is_persistent, is_tls;
static const char *ws_path;
static char topic[32];
static unsigned topic_size;
static uint64_t sent, received, acknowledged, window = 1000, batch = 64, histogram[BUCKETS];
static unsigned char raw[READ_SIZE], input[READ_SIZE + 512];

static void fail(const char *what) { perror(what); exit(1); }
static void give_up(const char *why) { fprintf(stderr, "%s\n", why); exit(1); }

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

static long server_kb(const char *pid) {
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%s/statm", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Bytes out */

static void watch(struct client *c, int operation) {
    int waits = c->state == OPENING || c->out_start < c->out_end;
    struct epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(poller, operation, c->fd, &event) < 0) fail("epoll_ctl");
}

static ssize_t send_some(struct client *c, const void *data, size_t size) {
#ifdef WITH_TLS
    if (c->ssl) {
        int n = SSL_write(c->ssl, data, (int)size);
        if (n > 0) return n;
        errno = SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
        return -1;
    }
#endif
    return write(c->fd, data, size);
}

/* What was put since the last flush becomes one masked frame; a mask of zeros changes nothing. */
static void close_frame(struct client *c) {
    unsigned char *head = c->out + c->framed;
    unsigned size = c->out_end - c->framed - FRAME;
    head[0] = 0x82;
    if (size < 126) {
        memmove(head + 6, head + FRAME, size);
        head[1] = (unsigned char)(0x80 | size);
        memset(head + 2, 0, 4);
        c->out_end -= 2;
    } else {
        head[1] = 0x80 | 126;
        head[2] = (unsigned char)(size >> 8);
        head[3] = (unsigned char)size;
        memset(head + 4, 0, 4);
    }
    c->framed = c->out_end;
}

static void flush_out(struct client *c) {
    int was_waiting = c->is_blocked;
    if (ws_path && c->state > UPGRADING && c->out_end > c->framed) close_frame(c);
    while (c->out_start < c->out_end) {
        ssize_t n = send_some(c, c->out + c->out_start, c->out_end - c->out_start);
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) fail("write");
        c->out_start += (unsigned)n;
    }
    if (c->out_start == c->out_end) c->out_start = c->out_end = c->framed = 0;
    c->is_blocked = c->out_end != 0;
    if (c->is_blocked != was_waiting) watch(c, EPOLL_CTL_MOD);
}

static void put(struct client *c, const void *data, unsigned size) {
    if (ws_path && c->state > UPGRADING && c->out_end == c->framed) c->out_end += FRAME;
    if (c->out_end + size > c->out_size) {
        c->out_size = c->out_end + size < 256 ? 256 : OUT_SIZE;
        if (c->out_end + size > OUT_SIZE || !(c->out = realloc(c->out, OUT_SIZE))) give_up("out of buffer");
    }
    memcpy(c->out + c->out_end, data, size);
    c->out_end += size;
}

/* Opening */

static void put_connect(struct client *c) {
    char id[32];
    int length = snprintf(id, sizeof id, "lg-%c%d-%d", c->is_subscriber ? 's' : 'p', c->number, getpid());
    unsigned char flags = c->is_subscriber && is_persistent ? 0 : 2;
    unsigned char head[] = {0x10, (unsigned char)(12 + length), 0, 4, 'M', 'Q', 'T', 'T', 4, flags, 0, 0, 0, (unsigned char)length};
    put(c, head, sizeof head);
    put(c, id, (unsigned)length);
    flush_out(c);
}

static void put_subscribe(struct client *c) {
    unsigned char head[] = {0x82, (unsigned char)(topic_size + 5), 0, 1, 0, (unsigned char)topic_size};
    unsigned char wanted = (unsigned char)qos;
    put(c, head, sizeof head);
    put(c, topic, topic_size);
    put(c, &wanted, 1);
    flush_out(c);
}

static void put_upgrade(struct client *c) {
    char text[4096];
    int size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n", ws_path, server_port);
    if (size >= (int)sizeof text) give_up("the path is too long");
    put(c, text, (unsigned)size);
    flush_out(c);
}

static void speak(struct client *c) {
    c->state = ws_path ? UPGRADING : WAITING;
    if (ws_path) put_upgrade(c);
    else put_connect(c);
    watch(c, EPOLL_CTL_MOD);
}

static void shake_hands(struct client *c) {
#ifdef WITH_TLS
    int n = SSL_connect(c->ssl);
    if (n == 1) speak(c);
    else if (SSL_get_error(c->ssl, n) > SSL_ERROR_WANT_WRITE) give_up("the TLS handshake failed");
    else if (c->state == OPENING) { c->state = SHAKING; watch(c, EPOLL_CTL_MOD); }
#else
    (void)c;
#endif
}

static void open_client(struct client *c, int number, int is_subscriber) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port)};
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(c, 0, sizeof *c);
    c->number = number;
    c->is_subscriber = is_subscriber;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) fail("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (void *)&to, sizeof to) < 0 && errno != EINPROGRESS) fail("connect");
#ifdef WITH_TLS
    if (is_tls) {
        c->ssl = SSL_new(tls);
        SSL_set_fd(c->ssl, c->fd);
        SSL_set_connect_state(c->ssl);
        SSL_set_tlsext_host_name(c->ssl, "localhost");
    }
#endif
    watch(c, EPOLL_CTL_ADD);
}

static void close_client(struct client *c) {
    static const unsigned char disconnect[] = {0xe0, 0};
    put(c, disconnect, sizeof disconnect);
    flush_out(c);
#ifdef WITH_TLS
    if (c->ssl) SSL_free(c->ssl);
#endif
    close(c->fd);
    free(c->out);
}

/* Bytes in */

static void handle(struct client *c, const unsigned char *packet, const unsigned char *body, unsigned size) {
    uint64_t then;
    switch (packet[0] >> 4) {
    case 2:
        if (body[1]) { fprintf(stderr, "refused: %d\n", body[1]); exit(1); }
        if (c->is_subscriber) { put_subscribe(c); break; }
        /* fall through */
    case 9:
        c->state = READY;
        ready++;
        break;
    case 3:
        received++;
        memcpy(&then, body + size - PAYLOAD, sizeof then);
        count_latency(now_ns() - then);
        if (packet[0] & 2) {
            unsigned char ack[] = {0x40, 2, body[topic_size + 2], body[topic_size + 3]};
            put(c, ack, sizeof ack);
        }
        break;
    case 4:
        acknowledged++;
        c->in_flight--;
        break;
    }
}

/* Take the payloads out of WebSocket frames; return how many bytes they have. */
static unsigned unframe(struct client *c, const unsigned char *from, unsigned size, unsigned char *to) {
    unsigned at = 0, made = 0;
    while (at < size) {
        if (c->frame_left) {
            unsigned n = size - at < c->frame_left ? size - at : (unsigned)c->frame_left;
            memcpy(to + made, from + at, n);
            made += n, at += n, c->frame_left -= n;
            continue;
        }
        c->head[c->head_size++] = from[at++];
        unsigned needed = c->head_size < 2 || c->head[1] < 126 ? 2 : c->head[1] == 126 ? 4 : 10;
        if (c->head_size < needed) continue;
        if ((c->head[0] & 15) > 2) give_up("the server sent a control frame");
        c->frame_left = needed == 2 ? c->head[1] : 0;
        for (unsigned i = 2; i < needed; i++) c->frame_left = c->frame_left << 8 | c->head[i];
        c->head_size = 0;
    }
    return made;
}

static unsigned upgrade(const unsigned char *data, unsigned size) {
    const unsigned char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) give_up("a cut answer to the upgrade");
    if (size < 12 || memcmp(data + 9, "101", 3)) { fwrite(data, 1, size, stderr); give_up("\nno upgrade"); }
    return (unsigned)(end - data) + 4;
}

static ssize_t receive_some(struct client *c, unsigned char *to) {
#ifdef WITH_TLS
    if (c->ssl) {
        int n = SSL_read(c->ssl, to, READ_SIZE);
        if (n > 0) return n;
        if (SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ) errno = EAGAIN; else return 0;
        return -1;
    }
#endif
    return read(c->fd, to, READ_SIZE);
}

static int take(struct client *c) {
    unsigned char *to = ws_path ? raw : input + c->kept;
    ssize_t n = receive_some(c, to);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) give_up("the server closed a connection");
    unsigned size = (unsigned)n, at = 0;
    if (c->state == UPGRADING) {
        unsigned end = upgrade(raw, size);
        c->state = WAITING;
        put_connect(c);
        size -= end;
        to += end;
    }
    memcpy(input, c->rest, c->kept);
    if (ws_path) size = unframe(c, to, size, input + c->kept);
    size += c->kept;
    while (size - at >= 2 && size - at >= 2u + input[at + 1]) { /* all packets here are short */
        unsigned length = input[at + 1];
        handle(c, input + at, input + at + 2, length);
        at += 2 + length;
        if (c->out_end > OUT_SIZE - 64) flush_out(c);
    }
    c->kept = size - at;
    memcpy(c->rest, input + at, c->kept);
    if (c->out_end && !c->is_blocked) flush_out(c);
    return c->ssl != NULL;
}

static void step(struct client *c, unsigned events) {
    if (c->state == OPENING && events & (EPOLLOUT | EPOLLERR)) {
        if (is_tls) shake_hands(c);
        else speak(c);
    } else if (c->state == SHAKING) {
        shake_hands(c);
    } else {
        if (events & EPOLLOUT) flush_out(c);
        if (events & (EPOLLIN | EPOLLHUP)) while (take(c)) {}  /* TLS holds back what epoll cannot see */
    }
}

static void turn(int wait_ms) {
    struct epoll_event events[512];
    int n = epoll_wait(poller, events, 512, wait_ms);
    for (int i = 0; i < n; i++) step(events[i].data.ptr, events[i].events);
}

/* Modes */

static void publish(struct client *c, uint64_t most) {
    if (c->out_end) return;
    uint64_t count = batch < most ? batch : most, room = received / (uint64_t)subscribers + window;
    room = room > sent ? room - sent : 0;
    if (room < count) count = room;
    if (qos && window - c->in_flight < count) count = window - c->in_flight;
    if (!count) return;
    unsigned char packet[128] = {(unsigned char)(0x30 | qos << 1), (unsigned char)(2 + topic_size + (qos ? 2 : 0) + PAYLOAD), 0, (unsigned char)topic_size};
    memcpy(packet + 4, topic, topic_size);
    unsigned payload = 4 + topic_size + (qos ? 2 : 0);
    uint64_t t = now_ns();
    memcpy(packet + payload, &t, sizeof t);
    for (uint64_t i = 0; i < count; i++) {
        if (qos) {
            if (!++c->packet_id) c->packet_id = 1;
            packet[4 + topic_size] = (unsigned char)(c->packet_id >> 8);
            packet[5 + topic_size] = (unsigned char)c->packet_id;
        }
        put(c, packet, payload + PAYLOAD);
    }
    sent += count;
    if (qos) c->in_flight += count;
    flush_out(c);
}

static void run_publish(const char *pid, int publishers, double rate, double seconds) {
    struct client *all = calloc((size_t)(publishers + subscribers), sizeof *all);
    for (int i = 0; i < publishers + subscribers; i++) {
        open_client(all + i, i, i >= publishers);
        while (ready <= i) turn(1000);
    }
    double own = own_cpu_s(), server = server_cpu_s(pid);
    uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), last = start, seen = 0, now;
    for (;;) {
        now = now_ns();
        if (received + acknowledged != seen) { seen = received + acknowledged; last = now; }
        int is_done = received >= sent * (uint64_t)subscribers && (!qos || acknowledged >= sent);
        if (now >= end && (is_done || now - last > 2 * SECOND || now - end > SECOND)) break;
        uint64_t due = rate ? (uint64_t)((double)(now - start) / 1e9 * rate) : UINT64_MAX;
        if (now < end) for (int i = 0; i < publishers && sent < due; i++) publish(all + i, due - sent);
        turn(rate ? 0 : 10);
    }
    double elapsed = (last - start) / 1e9;
    printf("{\"published_per_s\": %.0f, \"delivered_per_s\": %.0f, \"undelivered\": %lld, \"p50_us\": %.0f, \"p99_us\": %.0f, \"p999_us\": %.0f, \"generator_cpu\": %.2f, \"server_cpu\": %.2f}\n",
           sent / elapsed, received / elapsed, (long long)(sent * (uint64_t)subscribers - received), latency_us(.5), latency_us(.99), latency_us(.999),
           (own_cpu_s() - own) / elapsed, (server_cpu_s(pid) - server) / elapsed);
}

static void run_connect(const char *pid, int count, int concurrent) {
    struct client *all = calloc((size_t)concurrent, sizeof *all);
    double own = own_cpu_s(), server = server_cpu_s(pid);
    uint64_t start = now_ns();
    int opened = 0;
    for (; opened < concurrent && opened < count; opened++) open_client(all + opened, opened, 0);
    while (ready < count) {
        turn(1000);
        for (int i = 0; i < concurrent; i++) {
            if (all[i].state != READY) continue;
            close_client(all + i);
            all[i].state = WAITING;
            if (opened < count) { open_client(all + i, opened, 0); opened++; }
        }
    }
    double elapsed = (now_ns() - start) / 1e9;
    printf("{\"connects_per_s\": %.0f, \"generator_cpu\": %.2f, \"server_cpu\": %.2f}\n", count / elapsed,
           (own_cpu_s() - own) / elapsed, (server_cpu_s(pid) - server) / elapsed);
}

static void run_idle(const char *pid, int count, double seconds) {
    struct client *all = calloc((size_t)count, sizeof *all);
    long before = server_kb(pid);
    for (int i = 0; i < count; i++) {
        open_client(all + i, i, 0);
        while (ready <= i) turn(1000);
    }
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    while (now_ns() < end) turn(100);
    printf("{\"connections\": %d, \"kb_each\": %.2f}\n", count, (double)(server_kb(pid) - before) / count);
}

int main(int count, char **argument) {
    if (count < 4) give_up("flood publish|connect|idle PORT SERVER_PID [options]; see the source");
    const char *mode = argument[1], *pid = argument[3];
    int publishers = 1, connections = 5000, concurrent = 32, option;
    double seconds = 3, rate = 0;
    server_port = atoi(argument[2]);
    optind = 4;
    while ((option = getopt(count, argument, "p:s:q:w:b:t:r:kc:j:u:x")) > 0) switch (option) {
        case 'p': publishers = atoi(optarg); break;
        case 's': subscribers = atoi(optarg); break;
        case 'q': qos = atoi(optarg); break;
        case 'w': window = strtoull(optarg, 0, 10); break;
        case 'b': batch = strtoull(optarg, 0, 10); break;
        case 't': seconds = atof(optarg); break;
        case 'r': rate = atof(optarg); break;
        case 'k': is_persistent = 1; break;
        case 'c': connections = atoi(optarg); break;
        case 'j': concurrent = atoi(optarg); break;
        case 'u': ws_path = optarg; break;
        case 'x': is_tls = 1; break;
        default: return 2;
    }
#ifdef WITH_TLS
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
#else
    if (is_tls) give_up("built without TLS");
#endif
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    topic_size = (unsigned)snprintf(topic, sizeof topic, "lg/%d", getpid());
    poller = epoll_create1(0);
    if (!strcmp(mode, "publish")) run_publish(pid, publishers, rate, seconds);
    else if (!strcmp(mode, "connect")) run_connect(pid, connections, concurrent);
    else if (!strcmp(mode, "idle")) run_idle(pid, connections, seconds);
    else give_up("publish, connect or idle");
    return 0;
}
