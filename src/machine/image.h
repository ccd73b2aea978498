// Files that hold code: what is in them and where it wants to be.
#pragma once

#include "base/error.h"

// A file's contents in host memory.
typedef struct HostFile {
    u8 *data;
    size_t n;
    bool mapped;
} HostFile;

// Reads all of a file or pipe of at most `max` bytes; an empty one is an error.
bool host_file_read(const char *path, u64 max, HostFile *out, Error *err);
void host_file_free(HostFile *file);

// Part of an image: n bytes of data, then zeros up to `size`.
typedef struct Segment {
    u64 address;
    const u8 *data;
    u64 n, size;
} Segment;

enum { IMAGE_SEGMENTS_MAX = 64 };

typedef enum ImageKind { IMAGE_ELF, IMAGE_ARM64, IMAGE_RAW } ImageKind;

typedef struct Image {
    ImageKind kind;
    HostFile file;
    u8 *unpacked;  // what was compressed; malloc'ed
    Segment segments[IMAGE_SEGMENTS_MAX];
    unsigned count;
    u64 entry;
} Image;

// Is it an ELF file of any kind?
bool elf_recognize(const u8 *data, size_t n);
// Fills segments (by physical address) and entry from an AArch64 executable.
bool elf_parse(const u8 *data, size_t n, Image *out, Error *err);

// Opens a kernel: ELF64, arm64 Image (plain, gzip, EFI zboot) or raw code. ram_base: where RAM
// starts, limit: most bytes it may unpack to.
bool image_open_kernel(const char *path, u64 ram_base, u64 limit, Image *out, Error *err);
// Opens a file for loading at `address`: an ELF file goes to its own addresses unless `raw`.
bool image_open_plain(const char *path, u64 address, bool raw, u64 limit, Image *out, Error *err);
void image_free(Image *image);
