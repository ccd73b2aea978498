// Kernel files: the arm64 Image (Linux documentation, "Booting AArch64 Linux"), also packed with
// gzip or as an EFI zboot image with gzip inside; raw code otherwise. Left out: U-Boot's uImage,
// Intel HEX, other compressions; each is refused by name.
#include "machine/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { RAW_OFFSET = 0x80000, BOOT_STUB_SIZE = 0x1000, STUB_SHIFT = 2 << 20 };

// --- files ---------------------------------------------------------------------------------------

static bool read_stream(int fd, const char *path, u64 max, HostFile *out, Error *err) {
    size_t capacity = 1 << 20;
    *out = (HostFile){malloc(capacity), 0, false};
    CHECK(out->data);
    for (;;) {
        ssize_t n = read(fd, out->data + out->n, capacity - out->n);
        if (n == 0) return true;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        out->n += (size_t)n;
        if (out->n > max) {
            host_file_free(out);
            return error_set(err, "'%s' is larger than the machine's memory", path);
        }
        if (out->n < capacity) continue;
        capacity *= 2;
        out->data = realloc(out->data, capacity);
        CHECK(out->data);
    }
    host_file_free(out);
    return error_set(err, "cannot read '%s': %s", path, strerror(errno));
}

static bool map_file(int fd, const char *path, u64 n, HostFile *out, Error *err) {
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) return error_set(err, "cannot read '%s': %s", path, strerror(errno));
    *out = (HostFile){p, n, true};
    return true;
}

static bool read_open_file(int fd, const char *path, u64 max, HostFile *out, Error *err) {
    struct stat st;
    if (fstat(fd, &st) < 0) return error_set(err, "cannot read '%s': %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) return error_set(err, "'%s' is a directory", path);
    if (!S_ISREG(st.st_mode)) return read_stream(fd, path, max, out, err);
    if (st.st_size == 0) return error_set(err, "'%s' is empty", path);
    if ((u64)st.st_size > max)
        return error_set(err, "'%s' (%llu bytes) is larger than the machine's memory", path,
                         (unsigned long long)st.st_size);
    return map_file(fd, path, (u64)st.st_size, out, err);
}

bool host_file_read(const char *path, u64 max, HostFile *out, Error *err) {
    *out = (HostFile){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return error_set(err, "cannot open '%s': %s", path, strerror(errno));
    bool ok = read_open_file(fd, path, max, out, err);
    close(fd);
    if (!ok || out->n) return ok;
    host_file_free(out);
    return error_set(err, "'%s' is empty", path);
}

void host_file_free(HostFile *file) {
    if (file->mapped)
        munmap(file->data, file->n);
    else
        free(file->data);
    *file = (HostFile){0};
}

// --- compression ---------------------------------------------------------------------------------

// Unpacks a gzip stream of at most `limit` bytes.
static bool gunzip(const u8 *in, size_t in_n, u64 limit, u8 **out, size_t *out_n, Error *err) {
    z_stream z = {.next_in = (u8 *)in, .avail_in = (uInt)MIN(in_n, 0xffffffffu)};
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) return error_set(err, "cannot start zlib");
    size_t capacity = MIN(MAX(in_n * 4, (size_t)1 << 16), limit), n = 0;
    u8 *buf = malloc(capacity);
    CHECK(buf);
    int r = Z_OK;
    while (r == Z_OK && n < limit) {
        if (n == capacity) {
            capacity = MIN(capacity * 2, limit);
            buf = realloc(buf, capacity);
            CHECK(buf);
        }
        z.next_out = buf + n;
        z.avail_out = (uInt)MIN(capacity - n, (size_t)1 << 30);
        uInt before = z.avail_out;
        r = inflate(&z, Z_NO_FLUSH);
        n += before - z.avail_out;
    }
    inflateEnd(&z);
    if (r == Z_STREAM_END) {
        *out = buf;
        *out_n = n;
        return true;
    }
    free(buf);
    if (r == Z_OK) return error_set(err, "gzip data unpacks to more than the machine's memory");
    return error_set(err, "gzip data is truncated or damaged");
}

// --- arm64 Image ---------------------------------------------------------------------------------

typedef struct Arm64Header {
    u32 code[2];
    u64 text_offset, image_size, flags, reserved[3];
    u32 magic, pe_offset;
} Arm64Header;
_Static_assert(sizeof(Arm64Header) == 64, "the Image header is 64 bytes");

#define ARM64_MAGIC 0x644d5241u  // "ARM\x64"

static u32 read32(const u8 *p) {
    u32 v;
    memcpy(&v, p, 4);
    return v;
}
static u16 read16(const u8 *p) {
    return (u16)(p[0] | p[1] << 8);
}

// The size that the file must have by its PE section table, 0 when it has none: the only thing in
// an Image that shows a truncated file.
static u64 pe_file_size(const u8 *data, size_t n, u32 pe) {
    enum { COFF_SIZE = 24, SECTION_SIZE = 40 };
    if (pe < sizeof(Arm64Header) || pe > n || n - pe < COFF_SIZE || memcmp(data + pe, "PE\0\0", 4))
        return 0;
    unsigned sections = read16(data + pe + 6);
    u64 table = pe + COFF_SIZE + (u64)read16(data + pe + 20), end = 0;
    for (unsigned i = 0; i < sections; i++) {
        u64 at = table + (u64)i * SECTION_SIZE;
        if (at + SECTION_SIZE > n) return at + SECTION_SIZE;
        end = MAX(end, (u64)read32(data + at + 16) + read32(data + at + 20));
    }
    return end;
}

static bool parse_arm64(const u8 *data, size_t n, u64 ram_base, Image *out, Error *err) {
    Arm64Header h;
    memcpy(&h, data, sizeof h);
    if (h.flags & 1) return error_set(err, "big-endian kernels are not supported");
    u64 offset = RAW_OFFSET, size = n;
    if (h.image_size) {  // kernels before 3.17 left the header's fields empty
        offset = h.text_offset;
        size = MAX(h.image_size, n);
        if (offset >> 40 || size >> 40)
            return error_set(err, "damaged Image header (text_offset 0x%llx, image_size 0x%llx)",
                             (unsigned long long)offset, (unsigned long long)h.image_size);
        // Where QEMU puts it: its start-up code needs the first page of RAM.
        if (offset < BOOT_STUB_SIZE) offset += STUB_SHIFT;
    }
    u64 needed = pe_file_size(data, n, h.pe_offset);
    if (needed > n)
        return error_set(err, "truncated Image: %zu of %llu bytes", n, (unsigned long long)needed);
    out->kind = IMAGE_ARM64;
    out->segments[0] = (Segment){ram_base + offset, data, n, size};
    out->count = 1;
    out->entry = out->segments[0].address;
    return true;
}

static void set_raw(const u8 *data, size_t n, u64 address, Image *out) {
    out->kind = IMAGE_RAW;
    out->segments[0] = (Segment){address, data, n, n};
    out->count = 1;
    out->entry = address;
}

static bool is_hex_record(const u8 *data, size_t n) {
    return n >= 11 && data[0] == ':' &&
           strspn((const char *)data + 1, "0123456789abcdefABCDEF") >= 8;
}

static bool refuse_others(const u8 *data, size_t n, Error *err) {
    static const struct {
        const char *magic;
        size_t n;
        const char *name;
    } formats[] = {{"\x27\x05\x19\x56", 4, "U-Boot uImage"},
                   {"\xfd"
                    "7zXZ",
                    5, "xz"},
                   {"\x28\xb5\x2f\xfd", 4, "zstd"},
                   {"BZh", 3, "bzip2"},
                   {"\xd0\x0d\xfe\xed", 4, "device tree or FIT"}};
    for (unsigned i = 0; i < ARRAY_LEN(formats); i++)
        if (n >= formats[i].n && !memcmp(data, formats[i].magic, formats[i].n))
            return error_set(err, "a %s file is not supported as a kernel", formats[i].name);
    if (is_hex_record(data, MIN(n, 11)))
        return error_set(err, "an Intel HEX file is not supported as a kernel");
    return true;
}

// An EFI zboot file: "MZ\0\0", "zimg", u32 offset and size of the payload, its compression at 24.
static bool unpack_zboot(Image *out, u64 limit, size_t *n, Error *err) {
    const u8 *data = out->file.data;
    u32 offset = read32(data + 8), size = read32(data + 12);
    if (strncmp((const char *)data + 24, "gzip", 5))
        return error_set(err, "EFI zboot image with a compression other than gzip");
    if (offset > out->file.n || size > out->file.n - offset)
        return error_set(err, "truncated EFI zboot image");
    return gunzip(data + offset, size, limit, &out->unpacked, n, err);
}

static bool parse_kernel(Image *out, u64 ram_base, u64 limit, Error *err) {
    const u8 *data = out->file.data;
    size_t n = out->file.n;
    if (n >= 2 && data[0] == 0x1f && data[1] == 0x8b) {
        if (!gunzip(data, n, limit, &out->unpacked, &n, err)) return false;
        data = out->unpacked;
    } else if (n >= 32 && !memcmp(data, "MZ\0\0zimg", 8)) {
        if (!unpack_zboot(out, limit, &n, err)) return false;
        data = out->unpacked;
    }
    if (elf_recognize(data, n)) return elf_parse(data, n, out, err);
    if (n >= sizeof(Arm64Header) && read32(data + 56) == ARM64_MAGIC)
        return parse_arm64(data, n, ram_base, out, err);
    if (n >= 2 && n < sizeof(Arm64Header) && !memcmp(data, "MZ", 2))
        return error_set(err, "truncated Image: %zu bytes", n);
    if (!refuse_others(data, n, err)) return false;
    set_raw(data, n, ram_base + RAW_OFFSET, out);
    return true;
}

bool image_open_kernel(const char *path, u64 ram_base, u64 limit, Image *out, Error *err) {
    *out = (Image){0};
    if (!host_file_read(path, limit, &out->file, err)) return false;
    if (parse_kernel(out, ram_base, limit, err)) return true;
    image_free(out);
    return error_prefix(err, "'%s'", path);
}

bool image_open_plain(const char *path, u64 address, bool raw, u64 limit, Image *out, Error *err) {
    *out = (Image){0};
    if (!host_file_read(path, limit, &out->file, err)) return false;
    const u8 *data = out->file.data;
    size_t n = out->file.n;
    bool ok = true;
    if (raw || !elf_recognize(data, n)) {
        if (!raw && is_hex_record(data, MIN(n, 11)))
            ok = error_set(err,
                           "an Intel HEX file is not supported (force-raw=on takes it as it is)");
        set_raw(data, n, address, out);
    } else {
        ok = elf_parse(data, n, out, err);
    }
    if (ok) return true;
    image_free(out);
    return error_prefix(err, "'%s'", path);
}

void image_free(Image *image) {
    host_file_free(&image->file);
    free(image->unpacked);
    image->unpacked = NULL;
    image->count = 0;
}
