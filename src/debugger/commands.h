// The functions of the commands, for the table in commands.c: each in the file cmd_*.c of its group.
#pragma once

#include "debugger/debugger.h"

// cmd_help.c
bool cmd_help(Debugger *d, const char *args, Error *err);
bool cmd_apropos(Debugger *d, const char *args, Error *err);
// cmd_mmu.c
bool cmd_maps(Debugger *d, const char *args, Error *err);
bool cmd_tlb(Debugger *d, const char *args, Error *err);
bool cmd_translate(Debugger *d, const char *args, Error *err);
// cmd_explain.c
bool cmd_explain(Debugger *d, const char *args, Error *err);
// cmd_run.c
bool cmd_continue(Debugger *d, const char *args, Error *err);
// cmd_step.c
bool cmd_stepi(Debugger *d, const char *args, Error *err);
bool cmd_nexti(Debugger *d, const char *args, Error *err);
bool cmd_advance(Debugger *d, const char *args, Error *err);
bool cmd_next_exit(Debugger *d, const char *args, Error *err);
bool cmd_next_entry(Debugger *d, const char *args, Error *err);
bool cmd_next_switch(Debugger *d, const char *args, Error *err);
bool cmd_icount(Debugger *d, const char *args, Error *err);
// cmd_line.c
bool cmd_step(Debugger *d, const char *args, Error *err);
bool cmd_next(Debugger *d, const char *args, Error *err);
bool cmd_until(Debugger *d, const char *args, Error *err);
bool cmd_finish(Debugger *d, const char *args, Error *err);
// cmd_break.c
bool cmd_break(Debugger *d, const char *args, Error *err);
bool cmd_tbreak(Debugger *d, const char *args, Error *err);
bool cmd_tp(Debugger *d, const char *args, Error *err);
bool cmd_dprintf(Debugger *d, const char *args, Error *err);
bool cmd_watch(Debugger *d, const char *args, Error *err);
bool cmd_rwatch(Debugger *d, const char *args, Error *err);
bool cmd_awatch(Debugger *d, const char *args, Error *err);
bool cmd_catch(Debugger *d, const char *args, Error *err);
bool cmd_delete(Debugger *d, const char *args, Error *err);
bool cmd_enable(Debugger *d, const char *args, Error *err);
bool cmd_disable(Debugger *d, const char *args, Error *err);
bool cmd_condition(Debugger *d, const char *args, Error *err);
bool cmd_ignore(Debugger *d, const char *args, Error *err);
bool cmd_info_breakpoints(Debugger *d, const char *args, Error *err);
// cmd_stat.c
bool cmd_stat(Debugger *d, const char *args, Error *err);
// cmd_console.c
bool cmd_source(Debugger *d, const char *args, Error *err);
bool cmd_type(Debugger *d, const char *args, Error *err);
bool cmd_printf(Debugger *d, const char *args, Error *err);
bool cmd_echo(Debugger *d, const char *args, Error *err);
bool cmd_set_color(Debugger *d, const char *args, Error *err);
bool cmd_set_confirm(Debugger *d, const char *args, Error *err);
bool cmd_set_height(Debugger *d, const char *args, Error *err);
bool cmd_set_pagination(Debugger *d, const char *args, Error *err);
bool cmd_set_width(Debugger *d, const char *args, Error *err);
bool cmd_show(Debugger *d, const char *args, Error *err);
bool cmd_quit(Debugger *d, const char *args, Error *err);
// layout.c
bool cmd_layout(Debugger *d, const char *args, Error *err);
// cmd_registers.c
bool cmd_info_registers(Debugger *d, const char *args, Error *err);
bool cmd_print(Debugger *d, const char *args, Error *err);
bool cmd_set(Debugger *d, const char *args, Error *err);
bool cmd_info_threads(Debugger *d, const char *args, Error *err);
bool cmd_cpu(Debugger *d, const char *args, Error *err);
// cmd_exits.c
bool cmd_exits(Debugger *d, const char *args, Error *err);
// cmd_memory.c
bool cmd_x(Debugger *d, const char *args, Error *err);
bool cmd_disas(Debugger *d, const char *args, Error *err);
bool cmd_find(Debugger *d, const char *args, Error *err);
bool cmd_tags(Debugger *d, const char *args, Error *err);
bool cmd_dump(Debugger *d, const char *args, Error *err);
bool cmd_restore(Debugger *d, const char *args, Error *err);
// cmd_source.c
bool cmd_info_symbol(Debugger *d, const char *args, Error *err);
bool cmd_info_address(Debugger *d, const char *args, Error *err);
bool cmd_symbol_file(Debugger *d, const char *args, Error *err);
bool cmd_list(Debugger *d, const char *args, Error *err);
bool cmd_info_line(Debugger *d, const char *args, Error *err);
bool cmd_bt(Debugger *d, const char *args, Error *err);

// cmd_gic.c
bool cmd_gic(Debugger *d, const char *args, Error *err);
bool cmd_timers(Debugger *d, const char *args, Error *err);

// cmd_why.c
bool cmd_why(Debugger *d, const char *args, Error *err);
bool cmd_vms(Debugger *d, const char *args, Error *err);
