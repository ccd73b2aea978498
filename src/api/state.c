// Registers, memory, translation, expressions and symbols of the public interface, on src/debugger.
#include "api/internal.h"

#include "debugger/place.h"
#include "debugger/space.h"

#include <string.h>

// --- addresses -----------------------------------------------------------------------------------

Space api_space(const el2sim_address *a) {
    switch (a->space) {
    case EL2SIM_VA_EL: return (Space){.kind = AS_EL, .el = (u8)a->el};
    case EL2SIM_VA_VM: return (Space){.kind = AS_VM, .vmid = (u16)a->vmid};
    case EL2SIM_IPA: return (Space){.kind = AS_IPA, .any_vm = true};
    case EL2SIM_IPA_VM: return (Space){.kind = AS_IPA, .vmid = (u16)a->vmid};
    case EL2SIM_PA: return (Space){.kind = AS_PHYSICAL};
    case EL2SIM_VA_CURRENT: break;
    }
    return (Space){.kind = AS_CURRENT};
}

static bool is_address(const el2sim_address *a, Error *err) {
    if ((unsigned)a->space > EL2SIM_PA) return error_set(err, "space %d is unknown", a->space);
    if (a->space == EL2SIM_VA_EL && a->el > 2) return error_set(err, "there is no EL%u", a->el);
    bool vm = a->space == EL2SIM_VA_VM || a->space == EL2SIM_IPA_VM;
    return !vm || a->vmid <= 0xffff || error_set(err, "vm%u: a VMID has 16 bits", a->vmid);
}

static el2sim_address address_of(const ExprValue *v) {
    static const el2sim_space spaces[] = {[AS_CURRENT] = EL2SIM_VA_CURRENT,
                                          [AS_EL] = EL2SIM_VA_EL,
                                          [AS_VM] = EL2SIM_VA_VM,
                                          [AS_IPA] = EL2SIM_IPA_VM,
                                          [AS_PHYSICAL] = EL2SIM_PA};
    Space s = v->space;
    return (el2sim_address){.space = s.kind == AS_IPA && s.any_vm ? EL2SIM_IPA : spaces[s.kind],
                            .el = s.el,
                            .vmid = s.vmid,
                            .address = v->v};
}

static bool evaluate(el2sim *sim, Cpu *cpu, const char *text, ExprValue *out, Error *err) {
    ExprContext c = {cpu, sim->symbols};
    return expr_value(&c, text, NULL, out, err);
}

bool el2sim_evaluate(el2sim *sim, unsigned index, const char *text, el2sim_address *out,
                     char *error, size_t error_size) {
    Error err = {0};
    ExprValue v;
    Cpu *cpu = api_find_cpu(sim, index, &err);
    if (!cpu || !evaluate(sim, cpu, text, &v, &err)) return api_report(&err, error, error_size);
    *out = address_of(&v);
    return true;
}

// --- registers -----------------------------------------------------------------------------------

bool el2sim_get(el2sim *sim, unsigned index, const char *name, el2sim_value *out, char *error,
                size_t error_size) {
    Error err = {0};
    Reg reg;
    u128 value;
    Cpu *cpu = api_find_cpu(sim, index, &err);
    if (!cpu || !reg_find(cpu, name, &reg, &err) || !reg_read(cpu, &reg, &value, &err))
        return api_report(&err, error, error_size);
    *out = (el2sim_value){(u64)value, (u64)(value >> 64), reg.hi - reg.lo + 1u};
    return true;
}

bool el2sim_set(el2sim *sim, unsigned index, const char *name, const el2sim_value *value,
                char *error, size_t error_size) {
    Error err = {0};
    Reg reg;
    Cpu *cpu = api_find_cpu(sim, index, &err);
    if (!cpu || !reg_find(cpu, name, &reg, &err) ||
        !reg_write(cpu, &reg, (u128)value->hi << 64 | value->lo, &err))
        return api_report(&err, error, error_size);
    return true;
}

bool el2sim_each_register(el2sim *sim, unsigned index, const char *prefix, bool fields,
                          el2sim_name_fn fn, void *arg) {
    Cpu *cpu = api_cpu(sim, index);
    if (cpu) reg_each(cpu, prefix, fields, fn, arg);
    return cpu != NULL;
}

// --- memory --------------------------------------------------------------------------------------

bool el2sim_read_at(el2sim *sim, unsigned index, const el2sim_address *where, void *buffer,
                    size_t n, char *error, size_t error_size) {
    Error err = {0};
    Cpu *cpu = api_find_cpu(sim, index, &err);
    bool ok = cpu && is_address(where, &err) &&
              space_read(cpu, api_space(where), where->address, buffer, n, &err);
    return ok || api_report(&err, error, error_size);
}

bool el2sim_write_at(el2sim *sim, unsigned index, const el2sim_address *where, const void *buffer,
                     size_t n, char *error, size_t error_size) {
    Error err = {0};
    Cpu *cpu = api_find_cpu(sim, index, &err);
    bool ok = cpu && is_address(where, &err) &&
              space_write(cpu, api_space(where), where->address, buffer, n, &err);
    return ok || api_report(&err, error, error_size);
}

bool el2sim_read_memory(el2sim *sim, unsigned index, const char *where, void *buffer, size_t n,
                        char *error, size_t error_size) {
    el2sim_address a;
    return el2sim_evaluate(sim, index, where, &a, error, error_size) &&
           el2sim_read_at(sim, index, &a, buffer, n, error, error_size);
}

bool el2sim_write_memory(el2sim *sim, unsigned index, const char *where, const void *buffer,
                         size_t n, char *error, size_t error_size) {
    el2sim_address a;
    return el2sim_evaluate(sim, index, where, &a, error, error_size) &&
           el2sim_write_at(sim, index, &a, buffer, n, error, error_size);
}

// --- translation ---------------------------------------------------------------------------------

static el2sim_fault fault_kind(FaultType type) {
    switch (type) {
    case FAULT_NONE: return EL2SIM_FAULT_NONE;
    case FAULT_ADDRESS_SIZE: return EL2SIM_FAULT_ADDRESS_SIZE;
    case FAULT_TRANSLATION: return EL2SIM_FAULT_TRANSLATION;
    case FAULT_ACCESS_FLAG: return EL2SIM_FAULT_ACCESS_FLAG;
    case FAULT_PERMISSION: return EL2SIM_FAULT_PERMISSION;
    default: return EL2SIM_FAULT_OTHER;
    }
}

static void put_fault(el2sim_translation *out, const Fault *f) {
    out->fault = fault_kind(f->type);
    out->fault_stage = f->stage2 ? 2 : 1;
    out->fault_level = f->level;
    out->fault_on_walk = f->s1ptw;
    out->fault_ipa = f->stage2 ? f->ipa : 0;
    out->fault_rule = f->rule;
}

static void put_result(el2sim_translation *out, const Translation *t, bool physical) {
    out->ipa = physical ? 0 : t->ipa;
    out->page_size = physical ? 0 : 1ull << t->page_bits;
    out->device = t->device;
    out->attributes = t->attr;
    out->stage1 = t->s1_rwx;
    out->stage2 = t->s2_rwx;
}

bool el2sim_walk(el2sim *sim, unsigned index, const el2sim_address *where, bool write,
                 el2sim_translation *result, char *error, size_t error_size) {
    Error err = {0};
    el2sim_translation out = {0};
    WalkStep steps[EL2SIM_MAX_WALK];
    Translation t = {.trace = steps, .trace_max = EL2SIM_MAX_WALK};
    Fault fault = {0};
    Cpu *cpu = api_find_cpu(sim, index, &err);
    if (!cpu || !is_address(where, &err)) return api_report(&err, error, error_size);
    bool ok =
        space_translate(cpu, api_space(where), where->address, write, &t, &fault, &out.pa, &err);
    if (!ok && fault.type == FAULT_NONE) return api_report(&err, error, error_size);
    if (ok) {
        put_result(&out, &t, where->space == EL2SIM_PA);
    } else {
        out.pa = 0;
        put_fault(&out, &fault);
    }
    out.steps = t.trace_count;
    for (unsigned i = 0; i < t.trace_count; i++)
        out.step[i] = (el2sim_walk_step){.stage = steps[i].stage,
                                         .level = steps[i].level,
                                         .for_table = steps[i].for_table,
                                         .input = steps[i].ia,
                                         .at = steps[i].pa,
                                         .descriptor = steps[i].desc};
    return api_give(result, &out, sizeof out, &err) || api_report(&err, error, error_size);
}

// --- symbols -------------------------------------------------------------------------------------

bool el2sim_add_symbols(el2sim *sim, const char *spec, char *error, size_t error_size) {
    Error err = {0};
    return symbols_add(sim->symbols, spec, &err) || api_report(&err, error, error_size);
}

bool el2sim_symbol_at(el2sim *sim, unsigned index, const el2sim_address *where, const char **name,
                      uint64_t *offset) {
    Cpu *cpu = api_cpu(sim, index);
    SymbolHit hit;
    if (!cpu || !is_address(where, NULL) ||
        !symbols_lookup(sim->symbols, place_symbols(cpu, api_space(where)), where->address, &hit))
        return false;
    *name = hit.name;
    if (offset) *offset = hit.offset;
    return true;
}
