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
// cmd_run.c
bool cmd_continue(Debugger *d, const char *args, Error *err);
// cmd_console.c
bool cmd_source(Debugger *d, const char *args, Error *err);
bool cmd_type(Debugger *d, const char *args, Error *err);
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
// cmd_memory.c
bool cmd_x(Debugger *d, const char *args, Error *err);
bool cmd_disas(Debugger *d, const char *args, Error *err);
bool cmd_find(Debugger *d, const char *args, Error *err);
bool cmd_dump(Debugger *d, const char *args, Error *err);
bool cmd_restore(Debugger *d, const char *args, Error *err);
// cmd_source.c
bool cmd_info_symbol(Debugger *d, const char *args, Error *err);
bool cmd_info_address(Debugger *d, const char *args, Error *err);
bool cmd_symbol_file(Debugger *d, const char *args, Error *err);
bool cmd_list(Debugger *d, const char *args, Error *err);
bool cmd_info_line(Debugger *d, const char *args, Error *err);
bool cmd_bt(Debugger *d, const char *args, Error *err);
