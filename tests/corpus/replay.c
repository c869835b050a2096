/* Replays a corpus through a fuzz target where no fuzzer is linked: each argument is a file or a
 * directory of files. Ends with 0 when no input crashed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long inputs;

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    uint8_t *data;
    size_t size;

    if (!f || fstat(fileno(f), &st) != 0) {
        perror(path);
        return 1;
    }
    size = (size_t)st.st_size;
    data = malloc(size ? size : 1); /* its own block, so that ASan sees an overread */
    if (!data || fread(data, 1, size, f) != size) {
        perror(path);
        return 1;
    }
    (void)fclose(f);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    inputs++;
    return 0;
}

static int replay(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int failed = 0;

    if (!dir) {
        return replay_file(path);
    }
    while (!failed && (entry = readdir(dir))) {
        char name[4096];

        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        failed = replay_file(name);
    }
    (void)closedir(dir);
    return failed;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i])) {
            return 1;
        }
    }
    printf("%lu inputs replayed\n", inputs);
    return inputs == 0; /* an empty corpus proves nothing */
}
