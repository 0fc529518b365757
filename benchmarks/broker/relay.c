/* relay: the least that any broker has to do, to measure others against.
 *
 *   relay PORT
 *
 * A bare epoll loop: CONNECT and SUBSCRIBE get their answers, and whatever a client sends afterwards is
 * gathered over one round of epoll and written to all who subscribed, in one write each. No packet is
 * looked at, no topic compared, nobody judged.   cc -O2 -o relay relay.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX = 20000, READ_SIZE = 1 << 18, GATHERED = 1 << 23 };

struct client { int fd, is_connected, is_subscriber; };
static struct client clients[MAX];
static struct client *receivers[MAX];
static int receiver_count;
static unsigned char gathered[GATHERED];
static size_t size;

static void write_all(int fd, const unsigned char *data, size_t left) {
    while (left) {
        ssize_t n = write(fd, data, left);
        if (n < 0 && errno == EAGAIN) continue; /* a closed loop: the receiver reads */
        if (n < 0) return;
        data += n, left -= (size_t)n;
    }
}

static void take(int poller, struct client *c) {
    ssize_t n = read(c->fd, gathered + size, READ_SIZE);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        for (int i = 0; i < receiver_count; i++) if (receivers[i] == c) receivers[i--] = receivers[--receiver_count];
        epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
        close(c->fd);
    } else if (!c->is_connected) {
        c->is_connected = 1;
        write_all(c->fd, (const unsigned char *)"\x20\x02\0\0", 4);
    } else if (gathered[size] == 0x82) {
        c->is_subscriber = 1;
        receivers[receiver_count++] = c;
        write_all(c->fd, (const unsigned char *)"\x90\x03\0\1\0", 5);
    } else if (!c->is_subscriber && gathered[size] != 0xe0) {
        size += (size_t)n;
    }
}

static void deliver(void) {
    for (int i = 0; size && i < receiver_count; i++) write_all(receivers[i]->fd, gathered, size);
    size = 0;
}

int main(int count, char **argument) {
    int one = 1, poller = epoll_create1(0), listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(count > 1 ? argument[1] : "1883"))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listening, (void *)&at, sizeof at) < 0 || listen(listening, 2048) < 0) { perror("listen"); return 1; }
    struct epoll_event event = {.events = EPOLLIN}, events[1024];
    epoll_ctl(poller, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        int n = epoll_wait(poller, events, 1024, -1);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (c) { take(poller, c); if (size > GATHERED - READ_SIZE) deliver(); continue; }
            int fd;
            while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0 && fd < MAX) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                clients[fd] = (struct client){.fd = fd};
                event.data.ptr = clients + fd;
                epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
            }
        }
        deliver();
    }
}
