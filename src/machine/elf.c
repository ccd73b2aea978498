// ELF64 executables for AArch64 (System V ABI; "ELF for the Arm 64-bit Architecture"). Segments go
// to their physical addresses. Nothing in the file is trusted. Left out: relocation, dynamic
// linking, ILP32, big-endian.
#include "machine/image.h"

#include <gelf.h>
#include <libelf.h>

bool elf_recognize(const u8 *data, size_t n) {
    return n >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

static bool check_header(const u8 *data, size_t n, Error *err) {
    if (n < sizeof(Elf64_Ehdr)) return error_set(err, "truncated ELF header");
    if (data[EI_CLASS] != ELFCLASS64) return error_set(err, "not a 64-bit ELF file");
    if (data[EI_DATA] != ELFDATA2LSB)
        return error_set(err, "big-endian ELF files are not supported");
    const Elf64_Ehdr *h = (const void *)data;
    if (h->e_machine != EM_AARCH64)
        return error_set(err, "ELF file for machine %u, not AArch64", h->e_machine);
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return error_set(err, "ELF file is not executable (type %u)", h->e_type);
    return true;
}

static bool add_segment(const u8 *data, size_t n, const GElf_Phdr *p, unsigned index, Image *out,
                        Error *err) {
    if (p->p_filesz > p->p_memsz)
        return error_set(err, "ELF segment %u is larger in the file than in memory", index);
    if (p->p_offset > n || p->p_filesz > n - p->p_offset)
        return error_set(err, "ELF segment %u lies outside of the file (truncated?)", index);
    if (p->p_paddr + p->p_memsz < p->p_paddr)
        return error_set(err, "ELF segment %u wraps around the address space", index);
    if (out->count == IMAGE_SEGMENTS_MAX) return error_set(err, "ELF file has too many segments");
    out->segments[out->count++] =
        (Segment){p->p_paddr, data + p->p_offset, p->p_filesz, p->p_memsz};
    // The entry point is a virtual address; the machine starts with translation off.
    u64 into = out->entry - p->p_vaddr;
    if (p->p_flags & PF_X && p->p_vaddr != p->p_paddr && into < p->p_filesz)
        out->entry = p->p_paddr + into;
    return true;
}

static bool read_segments(Elf *elf, const u8 *data, size_t n, Image *out, Error *err) {
    size_t count;
    GElf_Ehdr header;
    if (!gelf_getehdr(elf, &header) || elf_getphdrnum(elf, &count) != 0)
        return error_set(err, "damaged ELF header: %s", elf_errmsg(-1));
    out->entry = header.e_entry;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(elf, (int)i, &p))
            return error_set(err, "damaged ELF program header %zu (truncated?)", i);
        if (p.p_type != PT_LOAD || p.p_memsz == 0) continue;
        if (!add_segment(data, n, &p, (unsigned)i, out, err)) return false;
    }
    return out->count || error_set(err, "ELF file has nothing to load");
}

bool elf_parse(const u8 *data, size_t n, Image *out, Error *err) {
    if (!check_header(data, n, err)) return false;
    if (elf_version(EV_CURRENT) == EV_NONE) return error_set(err, "libelf is too old");
    out->kind = IMAGE_ELF;
    Elf *elf = elf_memory((char *)data, n);
    if (!elf) return error_set(err, "damaged ELF file: %s", elf_errmsg(-1));
    bool ok = read_segments(elf, data, n, out, err);
    elf_end(elf);
    return ok;
}
