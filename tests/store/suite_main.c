/* The suite of all backends. usage: store_suite BACKEND */
#include <stdio.h>

#include "suite.h"
#include "tempdir.h"

int main(int argc, char **argv)
{
    static int (*const groups[])(void) = {
        run_verbs, run_names,    run_scans, run_records,
        run_jobs,  run_property, run_admin, run_threads,
    };
    char directory[TEMPDIR_SIZE];
    int failed = 0;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s BACKEND\n", argv[0]);
        return 2;
    }
    tempdir_make(directory);
    suite_backend = argv[1];
    suite_directory = directory;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        failed += groups[i]();
    }
    tempdir_remove(directory);
    return failed != 0;
}
