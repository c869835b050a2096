/* In the place of esdata_xml.c where XML security is left out. */
#include "e2e/esdata_int.h"

mln_err mln_esdata_xml_protect(const struct mln_esdata_draft *draft, struct mln_slice payload,
                               struct mln_arena *arena, struct mln_fault *fault,
                               struct mln_slice *ret)
{
    (void)draft;
    (void)payload;
    (void)arena;
    (void)ret;
    mln_fault_set(fault, "protected data: this build has no XML security");
    MLN_FAIL(NOT_IMPLEMENTED);
}

mln_err mln_esdata_xml_open(const struct mln_esdata_opener *opener, struct mln_slice envelope,
                            struct mln_esdata *ret)
{
    (void)envelope;
    (void)ret;
    mln_fault_set(opener->fault, "protected data: this build has no XML security");
    MLN_FAIL(NOT_IMPLEMENTED);
}
