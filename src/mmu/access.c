// Loads, stores and fetches that the fast path of access.h does not do: TLB misses, faults,
// accesses that cross a page, devices, pages with decoded code, unprivileged accesses. Arm ARM:
// "The A64 Application Level Memory Model" and "Alignment support"; pseudo-code AArch64.MemSingle,
// AArch64.UnalignedAccessFaults, AArch64.IsUnprivAccessPriv. Choices: an access that crosses a page
// reports the first byte it cannot do, and a store of one register writes nothing then; exclusives and
// atomics work on every type of memory, Device and Non-cacheable included, so status code 0x35 is not used.
#include "mmu/access.h"
#include "cpu/observer.h"
#include "cpu/op.h"
#include "mmu/fault.h"
#include "mmu/tags.h"
#include "mmu/tlb.h"

enum { LINE_SIZE = 64 };  // of the data cache: CTR_EL0.DminLine

// Where the bytes of an access inside one page are. host NULL: through the bus at pa.
typedef struct Place {
    u8 *host;
    u64 pa;
    bool device;  // combined type is Device
    bool code;    // a store must tell opcache_written()
} Place;

static _Noreturn COLD void abort_access(Cpu *cpu, u64 address, Fault *f, AccessType type,
                                        unsigned size, Acc acc) {
    AArch64_Abort(cpu, va(address), f, type, size, acc);
    cpu_unwind(cpu);
}

static _Noreturn COLD void alignment_fault(Cpu *cpu, u64 address, bool stage2, bool write,
                                           const char *rule, Acc acc) {
    Fault f = {.type = FAULT_ALIGNMENT, .stage2 = stage2, .write = write, .rule = rule};
    abort_access(cpu, address, &f, write ? ACCESS_WRITE : ACCESS_READ, 0, acc);
}

static _Noreturn COLD void external_abort(Cpu *cpu, u64 address, bool write, Acc acc) {
    Fault f = {.type = FAULT_EXTERNAL, .write = write, .rule = "external abort: nothing answers"};
    abort_access(cpu, address, &f, write ? ACCESS_WRITE : ACCESS_READ, 0, acc);
}

// AArch64.IsUnprivAccessPriv: LDTR and STTR use the permissions of EL0 unless this says otherwise.
static Tlb *tlb_of_access(Cpu *cpu, Acc acc) {
    if (unlikely(acc & ACC_NV2)) return tlb_for_mode(cpu, cpu_e2h(cpu) ? MODE_E20_2 : MODE_E2);
    if (likely(!(acc & ACC_UNPRIV)) || cpu->el == 0) return cpu->tlb;
    if (cpu->pstate & PSTATE_UAO && cpu_has(cpu, FEAT_UAO)) return cpu->tlb;
    const Regime *r = &tlb_context(cpu->tlb)->regime;
    if (cpu->el == 2) {
        if (r->id != REGIME_EL20 || !cpu_tge(cpu)) return cpu->tlb;
        return tlb_for_mode(cpu, MODE_E20_0);
    }
    return r->nv1 ? cpu->tlb : tlb_for_mode(cpu, MODE_E10_0);
}

// AArch64.UnalignedAccessFaults. `address` is not a multiple of size.
static const char *unaligned_faults(const Cpu *cpu, u64 address, unsigned size, Acc acc) {
    const Regime *r = &tlb_context(cpu->tlb)->regime;
    if (r->align) return "SCTLR.A";
    bool lse2 = cpu_has(cpu, FEAT_LSE2), in16 = (address & 15) + size <= 16;
    if (acc & (ACC_EXCL | ACC_ATOMIC) && !(lse2 && in16))
        return "alignment of exclusives and atomics";
    if (acc & ACC_ORDERED && !(lse2 && (in16 || r->naa))) return "alignment of acquire/release";
    return NULL;
}

// What is armed comes after the faults of the translation (AArch64.CheckDebug).
static COLD void check_armed(Cpu *cpu, const Tlb *tlb, u64 address, u64 pa, unsigned size,
                             bool read, bool write, Acc acc) {
    ArmedAccess a = {.va = address,
                     .pa = pa,
                     .size = size,
                     .kinds = (u8)((read ? ARMED_READ : 0) | (write ? ARMED_WRITE : 0)),
                     .el = (u8)mode_el(tlb->mode),
                     .nv2 = acc & ACC_NV2};
    if (armed_hit(cpu, &a)) cpu_unwind(cpu);
}

// DC IVAC is a store to its whole line; other cache maintenance touches nothing.
static COLD void check_armed_line(Cpu *cpu, u64 address) {
    // Memory that a debugger has armed by PA is not compared: nothing is written.
    ArmedAccess a = {.va = align_down(address, LINE_SIZE),
                     .pa = ~0ull,
                     .size = LINE_SIZE,
                     .kinds = ARMED_WRITE,
                     .el = (u8)mode_el(cpu->tlb->mode),
                     .maintenance = true,
                     .operand = address};
    if (armed_hit(cpu, &a)) cpu_unwind(cpu);
}

// Translates for an access inside one page; faults leave the instruction.
static Place locate(Cpu *cpu, Tlb *tlb, u64 address, unsigned size, bool read, bool write,
                    bool unaligned, Acc acc) {
    u64 page = address & ~0xfffull;
    unsigned i = (address >> 12) & (TLB_SIZE - 1);
    TlbEntry *e = &tlb->data[i];
    const DataFull *f = &tlb_table(tlb)->full[i];
    bool hit = (!read || (e->rtag & ~(u64)TLB_SLOW) == page) &&
               (!write || (e->wtag & ~(u64)TLB_SLOW) == page);
    if (!hit) {
        Walk w;
        Mapping m;
        tlb_start_walk(cpu, tlb, write ? ACCESS_WRITE : ACCESS_READ, read, write, &w);
        w.unaligned = unaligned;
        if (!walk_translate(&w, address, &m))
            abort_access(cpu, address, &w.fault, w.type, size, acc);
        tlb_fill(cpu, tlb, address, &m);
    } else if (unlikely(unaligned && f->flags & FULL_DEVICE)) {
        bool stage2 = !(f->flags & FULL_S1_DEVICE);
        alignment_fault(cpu, address, stage2, write && !read,
                        stage2 ? "stage 2: Device memory must be aligned"
                               : "stage 1: Device memory must be aligned",
                        acc);
    }
    Place p = {.pa = f->pa | (address & 0xfff), .device = f->flags & FULL_DEVICE};
    if (unlikely(f->flags & FULL_ARMED))
        check_armed(cpu, tlb, address, p.pa, size, read, write, acc);
    if (unlikely(f->flags & FULL_CHECKED))
        tag_check(cpu, tlb, address, p.pa, size, read, write, acc);
    bool bus = f->flags & FULL_MMIO || (write && f->flags & FULL_READONLY);
    if (!bus) p.host = (u8 *)(uintptr_t)(address + e->add);
    p.code = write && e->wtag & TLB_SLOW;
    return p;
}

// --- data, once it is known where ----------------------------------------------------------------

static COLD void notify_device(Cpu *cpu, const DeviceEvent *ev) {
    for (const Observer *o = cpu->observer; o; o = o->next)
        if (o->device) o->device(o->arg, cpu, ev);
}

static bool device_read(Cpu *cpu, u64 pa, unsigned size, u64 *value) {
    bool ok = bus_read(cpu->machine, pa, size, value, cpu);
    if (unlikely(cpu->observer != NULL))
        notify_device(cpu, &(DeviceEvent){pa, ok ? *value : 0, (u8)size, false, ok});
    return ok;
}

static bool device_write(Cpu *cpu, u64 pa, unsigned size, u64 value) {
    bool ok = bus_write(cpu->machine, pa, size, value, cpu);
    if (unlikely(cpu->observer != NULL))
        notify_device(cpu, &(DeviceEvent){pa, value, (u8)size, true, ok});
    return ok;
}

// Devices see naturally aligned accesses only; an unaligned one (Normal memory type) goes byte by
// byte.
static bool bus_load(Cpu *cpu, u64 pa, unsigned size, u64 *value) {
    if (!(pa & (size - 1))) return device_read(cpu, pa, size, value);
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        u64 byte;
        if (!device_read(cpu, pa + i, 1, &byte)) return false;
        *value |= (byte & 0xff) << 8 * i;
    }
    return true;
}

static bool bus_store(Cpu *cpu, u64 pa, unsigned size, u64 value) {
    if (!(pa & (size - 1))) return device_write(cpu, pa, size, value & ones(8 * size));
    for (unsigned i = 0; i < size; i++)
        if (!device_write(cpu, pa + i, 1, value >> 8 * i & 0xff)) return false;
    return true;
}

static u64 load(Cpu *cpu, const Place *p, u64 address, unsigned size, Acc acc) {
    u64 value = 0;
    if (likely(p->host != NULL)) {
        memcpy(&value, p->host, size);
    } else if (!bus_load(cpu, p->pa, size, &value)) {
        external_abort(cpu, address, false, acc);
    }
    return value;
}

static void store(Cpu *cpu, Tlb *tlb, const Place *p, u64 address, unsigned size, u64 value,
                  Acc acc) {
    if (likely(p->host != NULL)) {
        memcpy(p->host, &value, size);
        if (p->code) tlb_code_written(cpu, tlb, address, p->pa, size);
    } else if (!bus_store(cpu, p->pa, size, value)) {
        external_abort(cpu, address, true, acc);
    }
}

static bool crosses_page(u64 address, unsigned size) {
    return (address & 0xfff) + size > 0x1000;
}

static bool check_alignment(Cpu *cpu, u64 address, unsigned size, bool write, Acc acc) {
    if (likely(!(address & (size - 1)))) return false;
    const char *rule = unaligned_faults(cpu, address, size, acc);
    if (unlikely(rule != NULL)) alignment_fault(cpu, address, false, write, rule, acc);
    return true;
}

static void sync(Cpu *cpu, const Op *op) {
    if (op) cpu_sync(cpu, op);
}

u64 mem_read_slow(Cpu *cpu, const Op *op, u64 address, unsigned size, Acc acc) {
    sync(cpu, op);
    bool unaligned = check_alignment(cpu, address, size, false, acc), atomic = acc & ACC_ATOMIC;
    Tlb *tlb = tlb_of_access(cpu, acc);
    if (likely(!crosses_page(address, size))) {
        Place p = locate(cpu, tlb, address, size, true, atomic, unaligned, acc);
        return load(cpu, &p, address, size, acc);
    }
    unsigned first = 0x1000 - (address & 0xfff);
    Place a = locate(cpu, tlb, address, first, true, atomic, true, acc);
    u64 low = 0, high = 0;
    for (unsigned i = 0; i < first; i++) {
        Place byte = {a.host ? a.host + i : NULL, a.pa + i, a.device, a.code};
        low |= load(cpu, &byte, address + i, 1, acc) << 8 * i;
    }
    Place b = locate(cpu, tlb, address + first, size - first, true, atomic, true, acc);
    for (unsigned i = first; i < size; i++) {
        Place byte = {b.host ? b.host + (i - first) : NULL, b.pa + (i - first), b.device, b.code};
        high |= load(cpu, &byte, address + i, 1, acc) << 8 * i;
    }
    return low | high;
}

void mem_write_slow(Cpu *cpu, const Op *op, u64 address, unsigned size, u64 value, Acc acc) {
    sync(cpu, op);
    bool unaligned = check_alignment(cpu, address, size, true, acc);
    Tlb *tlb = tlb_of_access(cpu, acc);
    if (likely(!crosses_page(address, size))) {
        Place p = locate(cpu, tlb, address, size, false, true, unaligned, acc);
        store(cpu, tlb, &p, address, size, value, acc);
        return;
    }
    // Nothing is written when the second page faults.
    unsigned first = 0x1000 - (address & 0xfff);
    u64 next = address + first;
    Place a = locate(cpu, tlb, address, first, false, true, true, acc);
    Place b = locate(cpu, tlb, next, size - first, false, true, true, acc);
    for (unsigned i = 0; i < first; i++) {
        Place byte = {a.host ? a.host + i : NULL, a.pa + i, a.device, a.code};
        store(cpu, tlb, &byte, address + i, 1, value >> 8 * i & 0xff, acc);
    }
    for (unsigned i = first; i < size; i++) {
        Place byte = {b.host ? b.host + (i - first) : NULL, b.pa + (i - first), b.device, b.code};
        store(cpu, tlb, &byte, address + i, 1, value >> 8 * i & 0xff, acc);
    }
}

// A 128-bit access is two of 64 bits, checked for alignment and translated as one. A pair of X
// registers (ACC_PAIR without ACC_VECTOR) needs the alignment of one of them.
static unsigned alignment128(Acc acc) {
    return acc & ACC_PAIR && !(acc & (ACC_VECTOR | ACC_EXCL | ACC_ATOMIC)) ? 8 : 16;
}

static void check_alignment128(Cpu *cpu, u64 address, bool write, Acc acc) {
    unsigned size = alignment128(acc);
    if (likely(!(address & (size - 1)))) return;
    const char *rule = unaligned_faults(cpu, address, size, acc & (Acc)~ACC_ORDERED);
    if (rule) alignment_fault(cpu, address, false, write, rule, acc);
}

void mem_read128_slow(Cpu *cpu, const Op *op, u64 address, V128 *out, Acc acc) {
    sync(cpu, op);
    check_alignment128(cpu, address, false, acc);
    Tlb *tlb = tlb_of_access(cpu, acc);
    bool unaligned = address & (alignment128(acc) - 1);
    if (!crosses_page(address, 16)) {
        Place p = locate(cpu, tlb, address, 16, true, acc & ACC_ATOMIC, unaligned, acc);
        if (likely(p.host != NULL)) {
            memcpy(out, p.host, 16);
            return;
        }
        Place q = {NULL, p.pa + 8, p.device, p.code};
        u64 low = load(cpu, &p, address, 8, acc);
        out->d[1] = load(cpu, &q, address + 8, 8, acc);
        out->d[0] = low;
        return;
    }
    locate(cpu, tlb, address, 8, true, false, unaligned, acc);
    u64 low = mem_read_slow(cpu, NULL, address, 8, acc & (Acc)~ACC_ORDERED);
    // Half of an unaligned access is no aligned one.
    if (unaligned && !(address & 7)) locate(cpu, tlb, address + 8, 8, true, false, true, acc);
    out->d[1] = mem_read_slow(cpu, NULL, address + 8, 8, acc & (Acc)~ACC_ORDERED);
    out->d[0] = low;
}

void mem_write128_slow(Cpu *cpu, const Op *op, u64 address, const V128 *value, Acc acc) {
    sync(cpu, op);
    check_alignment128(cpu, address, true, acc);
    Tlb *tlb = tlb_of_access(cpu, acc);
    bool unaligned = address & (alignment128(acc) - 1);
    if (!crosses_page(address, 16)) {
        Place p = locate(cpu, tlb, address, 16, false, true, unaligned, acc);
        Place q = {p.host ? p.host + 8 : NULL, p.pa + 8, p.device, p.code};
        store(cpu, tlb, &p, address, 8, value->d[0], acc);
        store(cpu, tlb, &q, address + 8, 8, value->d[1], acc);
        return;
    }
    unsigned first = 0x1000 - (address & 0xfff);
    locate(cpu, tlb, address, first, false, true, unaligned, acc);
    locate(cpu, tlb, address + first, 16 - first, false, true, unaligned, acc);
    mem_write_slow(cpu, NULL, address, 8, value->d[0], acc & (Acc)~ACC_ORDERED);
    mem_write_slow(cpu, NULL, address + 8, 8, value->d[1], acc & (Acc)~ACC_ORDERED);
}

u64 mem_translate(Cpu *cpu, const Op *op, u64 address, unsigned size, bool read, bool write,
                  Acc acc) {
    sync(cpu, op);
    bool unaligned = check_alignment(cpu, address, size, write && !read, acc);
    return locate(cpu, tlb_of_access(cpu, acc), address, size, read, write, unaligned, acc).pa;
}

// --- fetch ---------------------------------------------------------------------------------------

OpPage *fetch_page_slow(Cpu *cpu, u64 pc) {
    cpu->pc = pc;
    if (unlikely(pc & 3)) {
        AArch64_PCAlignmentFault(cpu, pc);
        return NULL;
    }
    Walk w;
    Mapping m;
    tlb_start_walk(cpu, cpu->tlb, ACCESS_FETCH, false, false, &w);
    if (!walk_translate(&w, pc, &m)) {
        AArch64_Abort(cpu, va(pc), &w.fault, ACCESS_FETCH, 4, ACC_NORMAL);
        return NULL;
    }
    OpPage *page = opcache_page(cpu->machine, m.pa & ~0xfffull);
    if (unlikely(!page)) {
        // AArch64.TranslateAddress: breakpoints are looked at before memory is.
        const ArmedAccess a = {.va = pc, .size = 4, .kinds = ARMED_EXEC, .el = cpu->el};
        if (cpu->any_armed && armed_hit(cpu, &a)) return NULL;
        Fault f = {.type = FAULT_EXTERNAL, .rule = "external abort: no memory to execute"};
        AArch64_Abort(cpu, va(pc), &f, ACCESS_FETCH, 4, ACC_NORMAL);
        return NULL;
    }
    tlb_fill_fetch(cpu, cpu->tlb, pc, &m, page);
    return page;
}

bool fetch_guarded(Cpu *cpu, u64 pc) {
    if (!cpu_has(cpu, FEAT_BTI)) return false;
    unsigned i = (pc >> 12) & (FETCH_SIZE - 1);
    if ((cpu->tlb->fetch[i].tag & ~(u64)TLB_SLOW) == (pc & ~0xfffull))
        return tlb_table(cpu->tlb)->fetch_full[i].flags & FULL_GUARDED;
    // Not there any more: what the tables say now.
    AccessDesc acc = {.type = ACCESS_FETCH, .mode = cpu->tlb->mode, .no_side_effects = true};
    Translation t = {0};
    Fault fault;
    return mmu_translate(cpu, va(pc), &acc, &t, &fault) && t.guarded;
}

// --- DC ZVA and cache maintenance ----------------------------------------------------------------

enum { ZVA_SIZE = 64 };

// AArch64.DataMemZero, once the block has been translated.
static void zero_data(Cpu *cpu, Tlb *tlb, const Place *p, u64 block, u64 address) {
    static const u8 zeros[ZVA_SIZE];
    if (!p->host) {
        for (unsigned k = 0; k < ZVA_SIZE; k += 8)
            if (!bus_store(cpu, p->pa + k, 8, 0)) external_abort(cpu, address, true, ACC_VECTOR);
        return;
    }
    memcpy(p->host, zeros, ZVA_SIZE);
    if (p->code) tlb_code_written(cpu, tlb, block, p->pa, ZVA_SIZE);
}

// AArch64.MemZero. A fault names the address of the instruction, not that of the block.
void dc_zero(Cpu *cpu, u64 address, unsigned what) {
    u64 block = align_down(address, ZVA_SIZE);
    Tlb *tlb = cpu->tlb;
    unsigned i = (block >> 12) & (TLB_SIZE - 1);
    TlbEntry *e = &tlb->data[i];
    const DataFull *f = &tlb_table(tlb)->full[i];
    if ((e->wtag & ~(u64)TLB_SLOW) != (block & ~0xfffull)) {
        Walk w;
        Mapping m;
        tlb_start_walk(cpu, tlb, ACCESS_WRITE, false, true, &w);
        w.zero = true;
        if (!walk_translate(&w, block, &m))
            abort_access(cpu, address, &w.fault, ACCESS_WRITE, ZVA_SIZE, ACC_VECTOR);
        tlb_fill(cpu, tlb, block, &m);
    } else if (f->flags & FULL_DEVICE) {
        alignment_fault(cpu, address, !(f->flags & FULL_S1_DEVICE), true, "DC ZVA of Device memory",
                        ACC_VECTOR);
    }
    Place p = locate(cpu, tlb, block, ZVA_SIZE, false, true, false, ACC_VECTOR | ACC_NO_TAG);
    if (unlikely(what == ZERO_DATA && f->flags & FULL_CHECKED))
        tag_check_block(cpu, tlb, address, p.pa, ZVA_SIZE);
    if (what & ZERO_TAGS && f->flags & FULL_TAGGED && tag_access_enabled(cpu))
        for (unsigned k = 0; k < ZVA_SIZE; k += TAG_GRANULE)
            tag_store(cpu->machine, p.pa + k, (unsigned)bits(address, 59, 56));
    if (what & ZERO_DATA) zero_data(cpu, tlb, &p, block, address);
}

void cache_maintenance_va(Cpu *cpu, const Op *op, u64 address, bool invalidate, bool icache) {
    sync(cpu, op);
    bool write = invalidate && !icache;
    u64 page = address & ~0xfffull;
    TlbEntry *e = &cpu->tlb->data[(address >> 12) & (TLB_SIZE - 1)];
    // A hit has passed the checks already: no cache is modelled.
    if (((write ? e->wtag : e->rtag) & ~(u64)TLB_SLOW) != page) {
        Walk w;
        Mapping m;
        tlb_start_walk(cpu, cpu->tlb, ACCESS_CACHE, false, write, &w);
        if (!walk_translate(&w, address, &m))
            abort_access(cpu, address, &w.fault, ACCESS_CACHE, 0, ACC_NORMAL);
    }
    if (unlikely(write && cpu->any_armed)) check_armed_line(cpu, address);
}
