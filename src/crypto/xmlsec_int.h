/* What the files of XML security share: names, and a cursor over a tree in which everything that
 * was not asked for is an error. */
#pragma once

#include <libxml/tree.h>
#include <libxml/xmlerror.h>

#include "base/buf.h"
#include "base/secret.h"
#include "crypto/jose.h"
#include "crypto/xmlsec.h"

enum mln_xml_ns { MLN_XML_DS, MLN_XML_DS11, MLN_XML_XENC, MLN_XML_XENC11 };

#define MLN_XML_DS_URI     "http://www.w3.org/2000/09/xmldsig#"
#define MLN_XML_DS11_URI   "http://www.w3.org/2009/xmldsig11#"
#define MLN_XML_XENC_URI   "http://www.w3.org/2001/04/xmlenc#"
#define MLN_XML_XENC11_URI "http://www.w3.org/2009/xmlenc11#"
#define MLN_XML_EXC_C14N   "http://www.w3.org/2001/10/xml-exc-c14n#"
#define MLN_XML_SHA256     MLN_XML_XENC_URI "sha256"
#define MLN_XML_BASE64     MLN_XML_DS_URI "base64"
#define MLN_XML_RSA_OAEP   MLN_XML_XENC11_URI "rsa-oaep"
#define MLN_XML_MGF_SHA256 MLN_XML_XENC11_URI "mgf1sha256"
#define MLN_XML_ECDH_ES    MLN_XML_XENC11_URI "ECDH-ES"
#define MLN_XML_CONCAT_KDF MLN_XML_XENC11_URI "ConcatKDF"

/* ---- URIs: xmlsec_names.c ---- */

/* NULL where there is none. */
const char *mln_xmlsec_sig_uri(enum mln_jose_sig sig);
const char *mln_xmlsec_wrap_uri(enum mln_jose_wrap wrap); /* of EncryptionMethod */
const char *mln_xmlsec_enc_uri(enum mln_jose_enc enc);
const char *mln_xmlsec_crv_uri(enum mln_jose_crv crv);

/* 0 (MLN_JOSE_NO_…) for any other URI. */
enum mln_jose_sig mln_xmlsec_sig_of(struct mln_slice uri);
enum mln_jose_wrap mln_xmlsec_wrap_of(struct mln_slice uri, bool is_agreed);
enum mln_jose_enc mln_xmlsec_enc_of(struct mln_slice uri);
enum mln_jose_crv mln_xmlsec_crv_of(struct mln_slice uri);

/* ---- tree: xmlsec_tree.c ---- */

/* As libxml2 has texts. */
static inline const xmlChar *mln_xml_char(const char *text)
{
    return (const xmlChar *)text;
}

enum { MLN_XMLSEC_IDS = 64 };

struct mln_xmlsec_reader {
    struct mln_arena *arena;
    struct mln_fault *fault;
    const xmlAttr *ids[MLN_XMLSEC_IDS]; /* of the envelope's elements */
    size_t id_count;
};

/* Before the first use of libxml2 and xmlsec1. Errors: NO_MEMORY. xmlsec_sign.c */
mln_err mln_xmlsec_start(void);

/* Sets the detail and returns SYNTAX. */
mln_err mln_xmlsec_refuse(struct mln_xmlsec_reader *r, const char *what);

/* The tree of a text without declarations, comments, CDATA sections and processing instructions.
 * The caller frees it. Errors: SYNTAX, LIMIT, NO_MEMORY. */
mln_err mln_xmlsec_parse(struct mln_xmlsec_reader *r, struct mln_slice text, xmlDoc **ret);

bool mln_xmlsec_is(const xmlNode *node, enum mln_xml_ns ns, const char *name);

/* Enters an element: no attributes but those in the list (names, a blank between), no text between
 * its elements. *ret is its first child element, or NULL. Errors: SYNTAX. */
mln_err mln_xmlsec_enter(struct mln_xmlsec_reader *r, const xmlNode *node, const char *attributes,
                         const xmlNode **ret);

/* If *at is that element: true, ret_node is it, and *at moves to the next element. */
bool mln_xmlsec_take(const xmlNode **at, enum mln_xml_ns ns, const char *name,
                     const xmlNode **ret_node);

/* The next element beside it, or NULL. */
const xmlNode *mln_xmlsec_next(const xmlNode *node);

/* Empty when it is not there. */
mln_err mln_xmlsec_attribute(struct mln_xmlsec_reader *r, const xmlNode *node, const char *name,
                             struct mln_slice *ret);

/* An element with nothing but text, and with those attributes. Errors: SYNTAX, LIMIT, NO_MEMORY. */
mln_err mln_xmlsec_text(struct mln_xmlsec_reader *r, const xmlNode *node, const char *attributes,
                        size_t most, struct mln_slice *ret);

/* The same from base64, in which there may be blanks. */
mln_err mln_xmlsec_bytes(struct mln_xmlsec_reader *r, const xmlNode *node, const char *attributes,
                         struct mln_slice *ret);

/* An element with the attribute Algorithm and nothing else: its value. */
mln_err mln_xmlsec_algorithm(struct mln_xmlsec_reader *r, const xmlNode *node,
                             struct mln_slice *ret);

/* Refuses an identifier of the envelope that stands anywhere else in the tree as well. */
mln_err mln_xmlsec_check_ids(struct mln_xmlsec_reader *r, const xmlDoc *doc);

/* Exclusive canonical form, in the arena. Errors: SYNTAX, NO_MEMORY. */
mln_err mln_xmlsec_canonical(const xmlDoc *doc, struct mln_arena *arena, struct mln_slice *ret);

/* The same of one element, which takes its namespaces along: in exclusive form it is as it is where
 * it stands. */
mln_err mln_xmlsec_canonical_part(const xmlNode *node, struct mln_arena *arena,
                                  struct mln_slice *ret);

/* libxml2 tells errors to a function of the thread, by default on standard error. Between these two
 * it tells nobody. */
struct mln_xmlsec_errors {
    xmlStructuredErrorFunc function;
    void *data;
};
void mln_xmlsec_hush(struct mln_xmlsec_errors *ret_was);
void mln_xmlsec_unhush(const struct mln_xmlsec_errors *was);

/* ---- keys ---- */

/* What is hashed behind the secret that was agreed on. */
enum { MLN_XMLSEC_INFO = 2 * MLN_JOSE_PARTY_BYTES + 128 };

/* KeyName, X509Data: what identifies a key. xmlsec_read.c */
mln_err mln_xmlsec_key_of(struct mln_xmlsec_reader *r, const xmlNode *key_info,
                          struct mln_xmlsec_key *ret);

/* Their elements. Errors: NOT_ACCEPTABLE (a character that XML does not have). xmlsec_names.c */
mln_err mln_xmlsec_add_key(struct mln_buf *out, const struct mln_xmlsec_key *key);

/* Is there anything to be shown? */
bool mln_xmlsec_shows(const struct mln_xmlsec_key *key);

/* The content key from or for a recipient. xmlsec_keys.c
 * Errors: TOKEN_REFUSED, NO_MEMORY, SYSTEM. */
mln_err mln_xmlsec_unwrap(const struct mln_xmlsec_recipient *recipient,
                          const struct mln_jose_key *key, enum mln_jose_enc enc,
                          struct mln_secret **ret);
/* Appends the EncryptedKey. Errors: INTERNAL, NO_MEMORY, SYSTEM. */
mln_err mln_xmlsec_add_encrypted_key(struct mln_buf *out, const struct mln_xmlsec_sealing *how,
                                     const struct mln_xmlsec_target *target,
                                     const struct mln_secret *cek);
