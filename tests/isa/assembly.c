// The templates of src/debugger/assembly.def against binutils: random words of each row that has some are written as
// objdump writes them.
//
// Usage: assembly [SEED [WORDS_PER_ROW]]      status 0: no difference
#include "debugger/assembly.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBJDUMP "aarch64-linux-gnu-objdump -D -z -b binary -m aarch64 --no-show-raw-insn"

enum { WORDS_MAX = 1000000, SHOWN = 40, TRIES = 30 };

static u32 words[WORDS_MAX];
static unsigned count;

// What binutils 2.40 writes otherwise.
static bool left_out(u32 word) {
    if (word == 0xd50320df) return true;  // DGH: hint #0x6
    // MSR (immediate) of a field of one bit, with another number.
    return (word & 0xfff8f01f) == 0xd500401f && (word >> 8 & 15) > 1;
}

static void add_words(const DecodeRow *row, u64 *seed, unsigned per_row) {
    char text[160];
    unsigned before = count;
    for (unsigned tries = 0; tries < per_row * TRIES && count - before < per_row; tries++) {
        Op op = {0};
        u32 word = word_of(row, seed);
        if (decode_row(all_features, word, 0, &op) != row || left_out(word)) continue;
        if (!assembly_text(word, text, sizeof text)) continue;
        if (count == WORDS_MAX) abort();
        words[count++] = word;
    }
}

// One blank between mnemonic and operands; no comment behind them.
static void normalize(char *text) {
    char *comment = strstr(text, "//"), *out = text;
    if (comment) *comment = '\0';
    for (const char *in = text; *in; in++) {
        char c = *in == '\t' || *in == '\n' ? ' ' : *in;
        if (c == ' ' && (out == text || out[-1] == ' ')) continue;
        *out++ = c;
    }
    while (out > text && out[-1] == ' ') out--;
    *out = '\0';
}

static FILE *disassemble(const char *path) {
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(words, sizeof words[0], count, f) != count || fclose(f)) {
        perror(path);
        exit(2);
    }
    char command[600];
    snprintf(command, sizeof command, OBJDUMP " %s", path);
    FILE *in = popen(command, "r");
    if (!in) {
        perror("objdump");
        exit(2);
    }
    return in;
}

int main(int argc, char **argv) {
    u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    unsigned per_row = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 400;
    unsigned rows = 0, bad = 0, seen = 0;
    for (unsigned i = 0; i < decode_row_count; i++) {
        unsigned before = count;
        add_words(&decode_rows[i], &seed, per_row);
        rows += count > before;
    }
    char path[] = "/tmp/el2sim-assembly.XXXXXX", line[400];
    int fd = mkstemp(path);
    if (fd < 0) {
        perror(path);
        return 2;
    }
    close(fd);
    FILE *in = disassemble(path);
    while (fgets(line, sizeof line, in)) {
        char ours[160], *text = strstr(line, ":\t");
        if (!text || seen == count) continue;
        text += 2;
        u32 word = words[seen++];
        assembly_text(word, ours, sizeof ours);
        normalize(ours);
        normalize(text);
        if (strcmp(ours, text) && bad++ < SHOWN)
            printf("%08x: %s, binutils: %s\n", word, ours, text);
    }
    int status = pclose(in);
    unlink(path);
    printf("%u words of %u rows: %u differ\n", seen, rows, bad);
    return bad || status || seen != count || !seen;
}
