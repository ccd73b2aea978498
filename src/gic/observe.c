// Tells the observers (cpu/observer.h) what the interrupt controller does. Nothing here changes it. Left out: pending
// state that GICR_PENDBASER's table brings when LPIs are enabled, or that MOVALL moves.
#include "gic/internal.h"

COLD void gic_tell(const Gic *gic, const GicCpu *c, const IrqEvent *ev) {
    for (const Observer *o = gic->machine->observer; o; o = o->next)
        if (o->irq) o->irq(o->arg, c ? c->cpu : NULL, ev);
}

void gic_tell_pending(const Gic *gic, const GicCpu *c, u32 intid, IrqSource source, unsigned from) {
    if (!gic_observed(gic)) return;
    gic_tell(
        gic, c,
        &(IrqEvent){.kind = IRQ_PENDING, .intid = intid, .source = source, .from = from, .lr = -1});
}

void gic_tell_bank(const Gic *gic, const GicCpu *c, unsigned word, u32 before, IrqSource source) {
    if (!gic_observed(gic)) return;
    const Bank *b = word ? &gic->spi[word - 1] : &c->local;
    for (u32 added = bank_pending(b) & ~before; added; added &= added - 1)
        gic_tell_pending(gic, c, word * 32 + (u32)__builtin_ctz(added), source, 0);
}

void gic_tell_acknowledge(const GicCpu *c, bool v, u32 iar) {
    if (!gic_observed(c->gic)) return;
    gic_tell(c->gic, c,
             &(IrqEvent){.kind = IRQ_ACKNOWLEDGE, .is_virtual = v, .intid = iar, .lr = -1});
}

void gic_tell_eoi(const GicCpu *c, bool v, u32 intid, int dropped, IrqEffect effect, int lr) {
    if (!gic_observed(c->gic)) return;
    gic_tell(c->gic, c,
             &(IrqEvent){.kind = IRQ_EOI,
                         .is_virtual = v,
                         .intid = intid,
                         .dropped = dropped,
                         .effect = effect,
                         .lr = lr});
}

void gic_tell_deactivate(const GicCpu *c, bool v, u32 intid, IrqEffect effect, int lr) {
    if (!gic_observed(c->gic)) return;
    gic_tell(
        c->gic, c,
        &(IrqEvent){
            .kind = IRQ_DEACTIVATE, .is_virtual = v, .intid = intid, .effect = effect, .lr = lr});
}

void gic_tell_list_register(const GicCpu *c, int lr) {
    if (gic_observed(c->gic))
        gic_tell(c->gic, c, &(IrqEvent){.kind = IRQ_LIST_REGISTER, .is_virtual = true, .lr = lr});
}

void gic_tell_maintenance(const GicCpu *c) {
    if (gic_observed(c->gic))
        gic_tell(c->gic, c,
                 &(IrqEvent){.kind = IRQ_MAINTENANCE, .intid = PPI_MAINTENANCE, .lr = -1});
}
