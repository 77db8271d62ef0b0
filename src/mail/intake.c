#include "mail/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/folder.h"
#include "mail/mbox.h"
#include "mail/messages.h"
#include "mail/scan.h"

#define READ_SIZE SNIFF_WINDOW
#define LIST_MAX  ((size_t)256 * 1024) /* a name in a zip archive has up to 64 KiB */

struct intake *intake_new(void)
{
    struct intake *in = calloc(1, sizeof *in);
    if (!in)
        return NULL;
    buf_init(&in->input, INTAKE_INPUT_MAX + READ_SIZE);
    buf_init(&in->source, LIST_MAX);
    buf_init(&in->list, LIST_MAX);
    for (size_t i = 0; i < ARRAY_LEN(in->levels); i++) {
        buf_init(&in->levels[i].bytes, 2 * INTAKE_INPUT_MAX);
        message_init(&in->levels[i].message);
    }
    in->inflater = inflater_new();
    in->reader = message_reader_new();
    if (in->inflater && in->reader)
        return in;
    intake_free(in);
    return NULL;
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    for (size_t i = 0; i < ARRAY_LEN(in->levels); i++) {
        message_done(&in->levels[i].message);
        buf_done(&in->levels[i].bytes);
    }
    buf_done(&in->input);
    buf_done(&in->source);
    buf_done(&in->list);
    inflater_free(in->inflater);
    message_reader_free(in->reader);
    free(in);
}

static int64_t scan_result(const struct scan *s)
{
    return s->stop < 0 ? s->stop : s->found;
}

int64_t intake_bytes(struct intake *in, struct str bytes, struct str name,
                     const struct intake_handler *handler)
{
    struct scan s = {.in = in, .handler = handler};
    struct place place = {.kind = PLACE_INPUT, .name = name};
    if (bytes.n > INTAKE_INPUT_MAX && sniff_bytes(bytes) != SNIFF_MBOX) {
        struct error err;
        error_set(&err, ERROR_POLICY, msg_mail_input_too_large(INTAKE_INPUT_MAX));
        scan_error(&s, &place, (int64_t)INTAKE_INPUT_MAX, &err);
    } else {
        scan_input(&s, bytes, &place);
    }
    return scan_result(&s);
}

/* Appends what one read gives: 1, 0 at the end, negative with an error. */
static int read_some(int fd, struct str name, struct buf *to, struct error *err)
{
    char *room = buf_reserve(to, READ_SIZE);
    if (!room)
        return error_set_memory(err);
    ssize_t n;
    do {
        n = read(fd, room, READ_SIZE);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_set_errno(err, errno, name);
    to->n += (size_t)n;
    return n > 0;
}

/* Reads until there is enough to tell what it is, or to the end: 0 at the end. A file that gave as
 * many bytes as its size says is at its end: to ask it once more would cost as much again. */
static int read_first(int fd, off_t size, struct str name, struct buf *to, struct error *err)
{
    int result;
    do {
        result = read_some(fd, name, to, err);
        if (result > 0 && to->n == (size_t)size)
            return 0;
    } while (result > 0 && to->n < SNIFF_WINDOW);
    return result;
}

/* An mbox of any size, a piece at a time; the first piece is in in->input. */
static int stream_mbox(struct scan *s, int fd, const struct place *place, int more,
                       struct error *err)
{
    struct mbox box CLEANUP(mbox_done);
    struct scan_box reading = {s, place, 0};
    struct buf *piece = &s->in->input;
    mbox_init(&box, INTAKE_INPUT_MAX);
    box.message = scan_box_message;
    box.user = &reading;
    struct str bytes = sniff_skip_blanks(buf_view(piece));
    while (mbox_feed(&box, bytes) == 0) {
        buf_reset(piece);
        if (more > 0)
            more = read_some(fd, place->name, piece, err);
        if (more <= 0)
            break;
        bytes = buf_view(piece);
    }
    if (s->stop == 0 && mbox_end(&box) < 0)
        return 0;
    return more;
}

/* size: of a file, as fstat gives it; 0 where nothing is known. */
static int scan_fd(struct scan *s, int fd, off_t size, struct str name)
{
    struct place place = {.kind = PLACE_INPUT, .name = name};
    struct buf *input = &s->in->input;
    struct error err;
    buf_reset(input);
    int more = read_first(fd, size, name, input, &err);
    if (more >= 0 && sniff_bytes(buf_view(input)) == SNIFF_MBOX) {
        more = stream_mbox(s, fd, &place, more, &err);
    } else {
        while (more > 0 && input->n <= INTAKE_INPUT_MAX)
            more = read_some(fd, name, input, &err);
        if (more >= 0 && input->n > INTAKE_INPUT_MAX)
            more = error_set(&err, ERROR_POLICY, msg_mail_input_too_large(INTAKE_INPUT_MAX));
        if (more >= 0)
            scan_input(s, buf_view(input), &place);
    }
    if (more < 0)
        scan_error(s, &place, -1, &err);
    if (input->cap > SCAN_KEEP_MAX)
        buf_done(input);
    return s->stop;
}

static int folder_file(void *user, int fd, struct str path)
{
    return scan_fd(user, fd, 0, path);
}

static void folder_error(void *user, struct str path, const struct error *err)
{
    struct place place = {.kind = PLACE_INPUT, .name = path};
    scan_error(user, &place, -1, err);
}

static void scan_folder(struct scan *s, int fd, struct str path)
{
    const struct folder_handler handler = {s, folder_file, folder_error};
    int64_t found = s->found;
    uint64_t errors = s->errors;
    folder_walk(fd, path, &handler);
    if (s->found == found && s->errors == errors && s->stop == 0) {
        struct error err;
        error_set(&err, ERROR_PERMANENT, msg_mail_folder_empty(path));
        folder_error(s, path, &err);
    }
}

int64_t intake_path(struct intake *in, const char *path, const struct intake_handler *handler)
{
    struct scan s = {.in = in, .handler = handler};
    struct str name = str_from(path);
    struct stat st;
    if (str_eq(name, STR("-"))) {
        scan_fd(&s, STDIN_FILENO, 0, name);
        return scan_result(&s);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        struct error err;
        error_set_errno(&err, errno, name);
        folder_error(&s, name, &err);
    } else if (S_ISDIR(st.st_mode)) {
        scan_folder(&s, fd, name);
        return scan_result(&s);
    } else {
        scan_fd(&s, fd, S_ISREG(st.st_mode) ? st.st_size : 0, name);
    }
    if (fd >= 0)
        close(fd);
    return scan_result(&s);
}
