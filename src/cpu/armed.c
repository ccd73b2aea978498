// Which pages hold armed addresses, and the callbacks (armed.h).
#include "cpu/armed.h"
#include "cpu/cpu.h"
#include "mmu/mmu.h"

static bool covers(const ArmedRange *r, i64 first, i64 last) {
    return (i64)r->first <= last && (i64)r->last >= first;
}

static u8 kinds_between(const ArmedSet *set, u64 va, u64 size, unsigned el, bool large) {
    i64 first = (i64)armed_va(va, large), last = first + (i64)(size - 1);
    u8 kinds = 0;
    for (unsigned i = 0; i < set->count; i++)
        if (set->ranges[i].els >> el & 1 && covers(&set->ranges[i], first, last))
            kinds |= set->ranges[i].kinds;
    return kinds;
}

u8 armed_in_page(const Cpu *cpu, u64 va, unsigned el) {
    u8 kinds = 0;
    for (unsigned o = 0; o < ARMED_OWNERS; o++)
        kinds |= kinds_between(&cpu->armed[o], va & ~0xfffull, 4096, el, cpu_has(cpu, FEAT_LVA));
    return kinds;
}

static u8 kinds_in_memory(const ArmedSet *set, u64 pa, u64 ipa) {
    u8 kinds = 0;
    for (unsigned i = 0; i < set->memory_count; i++) {
        const ArmedMemory *m = &set->memory[i];
        u64 page = m->is_ipa ? ipa : pa;
        if (page <= m->last && page + 0xfff >= m->first && page != ~0ull) kinds |= m->kinds;
    }
    return kinds;
}

u8 armed_in_memory(const Cpu *cpu, u64 pa, u64 ipa) {
    return kinds_in_memory(&cpu->armed[ARMED_DEBUGGER], pa, ipa);
}

bool armed_hit(Cpu *cpu, const ArmedAccess *a) {
    for (unsigned o = 0; o < ARMED_OWNERS; o++) {
        const ArmedSet *set = &cpu->armed[o];
        bool by_va = kinds_between(set, a->va, a->size, a->el, cpu_has(cpu, FEAT_LVA)) & a->kinds;
        bool by_memory = set->memory_count && !(a->kinds & ARMED_EXEC);
        if ((by_va || by_memory) && set->hit(cpu, a, set->arg)) return true;
    }
    return false;
}

// The guest may find its own entries dropped at any time. What a debugger arms must not be seen: entries
// stay, with the marks they need.
void armed_replace(Cpu *cpu, ArmedOwner owner, ArmedSet set) {
    const ArmedSet *old = &cpu->armed[owner];
    for (unsigned i = 0; owner == ARMED_GUEST && i < old->count; i++)
        tlb_drop_pages(cpu, old->ranges[i].first, old->ranges[i].last);
    for (unsigned i = 0; owner == ARMED_GUEST && i < set.count; i++)
        tlb_drop_pages(cpu, set.ranges[i].first, set.ranges[i].last);
    cpu->armed[owner] = set;
    cpu->any_armed = false;
    for (unsigned o = 0; o < ARMED_OWNERS; o++)
        cpu->any_armed |= cpu->armed[o].count || cpu->armed[o].memory_count;
    if (owner == ARMED_DEBUGGER) tlb_mark_armed(cpu);
    cpu_attention(cpu);
}
