// Registers by name. What a write does is what an MSR at the highest Exception level would do: masks,
// hooks, derived state; nothing traps.
#include "debugger/state.h"

#include "cpu/pmu.h"
#include "cpu/sysreg.h"
#include "debugger/gic_registers.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

// --- PSTATE --------------------------------------------------------------------------------------

static const struct {
    const char *name;
    u8 hi, lo;
} pstate_fields[] = {
    {"N", 31, 31},    {"Z", 30, 30},     {"C", 29, 29},   {"V", 28, 28},  {"TCO", 25, 25},
    {"DIT", 24, 24},  {"UAO", 23, 23},   {"PAN", 22, 22}, {"SS", 21, 21}, {"IL", 20, 20},
    {"SSBS", 12, 12}, {"BTYPE", 11, 10}, {"D", 9, 9},     {"A", 8, 8},    {"I", 7, 7},
    {"F", 6, 6},      {"nRW", 4, 4},     {"EL", 3, 2},    {"SP", 0, 0},
};

bool reg_pstate_field(unsigned n, const char **name, u8 *hi, u8 *lo) {
    if (n >= ARRAY_LEN(pstate_fields)) return false;
    *name = pstate_fields[n].name;
    *hi = pstate_fields[n].hi;
    *lo = pstate_fields[n].lo;
    return true;
}

// SPSR layout: AArch64, and an Exception level and stack pointer that this CPU has.
static bool pstate_is_valid(const Cpu *cpu, u64 value) {
    u64 mode = bits(value, 4, 0);
    return mode == 0 || mode == 4 || mode == 5 || (cpu_have_el2(cpu) && (mode == 8 || mode == 9));
}

static bool write_pstate(Cpu *cpu, u64 value, Error *err) {
    if (!pstate_is_valid(cpu, value))
        return error_set(err, "PSTATE 0x%llx: M<4:0> is no mode of this CPU",
                         (unsigned long long)value);
    cpu_set_nzcv(cpu, (u32)value);
    pstate_changed(cpu, (u32)value & 0x0fffffff);
    pmu_changed(cpu);
    return true;
}

// --- finding -------------------------------------------------------------------------------------

// "x12" with prefix 'x': 12. -1: something else, or more than max.
static int number_after(const char *name, char prefix, int max) {
    if ((name[0] | 32) != prefix || !isdigit((unsigned char)name[1])) return -1;
    char *end;
    unsigned long n = strtoul(name + 1, &end, 10);
    return *end || n > (unsigned long)max || (name[1] == '0' && name[2]) ? -1 : (int)n;
}

static bool set_reg(Reg *out, RegKind kind, unsigned index, unsigned hi, unsigned lo,
                    const char *name) {
    *out = (Reg){.kind = kind, .index = (u16)index, .hi = (u8)hi, .lo = (u8)lo};
    snprintf(out->name, sizeof out->name, "%.39s", name);
    return true;
}

static bool find_general(const char *name, Reg *out) {
    char text[16];
    int n = number_after(name, 'x', 30), w = number_after(name, 'w', 30);
    if (n >= 0 || w >= 0) {
        snprintf(text, sizeof text, n >= 0 ? "x%d" : "w%d", n >= 0 ? n : w);
        return set_reg(out, REG_GENERAL, (unsigned)(n >= 0 ? n : w), n >= 0 ? 63 : 31, 0, text);
    }
    static const struct {
        const char *name;
        unsigned slot;
    } named[] = {{"sp", REG_SP},
                 {"lr", 30},
                 {"fp", 29},
                 {"pc", REG_SLOTS},
                 {"SP_EL0", REG_SLOTS + 1},
                 {"SP_EL1", REG_SLOTS + 2},
                 {"SP_EL2", REG_SLOTS + 3}};
    for (unsigned i = 0; i < ARRAY_LEN(named); i++)
        if (!strcasecmp(name, named[i].name))
            return set_reg(out, REG_GENERAL, named[i].slot, 63, 0, named[i].name);
    return false;
}

static bool find_vector(const char *name, Reg *out) {
    static const char views[] = "vqdshb";
    static const u8 top[] = {127, 127, 63, 31, 15, 7};
    for (unsigned i = 0; views[i]; i++) {
        int n = number_after(name, views[i], 31);
        if (n < 0) continue;
        char text[16];
        snprintf(text, sizeof text, "%c%d", views[i], n);
        return set_reg(out, REG_VECTOR, (unsigned)n, top[i], 0, text);
    }
    return false;
}

static bool find_pstate(const char *name, const char *field, Reg *out) {
    bool whole = !strcasecmp(name, "pstate") || !strcasecmp(name, "cpsr");
    if (whole && !field) return set_reg(out, REG_PSTATE, 0, 31, 0, "PSTATE");
    for (unsigned i = 0; whole && i < ARRAY_LEN(pstate_fields); i++) {
        if (strcasecmp(field, pstate_fields[i].name)) continue;
        char text[16];
        snprintf(text, sizeof text, "PSTATE.%s", pstate_fields[i].name);
        return set_reg(out, REG_PSTATE, 0, pstate_fields[i].hi, pstate_fields[i].lo, text);
    }
    return false;
}

static bool find_system(const Cpu *cpu, const char *name, const char *field, Reg *out) {
    unsigned index = sysreg_find(name);
    if (index == SYSREG_NONE || !sysreg_present(cpu, index)) return false;
    const SysRegInfo *info = sysreg_info(index);
    if (info->alias_of != SYSREG_NONE) info = sysreg_info(index = info->alias_of);
    if (info->offset == SYSREG_NONE) return false;
    if (!field) return set_reg(out, REG_SYSTEM, index, 63, 0, info->name);
    for (unsigned i = 0; i < info->fields; i++) {
        const SysRegField *f = &sysreg_fields[info->first_field + i];
        if (f->kind == FIELD_RES0 || f->kind == FIELD_RES1 || strcasecmp(field, f->name)) continue;
        char text[64];
        snprintf(text, sizeof text, "%s.%s", info->name, f->name);
        return set_reg(out, REG_SYSTEM, index, f->hi, f->lo, text);
    }
    return false;
}

static bool find_device(const Cpu *cpu, const char *name, Reg *out) {
    unsigned n;
    const GicRegister *r = gic_register_find(cpu->machine, name, &n);
    if (!r) return false;
    char text[40];
    snprintf(text, sizeof text, r->count > 1 ? "%s%u" : "%s", r->name, n);
    set_reg(out, REG_DEVICE, r->bytes, r->bytes * 8u - 1, 0, text);
    out->address = gic_register_address(cpu, r, n);
    return true;
}

// --- suggestions ---------------------------------------------------------------------------------

// Edit distance of two names, case aside, up to a few; more is all the same.
static unsigned distance(const char *a, const char *b) {
    enum { MOST = 40 };
    unsigned row[MOST + 1];
    size_t n = strlen(b);
    if (n > MOST || strlen(a) > MOST) return 99;
    for (unsigned j = 0; j <= n; j++) row[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned corner = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            bool same = toupper((unsigned char)a[i - 1]) == toupper((unsigned char)b[j - 1]);
            unsigned best = MIN(MIN(row[j], row[j - 1]) + 1, corner + !same);
            corner = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

typedef struct Closest {
    const char *wanted;
    char name[64];
    unsigned distance;
} Closest;

static void consider(void *arg, const char *name) {
    Closest *c = arg;
    unsigned d = distance(c->wanted, name);
    if (d >= c->distance) return;
    c->distance = d;
    snprintf(c->name, sizeof c->name, "%s", name);
}

static bool unknown(const Cpu *cpu, const char *name, Error *err) {
    if (!err) return false;
    Closest c = {.wanted = name, .distance = (unsigned)strlen(name) / 3 + 1};
    reg_each(cpu, "", strchr(name, '.') != NULL, consider, &c);
    if (*c.name)
        return error_set(err, "no register '%.40s' on this CPU; did you mean %s?", name, c.name);
    return error_set(err, "no register '%.40s' on this CPU", name);
}

bool reg_find(const Cpu *cpu, const char *name, Reg *out, Error *err) {
    char base[48];
    if (*name == '$') name++;
    const char *dot = strchr(name, '.');
    size_t n = dot ? (size_t)(dot - name) : strlen(name);
    if (n >= sizeof base) return unknown(cpu, name, err);
    memcpy(base, name, n);
    base[n] = '\0';
    const char *field = dot ? dot + 1 : NULL;
    if (!field &&
        (find_general(base, out) || find_vector(base, out) || find_device(cpu, base, out)))
        return true;
    return find_pstate(base, field, out) || find_system(cpu, base, field, out) ||
           unknown(cpu, name, err);
}

// --- every name ----------------------------------------------------------------------------------

typedef struct Each {
    const char *prefix;
    void (*fn)(void *arg, const char *name);
    void *arg;
} Each;

static void offer(void *arg, const char *name) {
    const Each *e = arg;
    if (!strncasecmp(name, e->prefix, strlen(e->prefix))) e->fn(e->arg, name);
}

static void offer_numbered(Each *e, char prefix, unsigned count) {
    char name[16];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%c%u", prefix, i);
        offer(e, name);
    }
}

static void offer_system(Each *e, const SysRegInfo *info, bool fields) {
    offer(e, info->name);
    for (unsigned i = 0; fields && i < info->fields; i++) {
        const SysRegField *f = &sysreg_fields[info->first_field + i];
        char name[64];
        if (f->kind == FIELD_RES0 || f->kind == FIELD_RES1) continue;
        snprintf(name, sizeof name, "%s.%s", info->name, f->name);
        offer(e, name);
    }
}

void reg_each(const Cpu *cpu, const char *prefix, bool fields,
              void (*fn)(void *arg, const char *name), void *arg) {
    static const char *const others[] = {"sp",     "pc",     "lr",     "fp",
                                         "SP_EL0", "SP_EL1", "SP_EL2", "PSTATE"};
    Each e = {prefix, fn, arg};
    offer_numbered(&e, 'x', 31);
    for (unsigned i = 0; i < ARRAY_LEN(others); i++) offer(&e, others[i]);
    for (unsigned i = 0; fields && i < ARRAY_LEN(pstate_fields); i++) {
        char name[24];
        snprintf(name, sizeof name, "PSTATE.%s", pstate_fields[i].name);
        offer(&e, name);
    }
    offer_numbered(&e, 'v', 32);
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *info = sysreg_info(i);
        // The stack pointers are offered above.
        bool is_sp = !strncmp(info->name, "SP_EL", 5);
        if (info->offset == SYSREG_NONE || is_sp || !sysreg_present(cpu, i)) continue;
        offer_system(&e, info, fields && info->alias_of == SYSREG_NONE);
    }
    gic_register_each(cpu->machine, offer, &e);
}

// --- reading and writing -------------------------------------------------------------------------

static u64 *general_slot(Cpu *cpu, unsigned slot) {
    if (slot < REG_SLOTS) return &cpu->x[slot];
    if (slot == REG_SLOTS) return &cpu->pc;
    unsigned el = slot - REG_SLOTS - 1;
    return el == (cpu->pstate & PSTATE_SP ? cpu->el : 0) ? &cpu->x[REG_SP] : &cpu->sp_el[el];
}

// Calls the read or the write hook of a register as the highest Exception level would, where
// nothing traps it and ICC_* is the physical interface. Views of PSTATE are the current level's.
static bool call_hook(Cpu *cpu, unsigned reg, u64 *value, bool write) {
    const SysRegInfo *info = sysreg_info(reg);
    u8 el = cpu->el;
    bool of_pstate = info->read == sysreg_info(SYSREG_NZCV)->read;
    if (!of_pstate) cpu->el = cpu_have_el2(cpu) ? 2 : 1;
    bool done = write ? info->write(cpu, reg, *value) : info->read(cpu, reg, value);
    if (!of_pstate) cpu->el = el;
    if (write) interrupts_changed(cpu);
    pmu_changed(cpu);  // it may have filtered by the other level
    return done;
}

static bool read_system(Cpu *cpu, const Reg *r, u64 *value, Error *err) {
    const SysRegInfo *info = sysreg_info(r->index);
    if (info->read_el > 2) return error_set(err, "%s is write-only", info->name);
    if (r->index == SYSREG_ICC_IAR0_EL1 || r->index == SYSREG_ICC_IAR1_EL1)
        return error_set(err, "%s: reading it acknowledges an interrupt", info->name);
    if (r->index == SYSREG_RNDR || r->index == SYSREG_RNDRRS)
        return error_set(err, "%s: reading it takes the guest's next random number", info->name);
    if (info->read)
        return call_hook(cpu, r->index, value, false) ||
               error_set(err, "%s cannot be read now", info->name);
    *value = *sysreg_storage(cpu, r->index);
    return true;
}

static bool write_system(Cpu *cpu, const Reg *r, u64 value, Error *err) {
    const SysRegInfo *info = sysreg_info(r->index);
    if (info->write_el > 2) return error_set(err, "%s is read-only", info->name);
    if (info->write)
        return call_hook(cpu, r->index, &value, true) ||
               error_set(err, "%s cannot be written now", info->name);
    u64 *slot = sysreg_storage(cpu, r->index), old = *slot;
    *slot = sysreg_masked(cpu, r->index, value);
    if (info->after) info->after(cpu, r->index, old);
    return true;
}

static const GicRegister *device_row(const Cpu *cpu, const Reg *r) {
    unsigned n;
    return gic_register_find(cpu->machine, r->name, &n);
}

static bool read_device(Cpu *cpu, const Reg *r, u64 *value, Error *err) {
    const GicRegister *row = device_row(cpu, r);
    if (row->reading_acts)
        return error_set(err, "%s: reading it acknowledges an interrupt", r->name);
    if (row->write_only) return error_set(err, "%s is write-only", r->name);
    return bus_read(cpu->machine, r->address, row->bytes, value, cpu) ||
           error_set(err, "%s cannot be read", r->name);
}

static bool read_whole(Cpu *cpu, const Reg *r, u128 *value, Error *err) {
    u64 low = 0;
    bool ok = true;
    switch (r->kind) {
    case REG_GENERAL: low = *general_slot(cpu, r->index); break;
    case REG_PSTATE: low = cpu_spsr(cpu); break;
    case REG_VECTOR: *value = cpu->v[r->index].q; return true;
    case REG_SYSTEM: ok = read_system(cpu, r, &low, err); break;
    case REG_DEVICE: ok = read_device(cpu, r, &low, err); break;
    }
    *value = low;
    return ok;
}

static u128 field_mask(const Reg *r) {
    unsigned n = r->hi - r->lo + 1u;
    return n >= 128 ? ~(u128)0 : (((u128)1 << n) - 1) << r->lo;
}

bool reg_read(Cpu *cpu, const Reg *r, u128 *value, Error *err) {
    u128 whole;
    if (!read_whole(cpu, r, &whole, err)) return false;
    *value = (whole & field_mask(r)) >> r->lo;
    return true;
}

static bool write_whole(Cpu *cpu, const Reg *r, u128 value, Error *err) {
    switch (r->kind) {
    case REG_GENERAL: *general_slot(cpu, r->index) = (u64)value; return true;
    case REG_PSTATE: return write_pstate(cpu, (u64)value, err);
    case REG_VECTOR: cpu->v[r->index].q = value; return true;
    case REG_SYSTEM: return write_system(cpu, r, (u64)value, err);
    case REG_DEVICE: break;
    }
    return bus_write(cpu->machine, r->address, (unsigned)(r->hi + 1) / 8, (u64)value, cpu) ||
           error_set(err, "%s cannot be written", r->name);
}

// w0, d0 and the like: writing them clears the rest, as instructions do. A field keeps the rest.
bool reg_write(Cpu *cpu, const Reg *r, u128 value, Error *err) {
    u128 mask = field_mask(r), whole = 0;
    if (value & ~(mask >> r->lo))
        return error_set(err, "%s has %u bits", r->name, r->hi - r->lo + 1u);
    bool field =
        r->kind == REG_PSTATE ? r->hi - r->lo < 31 : r->kind == REG_SYSTEM && r->hi - r->lo < 63;
    if (field && !read_whole(cpu, r, &whole, err)) return false;
    return write_whole(cpu, r, (whole & ~mask) | value << r->lo, err);
}
