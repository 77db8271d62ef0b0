/* domain apply: makes the domains of the store equal to those of a file. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/apply_rows.h"
#include "cli/commands.h"
#include "cli/stored.h"
#include "store/apply.h"

#define PIECE_MAX      ((size_t)64 * 1024)
#define FAULTS_SHOWN   20
#define PROGRESS_MS    2000 /* a shorter run needs none */
#define PROGRESS_STEP  1000 /* rows between looks at the clock */
#define PROGRESS_EVERY 200  /* milliseconds */
#define FLUSH_EVERY    1000 /* lines of a long list */

struct apply {
    struct cli *c;
    struct store *store;
    const char *path;
    int fd;
    struct apply_rows rows;
    struct apply_row row;
    struct store_setting rua;
    char piece[PIECE_MAX];
    uint64_t count, faults, differences;
    bool at_end, dry_run;
    struct json_writer w;
    int64_t begun, shown; /* clock_monotonic_ms; 0: nothing is shown */
    bool terminal;
};

/* ---- progress ---- */

static void show(struct apply *a, struct msg m)
{
    struct buf line CLEANUP(buf_done) = {0};
    buf_init(&line, PIECE_MAX);
    buf_byte(&line, '\r');
    msg_render(a->c->lang, MSG_TEXT, &m, &line);
    buf_cstr(&line, "\033[K");
    ssize_t written = write(STDERR_FILENO, line.p, line.n);
    (void)written; /* a terminal that is gone is no reason to stop */
    a->shown = clock_monotonic_ms();
}

static void hide(struct apply *a)
{
    ssize_t written = a->shown ? write(STDERR_FILENO, "\r\033[K", 4) : 0;
    (void)written;
    a->shown = 0;
}

static void show_progress(struct apply *a, bool end)
{
    if (!a->terminal || (!end && a->count % PROGRESS_STEP))
        return;
    int64_t now = clock_monotonic_ms();
    if (now - a->begun >= PROGRESS_MS && (end || now - a->shown >= PROGRESS_EVERY))
        show(a, end ? msg_apply_comparing(a->count) : msg_apply_progress(a->count));
}

/* ---- reading ---- */

static int feed(struct apply *a, struct error *err)
{
    ssize_t n;
    do {
        n = read(a->fd, a->piece, sizeof a->piece);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_set_errno(err, errno, str_from(a->path));
    apply_rows_feed(&a->rows, (struct str){a->piece, (size_t)n});
    return 0;
}

static void tell_fault(struct apply *a, struct msg fault)
{
    hide(a);
    if (a->faults++ < FAULTS_SHOWN)
        cli_say(a->c, fault);
}

/* The next row that is right; those that are not are told of. 1, 0 at the end, negative. */
static int next_right(struct apply *a, struct error *err)
{
    struct msg fault;
    while (!a->at_end) {
        int rc;
        switch (apply_rows_next(&a->rows, &a->row, &fault)) {
        case APPLY_ROWS_MORE:
            rc = feed(a, err);
            if (rc < 0)
                return rc;
            break;
        case APPLY_ROWS_END:
            a->at_end = true;
            break;
        case APPLY_ROWS_ROW:
            a->count++;
            show_progress(a, false);
            return 1;
        case APPLY_ROWS_FAULT:
            tell_fault(a, fault);
            break;
        case APPLY_ROWS_HEADER:
            tell_fault(a, fault);
            a->at_end = true;
            break;
        }
    }
    return 0;
}

/* After a fault the rest is read for others alone. */
static int next_row(void *context, struct store_apply_row *row, struct error *err)
{
    struct apply *a = context;
    int rc = next_right(a, err);
    while (rc == 1 && a->faults)
        rc = next_right(a, err);
    if (rc < 0)
        return rc;
    if (rc == 0 && a->faults)
        return error_set(err, ERROR_PERMANENT,
                         a->faults > FAULTS_SHOWN
                             ? msg_apply_nothing_changed_many(a->faults, a->faults - FAULTS_SHOWN)
                             : msg_apply_nothing_changed(a->faults));
    if (rc == 0 && !a->count && !cli_flag(a->c, "allow-empty"))
        return error_set(err, ERROR_POLICY, msg_apply_empty(str_from(a->path)));
    if (rc == 0) {
        show_progress(a, true);
        return 0;
    }
    a->rua = (struct store_setting){STORE_SETTING_RUA, a->row.rua};
    *row = (struct store_apply_row){.domain = a->row.domain,
                                    .policy = a->row.has_policy ? &a->row.policy : NULL,
                                    .settings = &a->rua,
                                    .setting_count = a->row.has_rua};
    return 1;
}

/* ---- differences ---- */

static void put_json(struct apply *a, const struct store_apply_difference *d)
{
    static const char *const kinds[] = {[STORE_APPLY_ADDED] = "added",
                                        [STORE_APPLY_CHANGED] = "changed",
                                        [STORE_APPLY_REMOVED] = "removed"};
    json_open(&a->w, '{');
    json_key(&a->w, "domain");
    json_put_str(&a->w, d->domain);
    json_key(&a->w, "kind");
    json_put_str(&a->w, str_from(kinds[d->kind]));
    json_key(&a->w, "policy");
    json_put_bool(&a->w, d->policy);
    json_key(&a->w, "settings");
    json_put_bool(&a->w, d->settings);
    json_close(&a->w);
}

static struct msg describe(const struct store_apply_difference *d)
{
    if (d->kind == STORE_APPLY_ADDED)
        return msg_apply_added(d->domain);
    if (d->kind == STORE_APPLY_REMOVED)
        return msg_apply_removed(d->domain);
    if (d->policy && d->settings)
        return msg_apply_changed_both(d->domain);
    return d->policy ? msg_apply_changed_policy(d->domain) : msg_apply_changed_settings(d->domain);
}

/* A domain whose policy senders hold in mode enforce does not go by being left out of a file. */
static int check_removal(struct apply *a, struct str domain)
{
    struct error err;
    int64_t until;
    if (cli_flag(a->c, "force"))
        return CLI_FINE;
    int rc = stored_enforced_until(a->store, domain, clock_now(), &until, &err);
    if (rc == 0)
        return CLI_FINE;
    hide(a);
    return rc < 0 ? cli_fail(a->c, &err) : cli_refuse(a->c, msg_apply_enforced(domain, until));
}

static int on_difference(void *context, const struct store_apply_difference *d)
{
    struct apply *a = context;
    int status = d->kind == STORE_APPLY_REMOVED ? check_removal(a, d->domain) : CLI_FINE;
    if (status != CLI_FINE || !a->dry_run)
        return status;
    hide(a);
    if (a->c->json)
        put_json(a, d);
    else
        cli_put_line(a->c, describe(d));
    return ++a->differences % FLUSH_EVERY || a->c->json ? CLI_FINE : cli_flush(a->c);
}

/* ---- the command ---- */

static void put_counts(struct apply *a, const struct store_apply_counts *n)
{
    if (!a->c->json) {
        cli_put_line(a->c, a->dry_run
                               ? msg_apply_would(n->added, n->changed, n->removed, n->unchanged)
                               : msg_apply_done(n->added, n->changed, n->removed, n->unchanged));
        return;
    }
    json_close(&a->w);
    json_key(&a->w, "added");
    json_put_u64(&a->w, n->added);
    json_key(&a->w, "changed");
    json_put_u64(&a->w, n->changed);
    json_key(&a->w, "removed");
    json_put_u64(&a->w, n->removed);
    json_key(&a->w, "unchanged");
    json_put_u64(&a->w, n->unchanged);
    json_key(&a->w, "dry_run");
    json_put_bool(&a->w, a->dry_run);
    json_close(&a->w);
}

/* The store stopped at a row: where it stands in the file, and what else is wrong there. */
static int tell_error(struct apply *a, const struct error *err)
{
    bool of_row = a->count && !a->at_end && !a->faults && err->class == ERROR_PERMANENT;
    struct error other;
    hide(a);
    buf_reset(&a->c->out);
    if (of_row)
        cli_say(a->c, msg_apply_refused_line(a->rows.line, a->row.domain));
    int status = cli_fail(a->c, err);
    while (of_row && next_right(a, &other) == 1) {
    }
    return status;
}

static int apply_all(struct apply *a)
{
    const struct store_apply apply = {.next = next_row,
                                      .each = on_difference,
                                      .context = a,
                                      .now = clock_now(),
                                      .dry_run = a->dry_run};
    struct store_apply_counts counts;
    struct error err;
    json_writer_init(&a->w, &a->c->out, true);
    if (a->c->json) {
        json_open(&a->w, '{');
        json_key(&a->w, "differences");
        json_open(&a->w, '[');
    }
    int rc = store_domains_apply(a->store, &apply, &counts, &err);
    if (rc < 0)
        return tell_error(a, &err);
    hide(a);
    if (rc > 0) {
        buf_reset(&a->c->out);
        return rc;
    }
    put_counts(a, &counts);
    return CLI_FINE;
}

static int open_file(struct apply *a)
{
    struct error err;
    a->path = a->c->args[0];
    bool standard = str_eq(str_from(a->path), STR("-"));
    a->fd = standard ? STDIN_FILENO : open(a->path, O_RDONLY | O_CLOEXEC);
    if (a->fd >= 0)
        return CLI_FINE;
    error_set_errno(&err, errno, str_from(a->path));
    return cli_worse(CLI_UNUSABLE, cli_fail(a->c, &err));
}

static int read_format(const struct cli *c, enum apply_format *format)
{
    struct str given = str_from(cli_value(c, "format"));
    *format = str_eq(given, STR("csv"))     ? APPLY_CSV
              : str_eq(given, STR("jsonl")) ? APPLY_JSON_LINES
                                            : APPLY_BY_LOOK;
    return given.n && *format == APPLY_BY_LOOK ? cli_refuse(c, msg_apply_format(given)) : CLI_FINE;
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    enum apply_format format;
    struct apply *a = arena_alloc(&c->arena, sizeof *a);
    int status = a ? read_format(c, &format) : CLI_OUTSIDE;
    if (status == CLI_FINE)
        status = stored_open(c, STORE_WRITE, &node);
    if (status != CLI_FINE)
        return status;
    *a = (struct apply){.c = c, .store = node.store, .dry_run = cli_flag(c, "dry-run")};
    status = open_file(a);
    if (status != CLI_FINE)
        return status;
    a->terminal = isatty(STDERR_FILENO);
    a->begun = clock_monotonic_ms();
    apply_rows_init(&a->rows, format);
    status = apply_all(a);
    apply_rows_done(&a->rows);
    if (a->fd != STDIN_FILENO)
        close(a->fd);
    return status;
}

static const char *const examples[] = {
    "sealpost domain apply domains.csv --dry-run",
    "sealpost domain apply domains.jsonl",
    NULL,
};

static const struct cli_option options[] = {
    {"dry-run", NULL, false, &MSG_OPTION_DOMAIN_APPLY_DRY_RUN},
    {"format", "FORMAT", false, &MSG_OPTION_DOMAIN_APPLY_FORMAT},
    {"allow-empty", NULL, false, &MSG_OPTION_DOMAIN_APPLY_ALLOW_EMPTY},
    {"force", NULL, false, &MSG_OPTION_DOMAIN_APPLY_FORCE},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_domain_apply = {
    .name = "domain apply",
    .synopsis = "FILE|-",
    .summary = &MSG_SUMMARY_DOMAIN_APPLY,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
