/* Tests of the spellings of identifiers. */
#include "model/ident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct mln_names names = {
    .sp_id = { "//merlon.example", 16 },
    .cse_id = { "/id-in", 6 },
    .cse_name = { "cse-in", 6 },
};

static struct mln_slice z(const char *text)
{
    return mln_slice_z(text);
}

static void assert_slice(struct mln_slice s, const char *want)
{
    assert_int_equal(s.len, strlen(want));
    if (s.len) {
        assert_memory_equal(s.ptr, want, s.len);
    }
}

/* ---- entities ---- */

static void assert_entity(const char *id, const char *sp, const char *cse, const char *stem)
{
    struct mln_entity e;

    if (!mln_entity_parse(z(id), &names, &e)) {
        fail_msg("%s is refused", id);
    }
    assert_slice(e.sp, sp);
    assert_slice(e.cse, cse);
    assert_slice(e.stem, stem);
}

static void parses_each_spelling_of_an_ae(void **state)
{
    (void)state;
    assert_entity("C1", "merlon.example", "id-in", "C1");
    assert_entity("/id-in/C1", "merlon.example", "id-in", "C1");
    assert_entity("//merlon.example/id-in/C1", "merlon.example", "id-in", "C1");
    assert_entity("S1", "merlon.example", "", "S1");
    assert_entity("/S1", "merlon.example", "", "S1");
    assert_entity("//merlon.example/S1", "merlon.example", "", "S1");
    assert_entity("/id-mn/C190XX7T", "merlon.example", "id-mn", "C190XX7T");
    assert_entity("//m2m.things.com/ab3f124a/Ca2efb3f4", "m2m.things.com", "ab3f124a", "Ca2efb3f4");
    assert_entity("//m2m.things.com/S98821", "m2m.things.com", "", "S98821");
    assert_entity("C-._~0", "merlon.example", "id-in", "C-._~0");
}

static void parses_each_spelling_of_a_cse(void **state)
{
    (void)state;
    assert_entity("/id-in", "merlon.example", "id-in", "");
    assert_entity("//merlon.example/id-in", "merlon.example", "id-in", "");
    assert_entity("/123A38ZZY", "merlon.example", "123A38ZZY", "");
    assert_entity("//other.example/id-in", "other.example", "id-in", "");
    assert_entity("/C1", "merlon.example", "C1", "");
}

/* "/S..." is an AE, but a CSE whose ID begins with S knows itself. */
static void knows_our_own_cse_id_from_a_stem(void **state)
{
    struct mln_names ours = names;
    struct mln_entity e;

    (void)state;
    ours.cse_id = MLN_S("/Server");
    assert_true(mln_entity_parse(MLN_S("/Server"), &ours, &e));
    assert_slice(e.cse, "Server");
    assert_slice(e.stem, "");
    assert_true(mln_entity_parse(MLN_S("//Merlon.Example/Server"), &ours, &e));
    assert_slice(e.cse, "Server");
    assert_true(mln_entity_parse(MLN_S("//other.example/Server"), &ours, &e));
    assert_slice(e.stem, "Server");
    assert_true(mln_entity_parse(MLN_S("/Server2"), &ours, &e));
    assert_slice(e.stem, "Server2");
    assert_true(mln_entity_parse(MLN_S("/Server/C1"), &ours, &e));
    assert_slice(e.cse, "Server");
    assert_slice(e.stem, "C1");
}

/* Where only a CSE can be meant, "/Sxyz" is one; and it is written as short as it can be. */
static void parses_what_must_be_a_cse(void **state)
{
    static const struct {
        const char *id;
        const char *sp;
        const char *written;
    } rows[] = {
        { "/cse1", "merlon.example", "/cse1" },
        { "/Sxyz", "merlon.example", "/Sxyz" },
        { "/Cxyz", "merlon.example", "/Cxyz" },
        { "//Merlon.example/cse1", "Merlon.example", "/cse1" },
        { "//far.example/Sxyz", "far.example", "//far.example/Sxyz" },
    };
    static const char *const wrong[] = { "",        "/",          "//",   "cse1",         "C1",
                                         "//a.b",   "//a.b/",     "/a/b", "//a.b/cse/C1", "/a b",
                                         "///cse1", "//a b/cse1", "/a#" };
    struct mln_arena *arena = mln_arena_new(4096);
    struct mln_entity e;
    struct mln_slice written;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(mln_entity_parse_cse(z(rows[i].id), &names, &e));
        assert_slice(e.sp, rows[i].sp);
        assert_slice(e.stem, "");
        assert_false(mln_failed(mln_entity_cse_id(&e, &names, arena, &written)));
        assert_slice(written, rows[i].written);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (mln_entity_parse_cse(z(wrong[i]), &names, &e)) {
            fail_msg("%s is taken for a CSE-ID", wrong[i]);
        }
    }
    mln_arena_free(arena);
}

static void refuses_what_is_no_entity(void **state)
{
    static const char *const wrong[] = {
        "",
        "/",
        "//",
        "///",
        "C",
        "S",
        "A1",
        "c1",
        "s1",
        "1C",
        "C 1",
        "C%41",
        "C/1",
        "C1/",
        "id-in",
        "id-in/C1",
        "cse-in/ae1",
        "/id-in/",
        "/id-in/S1",
        "/id-in/A1",
        "/id-in/C",
        "/id-in/C1/",
        "/id-in/C1/x",
        "/id-in//C1",
        "/id in",
        "/%69d-in",
        "//merlon.example",
        "//merlon.example/",
        "//merlon.example//C1",
        "//merlon.example/id-in/",
        "///id-in",
        "//-bad.example/id-in",
        "//bad-.example/id-in",
        "//bad..example/id-in",
        "//bad.example./C1",
        "//bad_name.example/id-in",
        "//sp:80/id-in",
        "http://merlon.example/id-in",
        "all",
        "*",
        "/id-in/C*",
        "/.",
        "/..",
        "/../C1",
        "C\xC3\xA9",
    };
    struct mln_entity e;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (mln_entity_parse(z(wrong[i]), &names, &e)) {
            fail_msg("'%s' is taken for an entity", wrong[i]);
        }
    }
    assert_false(mln_entity_parse(mln_slice_of("C1\0", 3), &names, &e));
    assert_false(mln_entity_parse(mln_slice_of(NULL, 0), &names, &e));
}

static bool same(const char *a, const char *b)
{
    struct mln_entity ea;
    struct mln_entity eb;

    assert_true(mln_entity_parse(z(a), &names, &ea));
    assert_true(mln_entity_parse(z(b), &names, &eb));
    assert_int_equal(mln_entity_eq(&ea, &eb), mln_entity_eq(&eb, &ea));
    return mln_entity_eq(&ea, &eb);
}

static void compares_entities(void **state)
{
    (void)state;
    assert_true(same("C1", "/id-in/C1"));
    assert_true(same("C1", "//merlon.example/id-in/C1"));
    assert_true(same("C1", "//MERLON.Example/id-in/C1"));
    assert_true(same("S1", "//merlon.example/S1"));
    assert_true(same("/id-in", "//merlon.example/id-in"));
    assert_false(same("C1", "C2"));
    assert_false(same("C1", "/id-mn/C1"));
    assert_false(same("C1", "/ID-IN/C1"));
    assert_false(same("Cab", "CAB"));
    assert_false(same("C1", "//other.example/id-in/C1"));
    assert_false(same("S1", "//other.example/S1"));
    assert_false(same("/id-in", "/id-in/C1"));
    assert_false(same("/id-in", "/id-in2"));
}

/* ---- shapes ---- */

static void knows_stems(void **state)
{
    (void)state;
    assert_true(mln_ident_is_stem(MLN_S("C1")));
    assert_true(mln_ident_is_stem(MLN_S("SmyAE~1")));
    assert_false(mln_ident_is_stem(MLN_S("")));
    assert_false(mln_ident_is_stem(MLN_S("C")));
    assert_false(mln_ident_is_stem(MLN_S("S")));
    assert_false(mln_ident_is_stem(MLN_S("X1")));
    assert_false(mln_ident_is_stem(MLN_S("c1")));
    assert_false(mln_ident_is_stem(MLN_S("/C1")));
    assert_false(mln_ident_is_stem(MLN_S("C1/")));
    assert_false(mln_ident_is_stem(MLN_S("C 1")));
    assert_false(mln_ident_is_stem(MLN_S("C*")));
}

static void knows_cse_ids(void **state)
{
    (void)state;
    assert_true(mln_ident_is_cse_id(MLN_S("/id-in")));
    assert_true(mln_ident_is_cse_id(MLN_S("/S")));
    assert_true(mln_ident_is_cse_id(MLN_S("/a.b_c~d-e")));
    assert_false(mln_ident_is_cse_id(MLN_S("")));
    assert_false(mln_ident_is_cse_id(MLN_S("/")));
    assert_false(mln_ident_is_cse_id(MLN_S("id-in")));
    assert_false(mln_ident_is_cse_id(MLN_S("//id-in")));
    assert_false(mln_ident_is_cse_id(MLN_S("/id/in")));
    assert_false(mln_ident_is_cse_id(MLN_S("/id in")));
    assert_false(mln_ident_is_cse_id(MLN_S("/.")));
    assert_false(mln_ident_is_cse_id(MLN_S("/..")));
}

static void knows_sp_ids(void **state)
{
    char label[80];

    (void)state;
    assert_true(mln_ident_is_sp_id(MLN_S("//merlon.example")));
    assert_true(mln_ident_is_sp_id(MLN_S("//globalm2m")));
    assert_true(mln_ident_is_sp_id(MLN_S("//3gpp.ORG")));
    assert_true(mln_ident_is_sp_id(MLN_S("//a-b.c")));
    assert_false(mln_ident_is_sp_id(MLN_S("//")));
    assert_false(mln_ident_is_sp_id(MLN_S("/merlon.example")));
    assert_false(mln_ident_is_sp_id(MLN_S("merlon.example")));
    assert_false(mln_ident_is_sp_id(MLN_S("//merlon.example/")));
    assert_false(mln_ident_is_sp_id(MLN_S("//merlon..example")));
    assert_false(mln_ident_is_sp_id(MLN_S("//.example")));
    assert_false(mln_ident_is_sp_id(MLN_S("//example.")));
    assert_false(mln_ident_is_sp_id(MLN_S("//-a.example")));
    assert_false(mln_ident_is_sp_id(MLN_S("//a-.example")));
    assert_false(mln_ident_is_sp_id(MLN_S("//a_b.example")));
    assert_false(mln_ident_is_sp_id(MLN_S("//m\xC3\xBCller.example")));
    memset(label, 'a', sizeof label);
    label[0] = label[1] = '/';
    assert_true(mln_ident_is_sp_id(mln_slice_of(label, 2 + 63)));
    assert_false(mln_ident_is_sp_id(mln_slice_of(label, 2 + 64)));
}

static void bounds_domain_names(void **state)
{
    char id[2 + 254];

    (void)state;
    for (size_t i = 0; i < sizeof id; i++) {
        id[i] = i % 4 == 1 ? '.' : 'a';
    }
    id[0] = id[1] = '/';
    id[2] = 'a';
    id[sizeof id - 1] = 'a';
    assert_true(mln_ident_is_sp_id(mln_slice_of(id, 2 + 253)));
    assert_false(mln_ident_is_sp_id(mln_slice_of(id, 2 + 254)));
}

static void knows_names(void **state)
{
    (void)state;
    assert_true(mln_ident_is_name(MLN_S("myLightBulb")));
    assert_true(mln_ident_is_name(MLN_S("123Sensor")));
    assert_true(mln_ident_is_name(MLN_S("a-b.c_d")));
    assert_false(mln_ident_is_name(MLN_S("")));
    assert_false(mln_ident_is_name(MLN_S("-a")));
    assert_false(mln_ident_is_name(MLN_S("_a")));
    assert_false(mln_ident_is_name(MLN_S(".")));
    assert_false(mln_ident_is_name(MLN_S("..")));
    assert_false(mln_ident_is_name(MLN_S("a~b")));
    assert_false(mln_ident_is_name(MLN_S("a/b")));
    assert_false(mln_ident_is_name(MLN_S("a b")));
    assert_false(mln_ident_is_name(MLN_S("a\"b")));
    assert_false(mln_ident_is_name(MLN_S("a%20b")));
    assert_false(mln_ident_is_name(MLN_S("\xC3\xA9")));
    assert_false(mln_ident_is_name(mln_slice_of("a\0", 2)));
}

/* Exactly the 66 characters of RFC 3986 2.3. */
static void knows_unreserved_characters(void **state)
{
    int count = 0;

    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[] = { 'a', (char)c, 'b' };

        count += mln_ident_is_unreserved(mln_slice_of(text, sizeof text));
    }
    assert_int_equal(count, 66);
    assert_true(mln_ident_is_unreserved(MLN_S("-._~azAZ09")));
    assert_false(mln_ident_is_unreserved(MLN_S("")));
}

static void knows_urls(void **state)
{
    (void)state;
    assert_true(mln_ident_is_url(MLN_S("http://127.0.0.1:8080/")));
    assert_true(mln_ident_is_url(MLN_S("mqtt://broker")));
    assert_true(mln_ident_is_url(MLN_S("coap+tcp://x")));
    assert_true(mln_ident_is_url(MLN_S("HTTPS://x")));
    assert_false(mln_ident_is_url(MLN_S("")));
    assert_false(mln_ident_is_url(MLN_S("http:")));
    assert_false(mln_ident_is_url(MLN_S("http:/")));
    assert_false(mln_ident_is_url(MLN_S("http://")));
    assert_false(mln_ident_is_url(MLN_S("://x")));
    assert_false(mln_ident_is_url(MLN_S("1http://x")));
    assert_false(mln_ident_is_url(MLN_S("ht tp://x")));
    assert_false(mln_ident_is_url(MLN_S("//merlon.example/id-in")));
    assert_false(mln_ident_is_url(MLN_S("/id-in/C1")));
    assert_false(mln_ident_is_url(MLN_S("cse-in/x://y")));
}

/* ---- places ---- */

static void assert_here(const char *to, const char *want)
{
    struct mln_slice local;

    if (mln_ident_place(z(to), &names, &local) != MLN_PLACE_HERE) {
        fail_msg("'%s' is not here", to);
    }
    assert_slice(local, want);
}

static void assert_place(const char *to, enum mln_place want)
{
    struct mln_slice local = MLN_S("untouched");
    enum mln_place place = mln_ident_place(z(to), &names, &local);

    if (place != want) {
        fail_msg("'%s' is at place %d", to, (int)place);
    }
    assert_slice(local, "untouched");
}

static void finds_the_csebase(void **state)
{
    static const char *const spellings[] = {
        "cse-in",
        "-",
        ".",
        "/id-in",
        "/id-in/",
        "/id-in/cse-in",
        "/id-in/-",
        "/id-in/.",
        "//merlon.example/id-in",
        "//merlon.example/id-in/",
        "//merlon.example/id-in/cse-in",
        "//merlon.example/id-in/-",
        "//MERLON.EXAMPLE/id-in",
        "cse-in/",
        "-/",
        "./",
        "/id-in/cse-in/",
        "//merlon.example/id-in/-/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        assert_here(spellings[i], "");
    }
}

static void finds_resources_here(void **state)
{
    (void)state;
    assert_here("cse-in/ae1/c1", "cse-in/ae1/c1");
    assert_here("-/ae1", "-/ae1");
    assert_here("./HVAC-AE/WaterTemp", "./HVAC-AE/WaterTemp");
    assert_here("cnt00001", "cnt00001");
    assert_here("cnt00001/la", "cnt00001/la");
    assert_here("C190XX7T", "C190XX7T");
    assert_here("/id-in/cse-in/ae1", "cse-in/ae1");
    assert_here("/id-in/-/ae1", "-/ae1");
    assert_here("/id-in/cnt00001", "cnt00001");
    assert_here("//merlon.example/id-in/cnt00001/la", "cnt00001/la");
    assert_here("//Merlon.example/id-in/cse-in/ae1", "cse-in/ae1");
    assert_here("cse-in/ae1/", "cse-in/ae1");
    assert_here("/id-in/cnt00001/", "cnt00001");
    assert_here("CSE-IN", "CSE-IN");
    assert_here("cse-in/-/x", "cse-in/-/x");
    assert_here("cse-in2", "cse-in2");
}

static void finds_resources_elsewhere(void **state)
{
    (void)state;
    assert_place("/id-mn", MLN_PLACE_OTHER_CSE);
    assert_place("/id-mn/", MLN_PLACE_OTHER_CSE);
    assert_place("/id-mn/cse-mn/ae1", MLN_PLACE_OTHER_CSE);
    assert_place("/ID-IN", MLN_PLACE_OTHER_CSE);
    assert_place("/S1", MLN_PLACE_OTHER_CSE);
    assert_place("//merlon.example/id-mn/x", MLN_PLACE_OTHER_CSE);
    assert_place("//other.example/id-in", MLN_PLACE_OTHER_SP);
    assert_place("//other.example/id-in/cse-in/x", MLN_PLACE_OTHER_SP);
    assert_place("//merlon.example.org/id-in", MLN_PLACE_OTHER_SP);
}

static void refuses_what_is_no_address(void **state)
{
    static const char *const wrong[] = {
        "",
        "/",
        "//",
        "///",
        "////",
        "//merlon.example",
        "//merlon.example/",
        "//other.example/",
        "//merlon.example//id-in",
        "///id-in",
        "/id-in//",
        "/id-in//x",
        "cse-in//x",
        "cse-in/x//",
        "cse-in/x%20y",
        "cse-in/%2e%2e",
        "cse-in/..",
        "cse-in/../x",
        "..",
        "../x",
        "cse-in/./x",
        "/id-in/..",
        "/..",
        "/./x",
        "cse-in/a b",
        "cse-in/a\"b",
        "cse-in/a\nb",
        "cse-in?fu=1",
        "cse-in#lbl",
        "cse-in/\xC3\xA9",
        "/id in/x",
        "//sp_x/id-in",
        "//sp:80/id-in",
        "http://127.0.0.1/x",
        "*",
        "/id-mn//x",
        "/id-mn/../x",
        "//other.example/id/a//b",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_place(wrong[i], MLN_PLACE_INVALID);
    }
}

/* ---- wildcards ---- */

static bool match(const char *pattern, const char *text)
{
    return mln_ident_match(z(pattern), z(text), '\0');
}

static bool match_path(const char *pattern, const char *text)
{
    return mln_ident_match(z(pattern), z(text), '/');
}

static void matches_wildcards(void **state)
{
    (void)state;
    assert_true(match("", ""));
    assert_true(match("*", ""));
    assert_true(match("**", ""));
    assert_true(match("*", "anything/at all"));
    assert_true(match("abc", "abc"));
    assert_true(match("a*", "a"));
    assert_true(match("a*c", "ac"));
    assert_true(match("a*c", "abbbc"));
    assert_true(match("*c", "abc"));
    assert_true(match("*b*", "abc"));
    assert_true(match("a*b*c", "a-b-b-c"));
    assert_true(match("*aab", "aaaaaab"));
    assert_true(match("*ab*ab", "abab"));
    assert_true(match("a**c", "abc"));
    assert_false(match("", "a"));
    assert_false(match("a", ""));
    assert_false(match("abc", "abcd"));
    assert_false(match("abc", "xabc"));
    assert_false(match("a*", "ba"));
    assert_false(match("*c", "abcd"));
    assert_false(match("a*a", "a"));
    assert_false(match("ab*ba", "aba"));
    assert_false(match("*ab*ab", "ab"));
    assert_false(match("a*b*c", "acb"));
    assert_false(match("A*", "abc"));
    assert_true(mln_ident_match(MLN_S("*"), (struct mln_slice){ 0 }, '\0'));
    assert_true(mln_ident_match((struct mln_slice){ 0 }, (struct mln_slice){ 0 }, '/'));
    assert_false(mln_ident_match(MLN_S("a"), (struct mln_slice){ 0 }, '/'));
}

static void keeps_wildcards_between_the_stops(void **state)
{
    (void)state;
    assert_true(match_path("/cse1/C*", "/cse1/Cabc"));
    assert_true(match_path("/*/C*", "/cse1/Cabc"));
    assert_true(match_path("//*/cse1/C1", "//any.example/cse1/C1"));
    assert_true(match_path("*", "abc"));
    assert_true(match_path("", ""));
    assert_true(match_path("a*/b*c", "axx/bc"));
    assert_true(match_path("/", "/"));
    assert_true(match_path("*/", "a/"));
    assert_false(match_path("/cse1/C*", "/cse1/Cabc/x"));
    assert_false(match_path("/cse1/C*", "/cse2/Cabc"));
    assert_false(match_path("*", "a/b"));
    assert_false(match_path("*", "/"));
    assert_false(match_path("a*", "a/"));
    assert_false(match_path("a*b", "a/b"));
    assert_false(match_path("*/x", "a/b/x"));
    assert_false(match_path("/*", "x"));
}

/* Against a plain search by trying everything. */
static bool slow_match(const char *p, const char *t, char stop)
{
    if (*p == '\0') {
        return *t == '\0';
    }
    if (*p != '*') {
        return *t == *p && slow_match(p + 1, t + 1, stop);
    }
    do {
        if (slow_match(p + 1, t, stop)) {
            return true;
        }
    } while (*t != '\0' && *t++ != stop);
    return false;
}

static void spell(char *out, size_t len, unsigned n, const char *letters, unsigned base)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = letters[n % base];
        n /= base;
    }
    out[len] = '\0';
}

static void matches_as_an_exhaustive_search_does(void **state)
{
    char pattern[8];
    char text[8];

    (void)state;
    for (unsigned i = 0; i < 4 * 4 * 4 * 4 * 4; i++) {
        spell(pattern, 5, i, "ab*/", 4);
        for (unsigned j = 0; j < 3 * 3 * 3 * 3 * 3; j++) {
            spell(text, j % 6, j, "ab/", 3);
            assert_int_equal(match(pattern, text), slow_match(pattern, text, '\0'));
            assert_int_equal(match_path(pattern, text), slow_match(pattern, text, '/'));
        }
    }
}

/* Hours if each '*' were tried at each place. */
static void matches_in_linear_time(void **state)
{
    static char text[200000];
    static char pattern[2000];

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = i % 2 ? 'a' : '*';
    }
    pattern[sizeof pattern - 1] = 'b';
    assert_false(mln_ident_match(mln_slice_of(pattern, sizeof pattern),
                                 mln_slice_of(text, sizeof text), '\0'));
    assert_false(mln_ident_match(mln_slice_of(pattern, sizeof pattern),
                                 mln_slice_of(text, sizeof text), '/'));
    pattern[sizeof pattern - 1] = 'a';
    assert_true(mln_ident_match(mln_slice_of(pattern, sizeof pattern),
                                mln_slice_of(text, sizeof text), '\0'));
}

static void knows_registrations(void **state)
{
    static const struct {
        const char *id;
        const char *cse_id; /* NULL: it is none */
        const char *stem;
    } rows[] = {
        { "/mn/S", "/mn", "S" },
        { "/mn/Sx", "/mn", "Sx" },
        { "//merlon.example/mn/Sx", "//merlon.example/mn", "Sx" },
        { "/Smn/Sx", "/Smn", "Sx" },
        { "/mn/Cx", NULL, NULL },
        { "/mn/", NULL, NULL },
        { "/mn", NULL, NULL },
        { "/Sx", NULL, NULL },
        { "//Sx", NULL, NULL },
        { "//merlon.example/Sx", NULL, NULL },
        { "Sx", NULL, NULL },
        { "S", NULL, NULL },
        { "", NULL, NULL },
        { "mn/Sx", NULL, NULL },
        { "/mn/base/Sx", NULL, NULL },
        { "/mn/S*", NULL, NULL },
        { "/../Sx", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mln_slice cse_id = { 0 };
        struct mln_slice stem = { 0 };
        bool is_one = mln_ident_is_registration(mln_slice_z(rows[i].id), &names, &cse_id, &stem);

        assert_int_equal(is_one, rows[i].cse_id != NULL);
        if (is_one) {
            assert_true(mln_slice_eq(cse_id, mln_slice_z(rows[i].cse_id)));
            assert_true(mln_slice_eq(stem, mln_slice_z(rows[i].stem)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_each_spelling_of_an_ae),
        cmocka_unit_test(parses_each_spelling_of_a_cse),
        cmocka_unit_test(knows_our_own_cse_id_from_a_stem),
        cmocka_unit_test(parses_what_must_be_a_cse),
        cmocka_unit_test(refuses_what_is_no_entity),
        cmocka_unit_test(compares_entities),
        cmocka_unit_test(knows_stems),
        cmocka_unit_test(knows_cse_ids),
        cmocka_unit_test(knows_sp_ids),
        cmocka_unit_test(bounds_domain_names),
        cmocka_unit_test(knows_names),
        cmocka_unit_test(knows_registrations),
        cmocka_unit_test(knows_unreserved_characters),
        cmocka_unit_test(knows_urls),
        cmocka_unit_test(finds_the_csebase),
        cmocka_unit_test(finds_resources_here),
        cmocka_unit_test(finds_resources_elsewhere),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(matches_wildcards),
        cmocka_unit_test(keeps_wildcards_between_the_stops),
        cmocka_unit_test(matches_as_an_exhaustive_search_does),
        cmocka_unit_test(matches_in_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
