// Whose symbols an address has: the debugger's and the public interface's answer.
#include "debugger/place.h"

#include "trace/internal.h"

int place_symbols(const Cpu *cpu, Space space) {
    switch (space.kind) {
    case AS_CURRENT: return world_space(world_of(cpu, cpu->el));
    case AS_EL: return world_space(world_of(cpu, space.el));
    case AS_VM: return space.vmid;
    case AS_IPA: return space.any_vm ? world_space(world_of(cpu, 1)) : space.vmid;
    case AS_PHYSICAL: break;
    }
    return SPACE_ANY;
}
