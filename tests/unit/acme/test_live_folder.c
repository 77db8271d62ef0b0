#include "../store/world.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/live_folder.h"

static void ignore(void *context, enum live_event event, struct str name, const struct error *err)
{
    (void)context, (void)event, (void)name, (void)err;
}

static const char *place(const struct world *w, const char *name, char text[4096])
{
    snprintf(text, 4096, "%s/live-%s", w->base, name);
    return text;
}

/* Nothing is passed over in silence: the keeper asks for this number and logs it. */
static void names_beyond_the_most_are_counted(void **state)
{
    static const struct {
        size_t most, passed_over;
    } rows[] = {{4, 0}, {3, 0}, {2, 1}, {1, 2}};
    static const char *const names[] = {"", "/a", "/b", "/c"};
    struct world w CLEANUP(world_done);
    char text[4096];
    (void)state;
    world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(mkdir(place(&w, names[i], text), 0700), 0);
    place(&w, "", text);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct live_folder *folder = live_folder_new(text, rows[i].most);
        for (int look = 0; look < 2; look++) { /* each look counts anew */
            assert_int_equal(live_folder_look(folder, w.store, NOW, ignore, NULL, &w.err), 0);
            assert_int_equal(live_folder_passed_over(folder), rows[i].passed_over);
        }
        live_folder_free(folder);
    }
    for (size_t i = ARRAY_LEN(names); i > 0; i--)
        assert_int_equal(rmdir(place(&w, names[i - 1], text)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_beyond_the_most_are_counted),
    };
    return cmocka_run_group_tests_name("acme live_folder", tests, NULL, NULL);
}
