/* check DOMAIN...: all of them at once, shown in the order in which they were given. */
#include "base/file.h"
#include "cli/check_run.h"
#include "cli/wrap.h"

#define PAGE_MAX  ((size_t)256 * 1024 * 1024)
#define PAGE_MODE 0644

struct shown {
    bool ended;
    struct buf text, page;
};

struct given {
    struct check_run *run;
    struct shown *domains;
    size_t started;
    size_t printed;
    unsigned width;
    bool has_page;
    struct buf page;
};

static enum check_feed_result next(void *user, struct check_item *out)
{
    struct given *g = user;
    if (g->started == g->run->c->arg_count)
        return CHECK_FEED_END;
    *out = (struct check_item){g->started, str_from(g->run->c->args[g->started])};
    g->started++;
    return CHECK_FEED_ITEM;
}

/* Prints what is next in the order and has ended, and drops it. */
static void print_ended(struct given *g)
{
    struct cli *c = g->run->c;
    while (g->printed < c->arg_count && g->domains[g->printed].ended) {
        struct shown *d = &g->domains[g->printed];
        if (g->printed && !c->json && d->text.n)
            buf_byte(&c->out, '\n');
        buf_str(&c->out, buf_view(&d->text));
        c->out.failed |= d->text.failed;
        buf_str(&g->page, buf_view(&d->page));
        g->page.failed |= d->page.failed;
        buf_done(&d->text);
        buf_done(&d->page);
        g->printed++;
    }
    check_run_flush(g->run);
}

/* An error in place of a report. */
static void show_error(struct given *g, struct str domain, const struct error *err, struct shown *d)
{
    struct cli *c = g->run->c;
    check_progress_hide(&g->run->progress);
    cli_say(c, err->msg);
    if (c->json)
        check_put_json_error(c, domain, &err->msg, 0, c->arg_count == 1);
    if (g->has_page)
        check_html_put_error(&d->page, c->lang, domain, &err->msg);
}

static void show(struct given *g, const struct check_report *report, struct shown *d)
{
    struct cli *c = g->run->c;
    if (check_without_dns(report->facts)) {
        check_progress_hide(&g->run->progress);
        cli_say(c, msg_check_no_dns(report->facts->domain));
    }
    if (c->json)
        check_put_json(c, report, 0, c->arg_count == 1);
    else
        check_put_text(c, report, g->width);
    if (g->has_page)
        check_html_put(&d->page, c->lang, report);
}

static void on_ended(void *user, const struct check_item *item, const struct check_report *report,
                     const struct error *err)
{
    struct given *g = user;
    struct cli *c = g->run->c;
    struct shown *d = &g->domains[item->number];
    buf_init(&d->page, PAGE_MAX);
    if (report)
        show(g, report, d);
    else
        show_error(g, item->domain, err, d);
    /* What the views wrote waits for its turn. */
    size_t max = c->out.max;
    d->text = c->out;
    buf_init(&c->out, max);
    d->ended = true;
    print_ended(g);
}

static struct str all_domains(struct given *g)
{
    struct buf names CLEANUP(buf_done);
    struct cli *c = g->run->c;
    buf_init(&names, PAGE_MAX);
    for (size_t i = 0; i < c->arg_count; i++) {
        if (i)
            buf_cstr(&names, ", ");
        buf_cstr(&names, c->args[i]);
    }
    return arena_str(&c->arena, buf_view(&names));
}

static int write_page(struct given *g, const char *path)
{
    struct error err;
    check_html_end(&g->page, g->run->c->lang);
    int rc = g->page.failed ? error_set_memory(&err)
                            : file_write(path, buf_view(&g->page), PAGE_MODE, &err);
    return rc < 0 ? cli_fail(g->run->c, &err) : CLI_FINE;
}

static void given_done(struct given *g)
{
    for (size_t i = 0; g->domains && i < g->run->c->arg_count; i++) {
        buf_done(&g->domains[i].text);
        buf_done(&g->domains[i].page);
    }
    buf_done(&g->page);
}

int check_given(struct check_run *run)
{
    struct cli *c = run->c;
    struct given g CLEANUP(given_done) = {.run = run};
    const char *html = cli_value(c, "html");
    g.width = wrap_width_here();
    g.has_page = html != NULL;
    g.domains = arena_array(&c->arena, c->arg_count, sizeof *g.domains);
    buf_init(&g.page, PAGE_MAX);
    if (!g.domains) {
        cli_say(c, msg_cli_no_memory());
        return CLI_OUTSIDE;
    }
    if (html)
        check_html_begin(&g.page, c->lang, all_domains(&g));
    const struct check_feed feed = {next, on_ended, &g};
    int status = check_run_feed(run, &feed);
    if (c->arg_count > 1 && !c->json)
        check_put_totals(c, &run->totals);
    return html ? cli_worse(status, write_page(&g, html)) : status;
}
