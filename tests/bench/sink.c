/* A fast SMTP sink: one thread, loopback only. It takes every message, looks for nothing but its end, and counts.
   gcc -O2 -o sink sink.c; ./sink PORT [MILLISECONDS [plain]]: the replies to what came in one packet are held back so long, as a
   distance would; plain: PIPELINING is not offered.
   SIGTERM prints how many messages it took. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 1024, ROOM = 1 << 18, REPLY = 1024, WAITING = 1 << 14 };
struct peer { int in_data, used, said; unsigned life; char out[REPLY], in[ROOM]; };
struct late { long long due; int fd, size; unsigned life; char text[REPLY]; };
static struct peer *peers[CONNECTIONS];
static struct late queue[WAITING];
static int first, last, delay, plain;
static unsigned long taken;
static volatile sig_atomic_t over;

static void end(int number) { (void)number; over = 1; }
static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}
static void say(struct peer *p, const char *text) {
    int size = strlen(text);
    if (p->said + size <= REPLY) { memcpy(p->out + p->said, text, size); p->said += size; }
}
static void answer(int fd, struct peer *p) {
    if (!p->said) return;
    if (!delay) { if (write(fd, p->out, p->said) < 0) perror("write"); }
    else {
        struct late *l = &queue[last++ % WAITING];
        l->due = now() + delay * 1000LL; l->fd = fd; l->life = p->life; l->size = p->said;
        memcpy(l->text, p->out, p->said);
    }
    p->said = 0;
}
/* Where a message ends, or NULL. A peer shall be waited for, not the sink: and memmem looks at each byte of a mail. */
static char *end_of_message(char *at, char *stop) {
    for (char *dot = at + 2; dot + 2 < stop && (dot = memchr(dot, '.', stop - dot - 2)); dot++)
        if (dot[-2] == '\r' && dot[-1] == '\n' && dot[1] == '\r' && dot[2] == '\n') return dot - 2;
    return NULL;
}
/* Work off what has come; 0 when the session is over. */
static int work(struct peer *p) {
    char *at = p->in, *stop = p->in + p->used;
    int goes_on = 1;
    while (at < stop) {
        if (p->in_data) {
            char *dot = end_of_message(at, stop);
            if (!dot) { if (stop - at > 4) at = stop - 4; break; }
            at = dot + 5; p->in_data = 0; taken++; say(p, "250 2.0.0 Ok: taken\r\n");
            continue;
        }
        char *line = memchr(at, '\n', stop - at);
        if (!line) break;
        switch (at[0] & ~32) {
        case 'E': say(p, "250-sink\r\n"); if (!plain) say(p, "250-PIPELINING\r\n"); say(p, "250-8BITMIME\r\n250-SIZE 52428800\r\n250 ENHANCEDSTATUSCODES\r\n"); break;
        case 'D': p->in_data = 1; say(p, "354 Go on\r\n"); break;
        case 'Q': goes_on = 0; say(p, "221 2.0.0 Bye\r\n"); break;
        default: say(p, "250 2.1.0 Ok\r\n");
        }
        at = line + 1;
    }
    p->used = stop - at;
    memmove(p->in, at, p->used);
    return goes_on;
}
static void greet(int listening, int poll) {
    struct epoll_event event = {.events = EPOLLIN};
    int fd, one = 1;
    while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= CONNECTIONS) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (!peers[fd]) peers[fd] = calloc(1, sizeof(struct peer));
        struct peer *p = peers[fd];
        p->in_data = p->used = p->said = 0; p->life++;
        event.data.fd = fd;
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
        say(p, "220 sink ESMTP\r\n");
        answer(fd, p);
    }
}
int main(int count, char **words) {
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poll = epoll_create1(0), one = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(words[1]) : 0), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listening}, events[256];
    delay = count > 2 ? atoi(words[2]) : 0;
    plain = count > 3;
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listening, (void *)&here, sizeof here) || listen(listening, 1024)) { perror("sink"); return 1; }
    socklen_t size = sizeof here;
    getsockname(listening, (void *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    signal(SIGTERM, end);
    signal(SIGPIPE, SIG_IGN);
    epoll_ctl(poll, EPOLL_CTL_ADD, listening, &event);
    while (!over) {
        long long wait = first == last ? -1 : (queue[first % WAITING].due - now() + 999) / 1000;
        int ready = epoll_wait(poll, events, 256, first == last ? -1 : wait < 0 ? 0 : (int)wait);
        for (int n = 0; n < ready; n++) {
            int fd = events[n].data.fd;
            if (fd == listening) { greet(listening, poll); continue; }
            struct peer *p = peers[fd];
            ssize_t got = read(fd, p->in + p->used, ROOM - p->used);
            if (got > 0) {
                p->used += got;
                int goes_on = work(p);
                answer(fd, p);
                if (goes_on || delay) continue;
            }
            p->life++;
            close(fd);
        }
        for (; first != last && queue[first % WAITING].due <= now(); first++) {
            struct late *l = &queue[first % WAITING];
            if (l->life == peers[l->fd]->life && write(l->fd, l->text, l->size) < 0) perror("write");
        }
    }
    fprintf(stderr, "%lu messages\n", taken);
    return 0;
}
