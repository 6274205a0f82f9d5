/* The C floor: what no recorder can beat. Opens N RTSP streams over TCP with the least handshake that works, then reads
 * sockets by epoll and writes what comes into one file each. Parses nothing, syncs nothing, indexes nothing.
 *
 * floor HOST PORT COUNT FOLDER   pulls rtsp://HOST:PORT/cam/{1..COUNT}/main into FOLDER/{n}.rtp, says "ready" on standard
 * output when all play, and ends at SIGTERM.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER = 64 * 1024, READ = 256 * 1024, EVENTS = 256 };

struct stream {
    int in, out;
};

static volatile sig_atomic_t stop;

static void on_term(int number) {
    (void)number;
    stop = 1;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* One request and its whole answer (head and Content-Length bytes of body). What follows stays in the socket. */
static void ask(int fd, const char *request, char *answer) {
    if (write(fd, request, strlen(request)) != (ssize_t)strlen(request)) die("write");
    size_t have = 0, need = 0;
    while (!need || have < need) {
        ssize_t got = recv(fd, answer + have, need ? need - have : 1, 0);
        if (got <= 0 || have + (size_t)got >= ANSWER - 1) die("recv");
        have += (size_t)got;
        answer[have] = 0;
        if (!need && have >= 4 && !memcmp(answer + have - 4, "\r\n\r\n", 4)) {
            char *length = strcasestr(answer, "\r\nContent-Length:");
            need = have + (length ? strtoul(length + 17, NULL, 10) : 0);
            if (need >= ANSWER) die("answer too long");
        }
    }
    if (!strstr(answer, " 200 ")) {
        fprintf(stderr, "%s\nanswered with\n%s\n", request, answer);
        exit(1);
    }
}

static int play(const char *host, int port, int camera) {
    static char request[4096], answer[ANSWER], control[1024], session[256], url[256];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) die("inet_pton");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    snprintf(url, sizeof url, "rtsp://%s:%d/cam/%d/main", host, port, camera);

    snprintf(request, sizeof request, "DESCRIBE %s RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n", url);
    ask(fd, request, answer);
    char *media = strstr(answer, "m=video");
    char *line = media ? strstr(media, "a=control:") : NULL;
    if (!line || sscanf(line, "a=control:%1023s", control) != 1) die("no a=control under m=video");
    if (strncmp(control, "rtsp://", 7)) {
        char tail[512];
        snprintf(tail, sizeof tail, "%.500s", control);
        snprintf(control, sizeof control, "%s/%s", url, tail);
    }
    snprintf(request, sizeof request, "SETUP %s RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n", control);
    ask(fd, request, answer);
    char *name = strcasestr(answer, "\r\nSession:");
    if (!name || sscanf(name + 10, " %255[^;\r\n]", session) != 1) die("no Session");
    snprintf(request, sizeof request, "PLAY %s RTSP/1.0\r\nCSeq: 3\r\nSession: %s\r\nRange: npt=0.000-\r\n\r\n", url, session);
    ask(fd, request, answer);
    if (fcntl(fd, F_SETFL, O_NONBLOCK)) die("fcntl");
    return fd;
}

int main(int count, char **words) {
    if (count != 5) {
        fprintf(stderr, "floor HOST PORT COUNT FOLDER\n");
        return 2;
    }
    int cameras = atoi(words[3]), poll = epoll_create1(0);
    struct stream *streams = calloc((size_t)cameras, sizeof *streams);
    char *buffer = malloc(READ), path[4096];
    if (poll < 0 || !streams || !buffer) die("start");
    struct sigaction action = {.sa_handler = on_term};
    sigaction(SIGTERM, &action, NULL);

    for (int i = 0; i < cameras; i++) {
        streams[i].in = play(words[1], atoi(words[2]), i + 1);
        snprintf(path, sizeof path, "%s/%d.rtp", words[4], i + 1);
        streams[i].out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (streams[i].out < 0) die(path);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[i]};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, streams[i].in, &event)) die("epoll_ctl");
    }
    printf("ready\n");
    fflush(stdout);

    struct epoll_event events[EVENTS];
    while (!stop) {
        int ready = epoll_wait(poll, events, EVENTS, 1000);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct stream *stream = events[i].data.ptr;
            ssize_t got = read(stream->in, buffer, READ);
            if (got == 0 || (got < 0 && errno != EAGAIN)) die("a camera went away");
            if (got > 0 && write(stream->out, buffer, (size_t)got) != got) die("write");
        }
    }
    return 0;
}
