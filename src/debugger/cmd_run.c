// Running the guest: what every command that lets it run shares, and `continue`.
#include "debugger/commands.h"
#include "debugger/disasm.h"
#include "debugger/gic_registers.h"
#include "debugger/layout.h"
#include "debugger/place.h"
#include "debugger/source.h"

// ": write pl011+0x0, 4 bytes: 0x41", ": read GICD_CTLR, 4 bytes: 0x2".
static void print_device(Debugger *d, const StopEvent *ev) {
    char name[40];
    const Region *r = bus_find(d->machine, ev->address);
    fprintf(d->out, ": %s ", ev->is_write ? "write" : "read");
    if (gic_register_name(d->machine, ev->address, name, sizeof name))
        fprintf(d->out, "%s", name);
    else if (r)
        fprintf(d->out, "%s+0x%llx", r->name, (unsigned long long)(ev->address - r->base));
    fprintf(d->out, ", %llu byte%s", (unsigned long long)ev->size, ev->size == 1 ? "" : "s");
    if (ev->has_value) fprintf(d->out, ": 0x%llx", (unsigned long long)ev->new);
}

// "watchpoint 2: write 0x40001000, 8 bytes: 0x1 -> 0x2"
static void print_point(Debugger *d, const StopEvent *ev) {
    const Point *p = ev->point;
    unsigned long long old = ev->old, new = ev->new;
    if (!p->hidden) fprintf(d->out, "stopped by %u: %s", p->id, p->spec);
    if (p->kind == POINT_EXIT && ev->kind == EXC_SYNC)
        fprintf(d->out, "%sESR_EL2 0x%llx", p->hidden ? "" : ": ", (unsigned long long)ev->esr);
    else if (p->kind == POINT_REGISTER || (p->kind == POINT_ACCESS && ev->is_write))
        fprintf(d->out, ": 0x%llx -> 0x%llx", old, new);
    else if (p->kind == POINT_DEVICE)
        print_device(d, ev);
    else if (p->hidden)
        return;
    fputc('\n', d->out);
    if (p->problem) fprintf(d->out, "its condition could not be evaluated: %s\n", p->problem);
}

static void print_why(Debugger *d, const StopEvent *ev) {
    switch (ev->why) {
    case WHY_MACHINE: fprintf(d->out, "the machine has ended: %s\n", d->machine->stop_text); break;
    case WHY_INTERRUPT: fprintf(d->out, "interrupted\n"); break;
    case WHY_POINT: print_point(d, ev); break;
    case WHY_STEPPED:
    case WHY_NOTHING: break;
    }
}

// "cpu0 EL2 0x40080000 <_start>  adr     x1, #0x40080800 <vectors>"
static void print_where(Debugger *d) {
    Cpu *cpu = d->cpu;
    Space space = {.kind = AS_CURRENT};
    char place[256], text[128];
    u32 word;
    Error err;
    fprintf(d->out, "cpu%u EL%u %s", cpu->index, cpu->el,
            debugger_place(d, space, cpu->pc, place, sizeof place));
    if (disasm_fetch(cpu, space, cpu->pc, &word, &err)) {
        Disassembler *dis = disasm_open(d->machine, d->symbols);
        disasm_text(dis, place_symbols(cpu, space), cpu->pc, word, text, sizeof text);
        fprintf(d->out, "  %s", text);
        disasm_close(dis);
    }
    fputc('\n', d->out);
    SourceLine line;
    if (!sources_line(d->sources, place_symbols(cpu, space), cpu->pc, &line)) return;
    fprintf(d->out, "%s:%u", source_name(line.file), line.line);
    if (source_text(&line, text, sizeof text)) fprintf(d->out, "  %s", text);
    fputc('\n', d->out);
}

// As `run` without -no-reboot: a reset goes on.
static bool rebooted(Debugger *d) {
    if (d->last.why != WHY_MACHINE || d->machine->stop != STOP_RESET || !d->hooks.reboot)
        return false;
    d->hooks.reboot(d->hooks.arg);
    return true;
}

void debugger_run(Debugger *d, const RunRequest *r) {
    do {
        debugger_before_run(d);
        d->last = control_run(d->control, r);
        debugger_after_run(d);
    } while (rebooted(d));
    d->cpu = d->last.cpu;
}

void debugger_report(Debugger *d) {
    print_why(d, &d->last);
    if (d->settings.layout)
        layout_show(d);
    else
        print_where(d);
}

void debugger_resume(Debugger *d, const RunRequest *r) {
    debugger_run(d, r);
    debugger_report(d);
}

bool cmd_continue(Debugger *d, const char *args, Error *err) {
    if (*args) return error_set(err, "continue: takes no arguments");
    if (d->machine->stop)
        return error_set(err, "continue: the machine has ended: %s", d->machine->stop_text);
    debugger_resume(d, &(RunRequest){0});
    return true;
}
