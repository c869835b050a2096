/* TLS on a socket: OpenSSL driven by the loop, without blocking.
 *
 * A BIO of our own carries the bytes: it raises no SIGPIPE and counts what the handshake takes, and
 * later what a call takes: OpenSSL would go on for as long as records come that hold no bytes, such
 * as key updates. It reads ahead, so one system call usually brings a whole record. */
#include "io/secure.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/mem.h"

enum {
    RECORD = 16384,
    TOGETHER = 4096,      /* smaller pieces share a record */
    AT_ONCE = 2 * RECORD, /* read from the socket at once, beside what bytes there are in it */
};

struct mln_secure {
    struct mln_tls_slot *slot;
    uint64_t serial;           /* of the slot when the peer was last believed */
    struct mln_tls_link *link; /* NULL before the first byte */
    SSL *ssl;                  /* the link's */
    int fd;
    bool is_done;          /* the handshake */
    bool has_begun;        /* the peer has sent something */
    bool is_ended;         /* a close_notify has come */
    bool is_dry;           /* what OpenSSL holds is no whole record */
    bool is_closed;        /* our close_notify has left */
    bool read_waits_write; /* the last receive needs the socket writable */
    bool write_waits_read; /* the last send needs it readable */
    size_t handshake_left; /* bytes that the handshake may still take */
    size_t read_left;      /* bytes that the present receive may still take, after that */
};

/* ---- the BIO ---- */

static int bio_read(BIO *bio, char *to, int room)
{
    struct mln_secure *s = BIO_get_data(bio);
    ssize_t n;

    BIO_clear_retry_flags(bio);
    if (!s->is_done && s->handshake_left == 0) {
        errno = EMSGSIZE;
        return -1;
    }
    if (s->is_done && s->read_left == 0) { /* the socket, which can be read, brings us back */
        BIO_set_retry_read(bio);
        return -1;
    }
    do {
        n = recv(s->fd, to, (size_t)room, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        BIO_set_retry_read(bio);
    }
    if (n > 0) {
        size_t *left = s->is_done ? &s->read_left : &s->handshake_left;

        s->has_begun = true;
        *left -= (size_t)n < *left ? (size_t)n : *left;
    }
    return (int)n;
}

static int bio_write(BIO *bio, const char *from, int len)
{
    const struct mln_secure *s = BIO_get_data(bio);
    ssize_t n;

    BIO_clear_retry_flags(bio);
    do {
        n = send(s->fd, from, (size_t)len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        BIO_set_retry_write(bio);
    }
    return (int)n;
}

static long bio_control(BIO *bio, int command, long number, void *data)
{
    (void)bio;
    (void)number;
    (void)data;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *method;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "merlon socket");
    if (method &&
        (BIO_meth_set_read(method, bio_read) != 1 || BIO_meth_set_write(method, bio_write) != 1 ||
         BIO_meth_set_ctrl(method, bio_control) != 1)) {
        BIO_meth_free(method);
        method = NULL;
    }
}

static BIO *bio_of(struct mln_secure *s)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    BIO *bio;

    (void)pthread_once(&once, make_method);
    bio = method ? BIO_new(method) : NULL;
    if (bio) {
        BIO_set_data(bio, s);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* ---- life ---- */

mln_err mln_secure_new(struct mln_tls_slot *slot, int fd, size_t max_handshake,
                       struct mln_secure **ret)
{
    struct mln_secure *s = mln_calloc(1, sizeof *s);

    MLN_REQUIRE(s, NO_MEMORY);
    s->slot = slot;
    s->fd = fd;
    s->handshake_left = max_handshake;
    *ret = s;
    return MLN_OK;
}

void mln_secure_free(struct mln_secure *secure)
{
    if (secure) {
        mln_tls_link_free(secure->link);
        mln_free(secure);
    }
}

/* ---- the handshake ---- */

static mln_err begin(struct mln_secure *s)
{
    uint64_t serial = mln_tls_slot_serial(s->slot); /* first: a newer context is looked at again */
    MLN_CLEANUP(mln_tls_unrefp) struct mln_tls *tls = mln_tls_slot_get(s->slot);
    BIO *bio;

    s->serial = serial;
    MLN_REQUIRE(tls, CONFIG);
    MLN_TRY(mln_tls_link_new(tls, &s->link));
    s->ssl = mln_tls_link_ssl(s->link);
    bio = bio_of(s);
    MLN_REQUIRE(bio, NO_MEMORY);
    SSL_set_bio(s->ssl, bio, bio);
    return MLN_OK;
}

static enum mln_secure_step fail(struct mln_secure *s, int error, struct mln_fault *fault)
{
    if (s->handshake_left == 0) {
        mln_fault_set(fault, "the handshake is too long");
    } else if (error == SSL_ERROR_SYSCALL && !ERR_peek_error()) {
        mln_fault_set(fault, "the client left");
    }
    mln_tls_link_why(s->link, fault);
    return MLN_SECURE_FAILED;
}

static enum mln_secure_step conclude(struct mln_secure *s, struct mln_association **ret,
                                     struct mln_fault *fault)
{
    s->is_done = true;
    if (mln_failed(mln_tls_link_conclude(s->link, ret))) {
        mln_tls_link_why(s->link, fault);
        (void)SSL_shutdown(s->ssl);
        return MLN_SECURE_FAILED;
    }
    return MLN_SECURE_DONE;
}

enum mln_secure_step mln_secure_shake(struct mln_secure *secure, struct mln_association **ret,
                                      struct mln_fault *fault)
{
    int rc;
    int error;

    if (!secure->link) {
        mln_err err = begin(secure);

        if (mln_failed(err)) {
            mln_fault_set(fault, "%s", mln_err_text(err));
            return MLN_SECURE_FAILED;
        }
    }
    ERR_clear_error();
    rc = SSL_do_handshake(secure->ssl);
    if (rc == 1) {
        return conclude(secure, ret, fault);
    }
    error = SSL_get_error(secure->ssl, rc);
    if (error == SSL_ERROR_WANT_READ) {
        return MLN_SECURE_WAITS_READ;
    }
    return error == SSL_ERROR_WANT_WRITE ? MLN_SECURE_WAITS_WRITE : fail(secure, error, fault);
}

bool mln_secure_has_begun(const struct mln_secure *secure)
{
    return secure->has_begun;
}

bool mln_secure_is_current(struct mln_secure *secure)
{
    uint64_t serial = mln_tls_slot_serial(secure->slot);

    if (serial != secure->serial) {
        MLN_CLEANUP(mln_tls_unrefp) struct mln_tls *tls = mln_tls_slot_get(secure->slot);

        if (!tls || !mln_tls_link_holds(secure->link, tls)) {
            return false;
        }
        secure->serial = serial;
    }
    return true;
}

/* ---- data ---- */

/* Turns an error of OpenSSL into that of recv or send. */
static ssize_t lost_or_waiting(int error, int waiting, bool *ret_waits_other)
{
    int other = waiting == SSL_ERROR_WANT_READ ? SSL_ERROR_WANT_WRITE : SSL_ERROR_WANT_READ;

    ERR_clear_error();
    if (error == waiting || error == other) {
        *ret_waits_other = error == other;
        errno = EAGAIN;
    } else {
        errno = ECONNRESET;
    }
    return -1;
}

ssize_t mln_secure_receive(struct mln_secure *secure, char *to, size_t room)
{
    size_t got = 0;
    int error = SSL_ERROR_NONE;

    secure->read_waits_write = false;
    secure->read_left = AT_ONCE;
    ERR_clear_error();
    do {
        size_t n = 0;

        if (SSL_read_ex(secure->ssl, to + got, room - got, &n) != 1) {
            error = SSL_get_error(secure->ssl, 0);
        }
        got += n;
        secure->read_left += n;
    } while (error == SSL_ERROR_NONE && got < room && SSL_has_pending(secure->ssl));
    secure->is_dry = error == SSL_ERROR_WANT_READ;
    secure->is_ended = error == SSL_ERROR_ZERO_RETURN;
    if (got || secure->is_ended) {
        ERR_clear_error(); /* what else there is will be seen again */
        return (ssize_t)got;
    }
    return lost_or_waiting(error, SSL_ERROR_WANT_READ, &secure->read_waits_write);
}

/* One record at most. A piece that had to wait is offered again from its beginning, and longer, if
 * it has changed at all: what OpenSSL asks for. */
static int send_piece(struct mln_secure *s, const char *bytes, size_t len, size_t *ret_sent)
{
    if (SSL_write_ex(s->ssl, bytes, len, ret_sent) == 1) {
        return SSL_ERROR_NONE;
    }
    return SSL_get_error(s->ssl, 0);
}

/* The next piece of the parts after `sent` bytes: in place when one part has it all, else copied
 * together, because every record costs. */
static struct mln_slice next_piece(const struct iovec *parts, size_t count, size_t sent,
                                   char room[static TOGETHER])
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        const char *at = parts[i].iov_base;
        size_t left = parts[i].iov_len;

        if (sent >= left) {
            sent -= left;
            continue;
        }
        at += sent;
        left -= sent;
        sent = 0;
        if (len == 0 && (left >= TOGETHER || i + 1 == count)) {
            return mln_slice_of(at, left < RECORD ? left : RECORD);
        }
        left = left < TOGETHER - len ? left : TOGETHER - len;
        memcpy(room + len, at, left);
        len += left;
    }
    return mln_slice_of(room, len);
}

ssize_t mln_secure_send(struct mln_secure *secure, const struct iovec *parts, size_t count)
{
    char room[TOGETHER];
    size_t sent = 0;

    secure->write_waits_read = false;
    ERR_clear_error();
    while (true) {
        struct mln_slice piece = next_piece(parts, count, sent, room);
        size_t n = 0;
        int error;

        if (piece.len == 0) {
            return (ssize_t)sent;
        }
        error = send_piece(secure, piece.ptr, piece.len, &n);
        sent += n;
        if (error != SSL_ERROR_NONE) {
            ssize_t rc = lost_or_waiting(error, SSL_ERROR_WANT_WRITE, &secure->write_waits_read);

            return errno == EAGAIN && sent ? (ssize_t)sent : rc;
        }
    }
}

bool mln_secure_reading_waits_write(const struct mln_secure *secure)
{
    return secure->read_waits_write;
}

bool mln_secure_writing_waits_read(const struct mln_secure *secure)
{
    return secure->write_waits_read;
}

bool mln_secure_has_more(const struct mln_secure *secure)
{
    return secure->is_done &&
           (secure->is_ended || (!secure->is_dry && SSL_has_pending(secure->ssl)));
}

bool mln_secure_close(struct mln_secure *secure)
{
    int rc;

    if (!secure->is_done || secure->is_closed) {
        return true;
    }
    ERR_clear_error();
    rc = SSL_shutdown(secure->ssl);
    secure->is_closed = rc >= 0 || SSL_get_error(secure->ssl, rc) != SSL_ERROR_WANT_WRITE;
    ERR_clear_error();
    return secure->is_closed;
}
