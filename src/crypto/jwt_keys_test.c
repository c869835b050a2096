/* Keys made for these tests by python3-jwcrypto; nothing else uses them. */
#include "crypto/jwt_keys_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
    const char *name;
    const char *text;
} rows[] = {
    { "ec256",
      "{\"kty\":\"EC\",\"kid\":\"ec256\",\"crv\":\"P-256\",\"x\":\"LYrwmYuL8YwVyNIbjR30Jko2"
      "EPKABi_DXjp5dQLTeBg\",\"y\":\"-y12FWxljekzbXpMXP3VhhtvRQ0qnWhPPj0B_Ufq79Q\",\"d\":\""
      "zpq_Tt7QWnrwM0r2JvOGr3XHiOTE50qODsqEIKc8X-0\"}" },
    { "ec256_pub",
      "{\"kty\":\"EC\",\"kid\":\"ec256\",\"crv\":\"P-256\",\"x\":\"LYrwmYuL8YwVyNIbjR30Jko2"
      "EPKABi_DXjp5dQLTeBg\",\"y\":\"-y12FWxljekzbXpMXP3VhhtvRQ0qnWhPPj0B_Ufq79Q\"}" },
    { "other",
      "{\"kty\":\"EC\",\"kid\":\"other\",\"crv\":\"P-256\",\"x\":\"oo-7McssYT0_puS3-rHlfRun"
      "AQJf5Q-cZRGE8bLMC6g\",\"y\":\"GiH-UlH8xlicMAypgU5OH3dJZFk2vsnXZ0WjIRy_kho\",\"d\":\""
      "yL8GD2oJHEYQkUs4CkYBdzRj1sUcbVw7FBMTKAVo1Ew\"}" },
    { "other_pub",
      "{\"kty\":\"EC\",\"kid\":\"other\",\"crv\":\"P-256\",\"x\":\"oo-7McssYT0_puS3-rHlfRun"
      "AQJf5Q-cZRGE8bLMC6g\",\"y\":\"GiH-UlH8xlicMAypgU5OH3dJZFk2vsnXZ0WjIRy_kho\"}" },
    { "ec384",
      "{\"kty\":\"EC\",\"kid\":\"ec384\",\"crv\":\"P-384\",\"x\":\"o42_VgeTDX1ZQCgTfrh90kHI"
      "Nxpywru8eNIoLXfTQ4HEvrW5831DEZAJECV7L0c9\",\"y\":\"foB5sSka9nGi58QDGC8kmma1AKecsLNFk"
      "5nhiJOVhDmvZ1l69K0INJn85EE6uz2p\",\"d\":\"QOat8rCvWsDtr5K_E7O6ReJccYttKe8xDQtX1Or0o1"
      "4APUQjx3fZ7b5VcJ-i9y1S\"}" },
    { "ec384_pub",
      "{\"kty\":\"EC\",\"kid\":\"ec384\",\"crv\":\"P-384\",\"x\":\"o42_VgeTDX1ZQCgTfrh90kHI"
      "Nxpywru8eNIoLXfTQ4HEvrW5831DEZAJECV7L0c9\",\"y\":\"foB5sSka9nGi58QDGC8kmma1AKecsLNFk"
      "5nhiJOVhDmvZ1l69K0INJn85EE6uz2p\"}" },
    { "ec521",
      "{\"kty\":\"EC\",\"kid\":\"ec521\",\"crv\":\"P-521\",\"x\":\"AUxKJlcMLlxa3hDSauA9DjHO"
      "kSc-Y5AxwXksPAIDvO4PRwS4pnsETJSdnMhW5Rd0K9vHCgSzh5uvOddfZ_Tdxasr\",\"y\":\"AS8yrHWMt"
      "ucDZasOdNmgqypk8x1nMp6-3nUil-p46bCqHroO6vRMex-LKFpn_i06yp5z9Rphgf8_NjzaXhz9nUhU\",\""
      "d\":\"AVMDT_ZvSMOg1fi8k58cnk1p-pMWkXq9QIERQaqcHTo8SR0CQrDgos12Mx-y8u5CBKSOmwsqodEhkX"
      "Y6aQaBGbnT\"}" },
    { "ec521_pub",
      "{\"kty\":\"EC\",\"kid\":\"ec521\",\"crv\":\"P-521\",\"x\":\"AUxKJlcMLlxa3hDSauA9DjHO"
      "kSc-Y5AxwXksPAIDvO4PRwS4pnsETJSdnMhW5Rd0K9vHCgSzh5uvOddfZ_Tdxasr\",\"y\":\"AS8yrHWMt"
      "ucDZasOdNmgqypk8x1nMp6-3nUil-p46bCqHroO6vRMex-LKFpn_i06yp5z9Rphgf8_NjzaXhz9nUhU\"}" },
    { "rsa", "{\"kty\":\"RSA\",\"kid\":\"rsa\",\"n\":\"4mJ1VBOujLW_gmCfdNBsZXnJ7cHZPHDL8GCfKrDTRNv"
             "6TXA8L5ozwbPG_-tAukpyTmNBxSBye752NmwQxEW1XMlN-zmfIPB_XbhvirDuKL7XZvQG04Iu9P9Yqf5DvLo"
             "HW-WUCTiyY5deQ-DBGSLXTjQMe_o7mT25Uf9IPAubQj-7a2PTlQdC3NKc22WObeakW_9AdxQt8fGhWClAKjB"
             "6ZN93UMqs-Nme4-pBdLPWo-o2nDUor_SxnF-q3dLmkgeStqcMYValXdHxBgCiYacmna43BjzvQawQZte58Hj"
             "0wzR8vDe0Mhg3yluk5YDbrVkymBvwpCujfFi8pwhqAh6mbw\",\"e\":\"AQAB\",\"d\":\"Ztr1E84dcDD"
             "jYgkkaZ6IoVJEPJHmcV-OSRidOHg-hPqtLqHftoEJIujbcUshjYJljNfr-fRUD4TpkLBorcQ-MnoDxDDZ681"
             "ZEOvLQehBTKHonA4jS9XKH-YkEphDjmu3DDmymL35zuXnHk_va8w4pn9fbLS0f1tb57VkzGM5l08io-DOmmr"
             "ZdNOZY5ZD9PWn-94coS9i-MU_WGidOm49tBHT1NYsf_2M4YlFfjGmF7ZFC2-TWnVD4BnEWPodDQkLU4I8hF5"
             "AxGdJBKuiFdtCkA-YcMjP6GEE5jU91LyAouHiBoeRxhZXjLAYp0Sjz9mJKdwOannZHBNrN8LjbbUkAQ\",\""
             "p\":\"-VyveKPF81wWVVkpzDHmhtxFFZh1QFgfxZfqfbd_ywyB-gpvxEDMFeXQZrw7V_gw0qhNms9o-fqZ2T"
             "RV29oppKIKEv8664TgzPwXm2HJPcK1ElJNTCarzj6ULQvvrr2aeRPgq_vpdUk7_ynlCHXoeexJUM4xvoQTHX"
             "khbqW-0M8\",\"q\":\"6GkwjQ4y-JFEnfjzeYGF_OJOPzwPARB2uT5R1P4T7wQLb3Yj35ZDn49zEhfgUOuV"
             "YKL6r35A5hTLJUZ1SWJjtFWzQjvGHoTSwxfmxK66nynG3FfCguf1RujmHLH2c0jY1lPu09I-dkUU3yt39s5d"
             "74dTCOA43cQHYbsxcYUn-GE\",\"dp\":\"gAA0zn96-D339N2tF_UxeV6OU9SLs3jI7lvZ8aiE_8yu15QN5"
             "TbBzCfIv0O2TqTHIwtjsqjvIQqjeJxlylIFeE35T-EV9Jmj73UkBQ3ACGTvH7WBmiprnJYA59KtuQv4xFgQx"
             "xershnio0t1Fs-3gwZoaANAA6S2TzXDlJGeDn8\",\"dq\":\"AVgSYs5xNwTIC83TwqEgID1CzJTRVWU9-o"
             "ZEvOGXReuVEVjyjil1TKfst28R6gXiwENRBdDKGUqHfjixFvKNtw5D0h88XxLPkTdDK2IDTEZWkxGi21TyEy"
             "3nnsTcsv_52Qt1Nx5hJBf0LfI3aGL7IhZ7QXLigU3P6R3HBGwLtiE\",\"qi\":\"pWCQZer3reUfyy7virr"
             "wnFN3h1pEc6XhKA7kBMQNe6X05xce6yX9OowpmjbyawpqoHnS1EHCcaPVMEQTzBe4Ko1otAZU8KK74o-Zj7n"
             "FwE4EOFjl7OIh4xsFsxNtxJpXmvaLgVrufl2txGJ7L9VD_Ipb1hhUNKFJsyG6RmyfVak\"}" },
    { "rsa_pub",
      "{\"kty\":\"RSA\",\"kid\":\"rsa\",\"n\":\"4mJ1VBOujLW_gmCfdNBsZXnJ7cHZPHDL8GCfKrDTRNv"
      "6TXA8L5ozwbPG_-tAukpyTmNBxSBye752NmwQxEW1XMlN-zmfIPB_XbhvirDuKL7XZvQG04Iu9P9Yqf5DvLo"
      "HW-WUCTiyY5deQ-DBGSLXTjQMe_o7mT25Uf9IPAubQj-7a2PTlQdC3NKc22WObeakW_9AdxQt8fGhWClAKjB"
      "6ZN93UMqs-Nme4-pBdLPWo-o2nDUor_SxnF-q3dLmkgeStqcMYValXdHxBgCiYacmna43BjzvQawQZte58Hj"
      "0wzR8vDe0Mhg3yluk5YDbrVkymBvwpCujfFi8pwhqAh6mbw\",\"e\":\"AQAB\"}" },
    { "oct16", "{\"kty\":\"oct\",\"kid\":\"oct16\",\"k\":\"aIbCZjmgWn89doTz5hfDPw\"}" },
    { "oct24", "{\"kty\":\"oct\",\"kid\":\"oct24\",\"k\":\"RQH8BhqkOgxVFkm6G_vqJKVlvtuhNAL3\"}" },
    { "oct32",
      "{\"kty\":\"oct\",\"kid\":\"oct32\",\"k\":\"ZTkU85XESR6FSPPMwm6waQmgATTgshlNgfCNcXFBm"
      "5I\"}" },
    { "oct48",
      "{\"kty\":\"oct\",\"kid\":\"oct48\",\"k\":\"mrtf3x-QSo_GXBLxXvJ5CC9eG6h5H6QdUUfXBC368"
      "Ml2jwU5FxFcNz2VMhJvzr4n\"}" },
    { "oct64",
      "{\"kty\":\"oct\",\"kid\":\"oct64\",\"k\":\"pKHdQ5Oz6mo8xljlxmgs2xxv-h_Ivt5NXKbPXnQFA"
      "PwX5b_R9oAiYs0CcO7i5NVio8sNHiU4Hsy2L4ORYFJIkw\"}" },
};

const char *mln_test_jwk(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (mln_slice_eq(mln_slice_z(name), mln_slice_z(rows[i].name))) {
            return rows[i].text;
        }
    }
    fail_msg("no key %s", name);
    return NULL;
}

struct mln_jose_key *mln_test_key(const char *name)
{
    struct mln_fault fault = { 0 };
    struct mln_jose_key *key = NULL;

    if (mln_failed(mln_jose_key_parse(mln_slice_z(mln_test_jwk(name)), &fault, &key))) {
        fail_msg("%s: %s", name, fault.text);
    }
    return key;
}

struct mln_jwt_issuers *mln_test_issuers(const char *const *records, size_t count,
                                         const struct mln_jwt_trust *trust)
{
    struct mln_slice texts[8];
    struct mln_jwt_issuers *issuers = NULL;
    struct mln_fault fault = { 0 };

    for (size_t i = 0; i < count; i++) {
        texts[i] = mln_slice_z(records[i]);
    }
    if (mln_failed(mln_jwt_issuers_new(texts, count, trust, &fault, &issuers))) {
        fail_msg("%s", fault.text);
    }
    return issuers;
}
