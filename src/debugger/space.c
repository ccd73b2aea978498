// Addresses in any space, by src/mmu's own walk; nothing is cached and nothing is updated.
#include "debugger/space.h"

#include "cpu/op.h"
#include "debugger/vms.h"
#include "mmu/walk.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

bool space_prefix(const char **text, Space *out, Error *err) {
    const char *p = *text;
    *out = (Space){.kind = AS_CURRENT};
    size_t n = strcspn(p, ":");
    if (!p[n] || p[n + 1] == ':') return true;
    if (n == 3 && !strncmp(p, "el", 2) && p[2] >= '0' && p[2] <= '2') {
        *out = (Space){.kind = AS_EL, .el = (u8)(p[2] - '0')};
    } else if (n > 2 && !strncmp(p, "vm", 2) && strspn(p + 2, "0123456789") == n - 2) {
        unsigned long vmid = strtoul(p + 2, NULL, 10);
        if (n > 8 || vmid > 0xffff)
            return error_set(err, "%.*s: a VMID has 16 bits", (int)MIN(n, 20), p);
        *out = (Space){.kind = AS_VM, .vmid = (u16)vmid};
    } else {
        return true;
    }
    *text = p + n + 1;
    return true;
}

int space_print(char *buf, size_t n, Space s, u64 address) {
    unsigned long long a = address;
    switch (s.kind) {
    case AS_EL: return snprintf(buf, n, "el%u:0x%llx", s.el, a);
    case AS_VM: return snprintf(buf, n, "vm%u:0x%llx", s.vmid, a);
    case AS_IPA:
        return s.any_vm ? snprintf(buf, n, "ipa(0x%llx)", a)
                        : snprintf(buf, n, "vm%u:ipa(0x%llx)", s.vmid, a);
    case AS_PHYSICAL: return snprintf(buf, n, "pa(0x%llx)", a);
    case AS_CURRENT: break;
    }
    return snprintf(buf, n, "0x%llx", a);
}

// --- translation ---------------------------------------------------------------------------------

// The CPU as the VM with this VMID has it: itself when that is the current one, else a copy with the
// registers of that VM as they were last seen. NULL: not known.
static Cpu *cpu_of_vm(Cpu *cpu, u16 vmid, Cpu *copy, Error *err) {
    if (!cpu_have_el2(cpu)) {
        error_set(err, "vm%u: there are no VMs without EL2", vmid);
        return NULL;
    }
    if (bit(cpu->sys.HCR_EL2, HCR_VM) && regime_vmid(cpu) == vmid) return cpu;
    *copy = *cpu;
    if (vms_registers(cpu->machine, vmid, &copy->sys)) return copy;
    error_set(err, "vm%u: no CPU has run a VM with this VMID yet", vmid);
    return NULL;
}

static MmuMode mode_of_el(const Cpu *cpu, unsigned el) {
    if (el == 2) return cpu_e2h(cpu) ? MODE_E20_2 : MODE_E2;
    if (el == 1) return MODE_E10_1;
    return cpu_in_host0(cpu) ? MODE_E20_0 : MODE_E10_0;
}

static const char *fault_name(FaultType type) {
    static const char *const names[] = {[FAULT_ADDRESS_SIZE] = "address size fault",
                                        [FAULT_TRANSLATION] = "translation fault",
                                        [FAULT_ACCESS_FLAG] = "access flag fault",
                                        [FAULT_PERMISSION] = "permission fault",
                                        [FAULT_ALIGNMENT] = "alignment fault",
                                        [FAULT_TAG_CHECK] = "tag check fault",
                                        [FAULT_EXTERNAL] = "external abort",
                                        [FAULT_EXTERNAL_TTW] = "external abort on a walk",
                                        [FAULT_TLB_CONFLICT] = "TLB conflict",
                                        [FAULT_HW_UPDATE] = "unsupported atomic update",
                                        [FAULT_UNSUPPORTED_EXCLUSIVE] = "unsupported exclusive"};
    return type < ARRAY_LEN(names) && names[type] ? names[type] : "fault";
}

static bool explain_fault(const Fault *f, Space space, u64 address, Error *err) {
    char text[64];
    space_print(text, sizeof text, space, address);
    return error_set(err, "%s: stage %u %s at level %d%s%s", text, f->stage2 ? 2 : 1,
                     fault_name(f->type), f->level, f->rule ? ", " : "", f->rule ? f->rule : "");
}

static bool translate(Cpu *cpu, Space space, u64 address, AccessType type, Translation *t,
                      Fault *fault, u64 *physical, Error *err) {
    Cpu copy;
    AccessDesc acc = {.type = type, .write = type == ACCESS_WRITE, .no_side_effects = true};
    bool ok = true;
    switch (space.kind) {
    case AS_PHYSICAL: *physical = address; return true;
    case AS_IPA:
        if (!space.any_vm && !(cpu = cpu_of_vm(cpu, space.vmid, &copy, err))) return false;
        acc.mode = MODE_E10_1;
        ok = mmu_translate_s2(cpu, ipa(address), &acc, t, fault);
        break;
    case AS_VM:
        if (!(cpu = cpu_of_vm(cpu, space.vmid, &copy, err))) return false;
        acc.mode = MODE_E10_1;
        ok = mmu_translate(cpu, va(address), &acc, t, fault);
        break;
    case AS_EL:
        if (space.el == 2 && !cpu_have_el2(cpu))
            return error_set(err, "el2: this machine has no EL2");
        acc.mode = mode_of_el(cpu, space.el);
        ok = mmu_translate(cpu, va(address), &acc, t, fault);
        break;
    case AS_CURRENT:
        acc.mode = cpu_mode(cpu);
        ok = mmu_translate(cpu, va(address), &acc, t, fault);
        break;
    }
    *physical = t->pa;
    return ok || explain_fault(fault, space, address, err);
}

bool space_translate(Cpu *cpu, Space space, u64 address, bool write, Translation *t, Fault *fault,
                     u64 *physical, Error *err) {
    Translation own = {0};
    Fault own_fault = {0};
    return translate(cpu, space, address, write ? ACCESS_WRITE : ACCESS_READ, t ? t : &own,
                     fault ? fault : &own_fault, physical, err);
}

bool space_locate(Cpu *cpu, Space space, u64 address, Translation *t, u64 *physical, Error *err) {
    Fault fault = {0};
    *t = (Translation){0};
    if (translate(cpu, space, address, ACCESS_READ, t, &fault, physical, err)) return true;
    if (fault.type != FAULT_PERMISSION) return false;
    // PSTATE.PAN is that of the current mode alone.
    Space here = space.kind == AS_CURRENT ? (Space){.kind = AS_EL, .el = cpu->el} : space;
    for (unsigned i = 0; i < 2; i++) {
        AccessType type = i ? ACCESS_FETCH : ACCESS_READ;
        *t = (Translation){0};
        fault = (Fault){0};
        if (translate(cpu, here, address, type, t, &fault, physical, NULL)) return true;
    }
    return false;
}

// --- memory --------------------------------------------------------------------------------------

static bool no_memory(Cpu *cpu, Space space, u64 address, u64 physical, Error *err) {
    char text[64];
    space_print(text, sizeof text, space, address);
    const Region *r = bus_find(cpu->machine, physical);
    if (r)
        return error_set(
            err,
            "%s: pa 0x%llx is %s, a device: its registers have names, or use their own commands",
            text, (unsigned long long)physical, r->name);
    return error_set(err, "%s: there is nothing at pa 0x%llx", text, (unsigned long long)physical);
}

// Copies the part of [address, address+n) that is in the first page; *done: how much.
static bool copy_page(Cpu *cpu, Space space, u64 address, void *buf, size_t n, bool write,
                      size_t *done, Error *err) {
    u64 physical;
    Translation t;
    // A debugger writes where the guest may only read.
    if (!space_locate(cpu, space, address, &t, &physical, err)) return false;
    *done = MIN(n, 0x1000 - (address & 0xfff));
    const Region *r = bus_find(cpu->machine, physical);
    if (!r || !r->host) return no_memory(cpu, space, address, physical, err);
    bool ok = write ? bus_write_bytes(cpu->machine, physical, buf, *done)
                    : bus_read_bytes(cpu->machine, physical, buf, *done);
    return ok || no_memory(cpu, space, address, physical, err);
}

static bool copy(Cpu *cpu, Space space, u64 address, u8 *buf, size_t n, bool write, Error *err) {
    while (n) {
        size_t done;
        if (!copy_page(cpu, space, address, buf, n, write, &done, err)) return false;
        address += done;
        buf += done;
        n -= done;
    }
    return true;
}

bool space_read(Cpu *cpu, Space space, u64 address, void *buf, size_t n, Error *err) {
    return copy(cpu, space, address, buf, n, false, err);
}

bool space_write(Cpu *cpu, Space space, u64 address, const void *buf, size_t n, Error *err) {
    return copy(cpu, space, address, (u8 *)buf, n, true, err);
}
