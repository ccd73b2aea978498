// See gic_model.h.
#include "gic_model.h"

Model model;
Machine *machine;
const char *doing;
unsigned step;

_Noreturn void mismatch(const char *what, unsigned cpu, u64 product, u64 expected) {
    fprintf(stderr, "mismatch after step %u (%s), CPU %u, %s: product 0x%llx, model 0x%llx\n", step,
            doing, cpu, what, (unsigned long long)product, (unsigned long long)expected);
    abort();
}

MIrq *irq(unsigned c, unsigned id) {
    return id < LOCALS ? &model.cpu[c].local[id] : &model.spi[id - LOCALS];
}
bool pending(const MIrq *i) {
    return i->latch || (i->level && !i->edge);
}
u8 group_mask(const MIface *f, int group) {
    unsigned point = group && !f->cbpr ? f->bpr[1] - 1u : f->bpr[0];
    return (u8)(0xff << (point + 1));
}
int running(const MIface *f) {
    for (int n = 0; n < 32; n++)
        if (f->ap[0][n] || f->ap[1][n]) return n * 8;
    return IDLE;
}
bool signals(const MIface *f, int group, u8 priority) {
    u8 mask = group_mask(f, group);
    return priority < f->pmr && (running(f) == IDLE || (priority & mask) < (running(f) & mask));
}
// LPIs are in Group 1 and have no active state.
bool lpi_candidate(unsigned c, unsigned id) {
    return id >= LPI && id < LPI + LPIS && model.cpu[c].lpi[id - LPI] &&
           model.lpi_config[id - LPI] & 1 && model.dist_enable[1] && model.cpu[c].phys.enable[1];
}
bool lr_candidate(const MCpu *m, unsigned n) {
    const MLr *l = &m->lr[n];
    return m->ich_hcr & 1 && l->pending && !l->active && m->virt.enable[l->group1];
}
int best_virtual(const MCpu *m) {
    int best = 256;
    for (unsigned n = 0; n < LRS; n++)
        if (lr_candidate(m, n) && m->lr[n].priority < best) best = m->lr[n].priority;
    return best;
}
u32 misr(const MCpu *m) {
    unsigned valid = 0, waiting = 0, ended = 0;
    for (unsigned n = 0; n < LRS; n++) {
        const MLr *l = &m->lr[n];
        if (l->pending || l->active) valid++;
        if (l->pending && !l->active) waiting++;
        if (!l->pending && !l->active && !l->hw && l->eoi) ended++;
    }
    u32 h = m->ich_hcr, status = ended > 0;
    if (h & 2 && valid < 2) status |= 2;
    if (h & 4 && m->eoi_count) status |= 4;
    if (h & 8 && !waiting) status |= 8;
    if (h & 16 && m->virt.enable[0]) status |= 16;
    if (h & 32 && !m->virt.enable[0]) status |= 32;
    if (h & 64 && m->virt.enable[1]) status |= 64;
    if (h & 128 && !m->virt.enable[1]) status |= 128;
    return status;
}
int drop(MIface *f) {
    int level = running(f);
    if (level == IDLE) return IDLE;
    if (f->ap[0][level / 8])
        f->ap[0][level / 8] = false;
    else
        f->ap[1][level / 8] = false;
    return level;
}

void leave_lr(unsigned c, MLr *l) {
    l->active = false;
    if (l->hw) irq(c, l->pid)->active = false;
}

MLr *active_lr(MCpu *m, u32 id) {
    for (unsigned n = 0; n < LRS; n++)
        if (m->lr[n].active && m->lr[n].vid == id) return &m->lr[n];
    return NULL;
}
