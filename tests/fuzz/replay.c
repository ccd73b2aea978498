// Runs a fuzz target on files, without a fuzzer: regressions and the seed corpus in CI.
// With --random SEED COUNT: also on COUNT pseudo-random inputs of up to 4 KB.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    static uint8_t buffer[1 << 20];
    size_t n = fread(buffer, 1, sizeof buffer, f);
    fclose(f);
    LLVMFuzzerTestOneInput(buffer, n);
    return 0;
}

static uint64_t next(uint64_t *state) {  // xorshift
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

int main(int argc, char **argv) {
    int bad = 0, files = 0;
    unsigned long random = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--random") && i + 2 < argc) {
            uint64_t state = strtoull(argv[i + 1], NULL, 0) * 2 + 1;
            random = strtoul(argv[i + 2], NULL, 0);
            i += 2;
            for (unsigned long k = 0; k < random; k++) {
                uint8_t input[4096];
                size_t n = next(&state) % sizeof input;
                for (size_t b = 0; b < n; b += 8) {
                    uint64_t v = next(&state);
                    memcpy(input + b, &v, n - b < 8 ? n - b : 8);
                }
                LLVMFuzzerTestOneInput(input, n);
            }
        } else {
            bad += replay(argv[i]);
            files++;
        }
    }
    printf("%d files and %lu random inputs\n", files, random);
    return bad != 0;
}
