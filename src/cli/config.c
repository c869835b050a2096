/* The configuration file of the client commands: $XDG_CONFIG_HOME/merlon/client.conf.
 *
 *     # comment
 *     url = http://cse.example:8080
 *     originator = Cmonitor
 *
 *     [other.example:8443]
 *     psk-id = monitor@other.example
 *     psk-file = other.key
 *
 * What stands below "[AUTHORITY]" is for the CSE whose URL has this host, and port if one is given.
 * Keys are the names of the options they stand for; whatever is no known key is an error. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "cli/session.h"

enum { FILE_MAX = 65536, PATH_SIZE = 4096 };

/* Empty when neither variable says where. */
static mln_err find_file(struct mln_arena *arena, const char **ret)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    struct mln_slice path = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, PATH_SIZE);
    if (base && base[0] == '/') { /* a relative one is to be ignored, says its specification */
        mln_buf_printf(&out, "%s/merlon/client.conf", base);
    } else if (home && *home) {
        mln_buf_printf(&out, "%s/.config/merlon/client.conf", home);
    }
    mln_buf_byte(&out, '\0');
    MLN_TRY(mln_buf_finish(&out, &path));
    *ret = path.ptr;
    return MLN_OK;
}

struct reading {
    struct mln_cli_settings *settings;
    struct mln_cli_settings top;     /* above all sections */
    struct mln_cli_settings section; /* the present one, if there is one */
    struct mln_cli_settings best;    /* the section that fits the URL best */
    int best_closeness;
    bool has_fitting[3];   /* by closeness: was there a section? */
    const char *authority; /* of the present section; NULL: above all */
    struct mln_arena *arena;
    const char *path;
    size_t line;
    struct mln_fault *fault;
};

static mln_err refuse_key(const struct reading *r, struct mln_slice key)
{
    struct mln_nearest nearest;

    mln_nearest_init(&nearest, key);
    for (size_t i = 0; mln_cli_setting_name(i); i++) {
        mln_nearest_offer(&nearest, mln_slice_z(mln_cli_setting_name(i)));
    }
    mln_fault_set(r->fault, "%s:%zu: unknown key '%.*s'%s%.*s%s", r->path, r->line, MLN_S_ARG(key),
                  nearest.count ? ", did you mean " : "", MLN_S_ARG(nearest.best[0]),
                  nearest.count ? "?" : "");
    MLN_FAIL(CONFIG);
}

/* Paths are seen from the directory of the file. */
static mln_err place_path(const struct reading *r, const char **value)
{
    const char *slash = strrchr(r->path, '/');
    struct mln_slice path = { 0 };
    struct mln_buf out;

    if (**value == '/' || !slash) {
        return MLN_OK;
    }
    mln_buf_init(&out, r->arena, PATH_SIZE);
    mln_buf_add(&out, mln_slice_of(r->path, (size_t)(slash - r->path) + 1));
    mln_buf_add(&out, mln_slice_z(*value));
    mln_buf_byte(&out, '\0');
    MLN_TRY(mln_buf_finish(&out, &path));
    *value = path.ptr;
    return MLN_OK;
}

static mln_err take_pair(struct reading *r, struct mln_slice key, struct mln_slice text)
{
    const char *name = mln_arena_zdup(r->arena, key);
    const char *value = mln_arena_zdup(r->arena, text);
    struct mln_fault told = { 0 };
    bool is_path = false;
    const char **place;

    MLN_REQUIRE(name && value, NO_MEMORY);
    place = mln_cli_setting(r->authority ? &r->section : &r->top, name, &is_path);
    if (!place) {
        return refuse_key(r, key);
    }
    if (r->authority && strcmp(name, "url") == 0) {
        mln_fault_set(r->fault, "%s:%zu: the url stands above all sections", r->path, r->line);
        MLN_FAIL(CONFIG);
    }
    if (*place) {
        mln_fault_set(r->fault, "%s:%zu: %s is set twice", r->path, r->line, name);
        MLN_FAIL(CONFIG);
    }
    if (mln_failed(mln_cli_check_setting(name, value, &told))) {
        mln_fault_set(r->fault, "%s:%zu: %s", r->path, r->line, told.text);
        MLN_FAIL(CONFIG);
    }
    if (is_path) {
        MLN_TRY(place_path(r, &value));
    }
    *place = value;
    return MLN_OK;
}

/* The URL is known when the first section begins: it stands above them. */
static mln_err end_section(struct reading *r)
{
    const char *url = r->settings->url ? r->settings->url : r->top.url;
    int closeness;

    if (!r->authority) {
        return MLN_OK;
    }
    closeness = merlon_url_is_at(url ? url : mln_cli_default_url, r->authority);
    if (closeness && r->has_fitting[closeness]) {
        mln_fault_set(r->fault, "%s: there are two sections [%s]", r->path, r->authority);
        MLN_FAIL(CONFIG);
    }
    r->has_fitting[closeness] = true;
    if (closeness > r->best_closeness) {
        r->best = r->section;
        r->best_closeness = closeness;
    }
    return MLN_OK;
}

/* A URL in its place would be at no CSE, and what stands below never be used. */
static bool is_authority(const struct reading *r, const char *text)
{
    struct mln_buf out;
    struct mln_slice url = { 0 };

    mln_buf_init(&out, r->arena, PATH_SIZE);
    mln_buf_printf(&out, "https://%s", text);
    mln_buf_byte(&out, '\0');
    return !mln_failed(mln_buf_finish(&out, &url)) && merlon_url_is_at(url.ptr, text) > 0;
}

static mln_err begin_section(struct reading *r, struct mln_slice line)
{
    struct mln_slice name = mln_slice_head(mln_slice_from(line, 1), line.len - 2);

    if (line.len < 3 || line.ptr[line.len - 1] != ']') {
        mln_fault_set(r->fault, "%s:%zu: no '[HOST]' or '[HOST:PORT]'", r->path, r->line);
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(end_section(r));
    memset(&r->section, 0, sizeof r->section);
    r->authority = mln_arena_zdup(r->arena, mln_slice_trim(name));
    MLN_REQUIRE(r->authority, NO_MEMORY);
    if (!is_authority(r, r->authority)) {
        mln_fault_set(r->fault, "%s:%zu: '[%s]' is no '[HOST]' or '[HOST:PORT]'", r->path, r->line,
                      r->authority);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

/* What is nearer to the CSE goes before what is general. */
static mln_err conclude(struct reading *r)
{
    MLN_TRY(end_section(r));
    if (mln_cli_has_credential(&r->top) && !r->top.url) {
        mln_fault_set(r->fault,
                      "%s: a credential above all sections is for the url above them, "
                      "but there is none",
                      r->path);
        MLN_FAIL(CONFIG);
    }
    mln_cli_settings_merge(r->settings, &r->best);
    mln_cli_settings_merge(r->settings, &r->top);
    return MLN_OK;
}

static mln_err take_line(struct reading *r, struct mln_slice line)
{
    struct mln_slice key;

    if (mln_slice_ends(line, MLN_S("\r"))) {
        line.len--;
    }
    line = mln_slice_trim(line);
    if (line.len == 0 || line.ptr[0] == '#') {
        return MLN_OK;
    }
    if (line.ptr[0] == '[') {
        return begin_section(r, line);
    }
    key = mln_slice_trim(mln_slice_cut(&line, '='));
    if (!line.ptr) {
        mln_fault_set(r->fault, "%s:%zu: no 'key = value'", r->path, r->line);
        MLN_FAIL(CONFIG);
    }
    return take_pair(r, key, mln_slice_trim(line));
}

mln_err mln_config_read(struct mln_cli_settings *settings, struct mln_arena *arena,
                        struct mln_fault *fault)
{
    struct reading r = { .settings = settings, .arena = arena, .fault = fault };
    struct mln_slice rest = { 0 };
    mln_err err;

    MLN_TRY(find_file(arena, &r.path));
    if (!*r.path || (access(r.path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))) {
        return MLN_OK;
    }
    err = mln_cli_read_file(r.path, FILE_MAX, arena, &rest, fault);
    if (mln_failed(err)) { /* as with the server's file */
        return err.code == MLN_ERR_NO_MEMORY ? err : MLN_ERROR(CONFIG);
    }
    while (rest.ptr && rest.len) {
        r.line++;
        MLN_TRY(take_line(&r, mln_slice_cut(&rest, '\n')));
    }
    return conclude(&r);
}
