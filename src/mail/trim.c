#include "mail/trim.h"

#include "mail/sniff.h"

static const struct str kept[] = {
    STR_INIT("content-"),
    STR_INIT("mime-version"),
    STR_INIT("subject"),
    STR_INIT("tls-report-"),
};

static bool is_kept(struct str line)
{
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (str_istarts(line, kept[i]))
            return true;
    return false;
}

static bool is_blank(struct str line)
{
    return str_trim(line).n == 0;
}

bool trim_message(struct str message, struct buf *out)
{
    struct str rest = message;
    bool dropping = false;
    buf_reset(out);
    if (!buf_reserve(out, message.n))
        return false;
    while (rest.n) {
        ssize_t end = str_chr(rest, '\n');
        struct str line = end < 0 ? rest : str_head(rest, (size_t)end + 1);
        if (is_blank(line))
            break;
        if (*line.p != ' ' && *line.p != '\t')
            dropping = !is_kept(line) && sniff_is_field(line);
        if (!dropping)
            buf_str(out, line);
        rest = str_skip(rest, line.n);
    }
    buf_str(out, rest);
    return !out->failed;
}
