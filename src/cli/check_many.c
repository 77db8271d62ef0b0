/* check --from FILE: any number of domains, a line of JSON for each as it ends. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/check_lines.h"
#include "cli/check_run.h"

#define PIECE_MAX 16384

struct many {
    struct check_run *run;
    struct str name; /* of the file, for messages */
    int fd;
    struct event *readable; /* NULL for a file on a disk, which has always something to read */
    struct check_lines lines;
    char piece[PIECE_MAX];
};

static void on_readable(evutil_socket_t fd, short events, void *user)
{
    (void)fd;
    (void)events;
    check_run_more(user);
}

/* Tells of a line that is no domain, for people and for programs. */
static void refuse(struct many *m, struct msg what, struct str beginning)
{
    struct check_run *run = m->run;
    check_progress_hide(&run->progress);
    cli_say(run->c, what);
    check_put_json_error(run->c, beginning, &what, m->lines.number, false);
    run->totals.unknown++;
    run->status = cli_worse(run->status, CLI_UNUSABLE);
    check_run_flush(run);
}

static void fail_reading(struct many *m, int errnum)
{
    struct error err;
    error_set_errno(&err, errnum, m->name);
    check_progress_hide(&m->run->progress);
    m->run->status = cli_worse(m->run->status, cli_worse(CLI_UNUSABLE, cli_fail(m->run->c, &err)));
}

/* A read that would wait would stop the checks that run; making the descriptor not wait would do so
 * to whoever else has it. False when the event will tell. */
static bool is_ready(struct many *m)
{
    struct pollfd asked = {.fd = m->fd, .events = POLLIN};
    if (!m->readable || poll(&asked, 1, 0) != 0)
        return true;
    event_add(m->readable, NULL);
    return false;
}

static void read_piece(struct many *m)
{
    ssize_t n;
    do {
        n = read(m->fd, m->piece, sizeof m->piece);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        fail_reading(m, errno);
    check_lines_feed(&m->lines, (struct str){m->piece, n > 0 ? (size_t)n : 0});
}

static enum check_feed_result next(void *user, struct check_item *out)
{
    struct many *m = user;
    while (true) {
        switch (check_lines_next(&m->lines, &out->domain)) {
        case CHECK_LINES_DOMAIN:
            out->number = m->lines.number;
            return CHECK_FEED_ITEM;
        case CHECK_LINES_END:
            return CHECK_FEED_END;
        case CHECK_LINES_TOO_LONG:
            refuse(m, msg_check_long_line(m->name, m->lines.number, CHECK_LINE_MAX), out->domain);
            check_run_more(m->run);
            return CHECK_FEED_LATER;
        case CHECK_LINES_MORE:
            if (!is_ready(m))
                return CHECK_FEED_LATER;
            read_piece(m);
            break;
        }
    }
}

static void on_ended(void *user, const struct check_item *item, const struct check_report *report,
                     const struct error *err)
{
    struct many *m = user;
    struct cli *c = m->run->c;
    if (report) {
        check_put_json(c, report, item->number, false);
    } else {
        check_progress_hide(&m->run->progress);
        if (err->class == ERROR_PERMANENT)
            cli_say(c, msg_check_bad_line(m->name, item->number, item->domain));
        else
            cli_say(c, err->msg);
        check_put_json_error(c, item->domain, &err->msg, item->number, false);
    }
    check_run_flush(m->run);
}

static int open_file(struct many *m, const char *path)
{
    struct stat st;
    struct error err;
    m->fd = str_eq(str_from(path), STR("-")) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (m->fd < 0 || fstat(m->fd, &st) != 0) {
        error_set_errno(&err, errno, m->name);
        return cli_worse(CLI_UNUSABLE, cli_fail(m->run->c, &err));
    }
    if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
        return CLI_FINE;
    m->readable = event_new(m->run->base, m->fd, EV_READ, on_readable, m->run);
    if (m->readable)
        return CLI_FINE;
    cli_say(m->run->c, msg_cli_no_memory());
    return CLI_OUTSIDE;
}

static void many_done(struct many *m)
{
    if (m->readable)
        event_free(m->readable);
    if (m->fd > STDERR_FILENO)
        close(m->fd);
    check_lines_done(&m->lines);
}

int check_many(struct check_run *run, const char *path)
{
    struct many m CLEANUP(many_done) = {.run = run, .name = str_from(path), .fd = -1};
    check_lines_init(&m.lines);
    run->progress.of_domains = true;
    int status = open_file(&m, path);
    if (status != CLI_FINE)
        return status;
    const struct check_feed feed = {next, on_ended, &m};
    return check_run_feed(run, &feed);
}
