/* Changes: the file is read afresh under the lock, changed, replaced, and read again. */
#include <unistd.h>

#include "crypto/credentials_int.h"

enum { ARENA_MAX = 512 << 20 };

/* The file's content while it is being changed. */
struct change {
    struct mln_credentials *credentials;
    struct mln_fault *fault;
    struct mln_arena *arena;
    struct mln_secret *text;
    struct mln_cred_image image;
    int lock;
};

static void end_change(struct change *change)
{
    mln_arena_free(change->arena);
    mln_secret_free(change->text);
    if (change->lock >= 0) {
        (void)close(change->lock);
    }
}

/* Ended by end_change, also on failure. */
static mln_err begin_change(struct change *change)
{
    struct mln_credentials *c = change->credentials;

    MLN_REQUIRE(change->arena, NO_MEMORY);
    MLN_TRY(mln_file_lock(c->lock_file, change->fault, &change->lock));
    MLN_TRY(mln_cred_file_read(c, change->fault, &change->text));
    if (!change->text) {
        change->image = (struct mln_cred_image){ 0 };
        return MLN_OK;
    }
    return mln_cred_decode(
        mln_slice_of((const char *)mln_secret_bytes(change->text), mln_secret_len(change->text)),
        change->arena, change->fault, &change->image);
}

static mln_err finish_change(struct change *change)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *text = NULL;

    change->image.generation++;
    MLN_TRY(mln_cred_encode(&change->image, &text));
    MLN_TRY(mln_cred_file_write(
        change->credentials,
        mln_slice_of((const char *)mln_secret_bytes(text), mln_secret_len(text)), change->fault));
    return mln_credentials_reload(change->credentials, change->fault);
}

/* One edit of the content, from its argument. */
typedef mln_err edit_fn(struct change *change, const void *argument);

static mln_err run(struct mln_credentials *credentials, edit_fn *edit, const void *argument,
                   struct mln_fault *fault)
{
    MLN_CLEANUP(end_change)
    struct change change = {
        .credentials = credentials, .fault = fault, .arena = mln_arena_new(ARENA_MAX), .lock = -1
    };
    mln_err err = begin_change(&change);

    if (!mln_failed(err)) {
        err = edit(&change, argument);
    }
    if (!mln_failed(err)) {
        err = finish_change(&change);
    }
    if (mln_failed(err)) {
        mln_fault_set(fault, "%s: %s", credentials->file, mln_err_text(err));
    }
    return err;
}

/* ---- credentials ---- */

/* Index of the row with that canonical Credential-ID, or row_count. */
static size_t find_row(const struct mln_cred_image *image, struct mln_slice credential_id)
{
    size_t i = 0;

    while (i < image->row_count && !mln_slice_eq(image->rows[i].face.id, credential_id)) {
        i++;
    }
    return i;
}

/* The canonical spelling, or the text as it is when it is none in any spelling. */
static struct mln_slice spell(struct mln_slice text, char room[static MLN_CREDENTIAL_ID_MAX])
{
    struct mln_credential_id id;

    return mln_credential_id_parse(text, &id)
               ? mln_slice_of(room, mln_credential_id_put(id.type, id.value, room))
               : text;
}

/* What only adding checks: the file may hold what older rules allowed, and use refuses it. */
static mln_err check_use(const struct mln_cred_row *row, struct mln_fault *fault)
{
    struct mln_credential_id id;

    if (!mln_credential_id_parse(row->face.id, &id) || !mln_suid_fits(row->face.suid, id.type)) {
        mln_fault_set(fault, "SUID %u does not fit '%.*s'", row->face.suid,
                      MLN_S_ARG(row->face.id));
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err check_domain(const struct change *change, struct mln_slice domain)
{
    for (size_t i = 0; domain.len && i < change->image.row_count; i++) {
        if (mln_slice_eq(change->image.rows[i].face.domain, domain)) {
            mln_fault_set(change->fault, "the domain %.*s belongs to %.*s", MLN_S_ARG(domain),
                          MLN_S_ARG(change->image.rows[i].face.id));
            MLN_FAIL(CONFLICT);
        }
    }
    return MLN_OK;
}

static mln_err add(struct change *change, const void *argument)
{
    const struct mln_cred_row *row = argument;
    struct mln_cred_image *image = &change->image;
    struct mln_cred_row *rows;

    if (find_row(image, row->face.id) < image->row_count) {
        mln_fault_set(change->fault, "%.*s is there already", MLN_S_ARG(row->face.id));
        MLN_FAIL(CONFLICT);
    }
    MLN_TRY(check_domain(change, row->face.domain));
    if (image->row_count >= MLN_CREDENTIALS_MAX) {
        mln_fault_set(change->fault, "more than %d credentials", MLN_CREDENTIALS_MAX);
        MLN_FAIL(LIMIT);
    }
    rows = mln_arena_zalloc(change->arena, image->row_count + 1, sizeof *rows);
    MLN_REQUIRE(rows, NO_MEMORY);
    if (image->row_count) {
        memcpy(rows, image->rows, image->row_count * sizeof *rows);
    }
    rows[image->row_count++] = *row;
    image->rows = rows;
    return MLN_OK;
}

mln_err mln_credentials_add(struct mln_credentials *credentials,
                            const struct mln_credential *credential, const struct mln_secret *key,
                            struct mln_fault *fault)
{
    char room[MLN_CREDENTIAL_ID_MAX];
    struct mln_cred_row row = { .face = *credential };

    row.face.id = spell(credential->id, room);
    if (key) {
        row.key = mln_slice_of((const char *)mln_secret_bytes(key), mln_secret_len(key));
    }
    MLN_TRY(mln_cred_check(&row, fault));
    MLN_TRY(check_use(&row, fault));
    return run(credentials, add, &row, fault);
}

static mln_err remove_row(struct change *change, const void *argument)
{
    const struct mln_slice *id = argument;
    struct mln_cred_image *image = &change->image;
    size_t i = find_row(image, *id);

    if (i == image->row_count) {
        mln_fault_set(change->fault, "there is no credential %.*s", MLN_S_ARG(*id));
        MLN_FAIL(NOT_FOUND);
    }
    memmove(&image->rows[i], &image->rows[i + 1], (image->row_count - i - 1) * sizeof *image->rows);
    image->row_count--;
    return MLN_OK;
}

mln_err mln_credentials_remove(struct mln_credentials *credentials, struct mln_slice credential_id,
                               struct mln_fault *fault)
{
    char room[MLN_CREDENTIAL_ID_MAX];
    struct mln_slice id = spell(credential_id, room);

    return run(credentials, remove_row, &id, fault);
}

/* ---- records ---- */

static size_t find_record(const struct mln_cred_image *image, const struct mln_cred_record *wanted)
{
    size_t i = 0;

    while (i < image->record_count && !(mln_slice_eq(image->records[i].kind, wanted->kind) &&
                                        mln_slice_eq(image->records[i].name, wanted->name))) {
        i++;
    }
    return i;
}

static mln_err put_record(struct change *change, const void *argument)
{
    const struct mln_cred_record *record = argument;
    struct mln_cred_image *image = &change->image;
    size_t i = find_record(image, record);
    struct mln_cred_record *records;

    if (i == MLN_RECORDS_MAX) {
        mln_fault_set(change->fault, "more than %d records", MLN_RECORDS_MAX);
        MLN_FAIL(LIMIT);
    }
    records = mln_arena_zalloc(change->arena, image->record_count + 1, sizeof *records);
    MLN_REQUIRE(records, NO_MEMORY);
    if (image->record_count) {
        memcpy(records, image->records, image->record_count * sizeof *records);
    }
    records[i] = *record;
    image->record_count += i == image->record_count;
    image->records = records;
    return MLN_OK;
}

mln_err mln_credentials_put_record(struct mln_credentials *credentials, struct mln_slice kind,
                                   struct mln_slice name, struct mln_slice bytes,
                                   struct mln_fault *fault)
{
    const struct mln_cred_record record = { kind, name, bytes };

    if (!mln_cred_is_record_name(kind) || !mln_cred_is_record_name(name)) {
        mln_fault_set(fault, "a record's kind and name have 1 to %d printable bytes",
                      MLN_RECORD_NAME_MAX);
        MLN_FAIL(CONFIG);
    }
    if (bytes.len == 0 || bytes.len > MLN_RECORD_BYTES_MAX) {
        mln_fault_set(fault, "a record has 1 to %d bytes", MLN_RECORD_BYTES_MAX);
        MLN_FAIL(CONFIG);
    }
    return run(credentials, put_record, &record, fault);
}

static mln_err remove_record(struct change *change, const void *argument)
{
    const struct mln_cred_record *record = argument;
    struct mln_cred_image *image = &change->image;
    size_t i = find_record(image, record);

    if (i == image->record_count) {
        mln_fault_set(change->fault, "there is no %.*s %.*s", MLN_S_ARG(record->kind),
                      MLN_S_ARG(record->name));
        MLN_FAIL(NOT_FOUND);
    }
    memmove(&image->records[i], &image->records[i + 1],
            (image->record_count - i - 1) * sizeof *image->records);
    image->record_count--;
    return MLN_OK;
}

mln_err mln_credentials_remove_record(struct mln_credentials *credentials, struct mln_slice kind,
                                      struct mln_slice name, struct mln_fault *fault)
{
    const struct mln_cred_record record = { kind, name, { 0 } };

    return run(credentials, remove_record, &record, fault);
}
