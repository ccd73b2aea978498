// Addresses as a user means them: a virtual address in any regime or VM, an IPA of any VM, a physical
// address; and memory read and written by them, without side effects on the guest.
#pragma once

#include "base/error.h"
#include "mmu/mmu.h"

typedef enum SpaceKind {
    AS_CURRENT,   // VA, as the CPU at its current Exception level and controls sees it
    AS_EL,        // "el0:", "el1:", "el2:": VA in the regime of that level now
    AS_VM,        // "vm3:": VA at EL1 of the VM with that VMID (its controls as last seen: vms.h)
    AS_IPA,       // "ipa(...)" of the current VM, "vm3:ipa(...)"
    AS_PHYSICAL,  // "pa(...)"
} SpaceKind;

typedef struct Space {
    SpaceKind kind;
    u8 el;        // AS_EL
    bool any_vm;  // AS_IPA: of the VMID that is current
    u16 vmid;
} Space;

// Takes a prefix "el2:", "vm1:" off *text. No prefix: AS_CURRENT, true.
bool space_prefix(const char **text, Space *out, Error *err);
// "el2:0x...", "vm1:ipa(0x40000000)": as it was written.
int space_print(char *buf, size_t n, Space space, u64 address);
// To a physical address; t (may be NULL) gets the translation with its trace, fault (may be NULL) why not. A
// physical address translates to itself. write: as a write would.
bool space_translate(Cpu *cpu, Space space, u64 address, bool write, Translation *t, Fault *fault,
                     u64 *pa, Error *err);
// Where memory is for a debugger: it also sees what may only be executed, and with PSTATE.PAN what is EL0's. t: the translation,
// all 0 of a physical address.
bool space_locate(Cpu *cpu, Space space, u64 address, Translation *t, u64 *physical, Error *err);
// Copies memory, page by page. False: a part does not translate or is no memory: err names the address. Device
// registers are not read: that may have effects.
bool space_read(Cpu *cpu, Space space, u64 address, void *buf, size_t n, Error *err);
bool space_write(Cpu *cpu, Space space, u64 address, const void *buf, size_t n, Error *err);
