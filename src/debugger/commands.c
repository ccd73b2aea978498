// The table of commands. One row per command, one function cmd_* per row. The groups are the headings of
// `help`, in this order.
#include "debugger/commands.h"

const Command command_table[] = {
    // name, shortest, group, arguments, summary, help, completion, words, function, repeat

    // --- Running
    {"continue", "c", "Running", "", "lets the guest run until something stops it",
     "  Ctrl-C stops it, a point does, and the machine's own end. A reset goes on unless there is\n"
     "  -no-reboot.",
     ARG_NONE, NULL, cmd_continue, REPEAT_SAME},
    {"step", "s", "Running", "[N]", "runs to the next source line, into calls",
     "  N times. It ends at the start of another line, at the first instruction of a function or\n"
     "  handler (SVC, HVC, SMC) whose lines are known, or behind a return. Functions without "
     "lines\n"
     "  are run, as are interrupts and faults until the code goes on.\n"
     "    step\n"
     "    s 3",
     ARG_EXPRESSION, NULL, cmd_step, REPEAT_SAME},
    {"next", "n", "Running", "[N]", "as step, but over calls, SVC, HVC and SMC",
     "    next\n"
     "    n 5",
     ARG_EXPRESSION, NULL, cmd_next, REPEAT_SAME},
    {"finish", "fin", "Running", "", "runs until the function has returned, and shows x0",
     "  The return address is that of `bt`. Deeper calls of the same function do not end it, "
     "points\n"
     "  and Ctrl-C do.",
     ARG_NONE, NULL, cmd_finish, REPEAT_SAME},
    {"stepi", "stepi", "Running", "[N]", "executes N instructions (1) of the selected CPU",
     "  The others run as they would without it. An exception that is taken instead of the "
     "instruction\n"
     "  ends one step, too.\n"
     "    stepi\n"
     "    si 1000",
     ARG_EXPRESSION, NULL, cmd_stepi, REPEAT_SAME},
    {"nexti", "nexti", "Running", "[N]", "as stepi, but over calls, SVC, HVC and SMC",
     "  It stops behind the call, with the same stack pointer, at the same level.\n"
     "    nexti",
     ARG_EXPRESSION, NULL, cmd_nexti, REPEAT_SAME},
    {"advance", "adv", "Running", "LOCATION", "runs until this address is executed",
     "    advance el2:handle_exit\n"
     "    advance main.c:20\n"
     "    advance pc + 8",
     ARG_LOCATION, NULL, cmd_advance, REPEAT_NOT},
    {"si", "si", "Running", "[N]", "the same as stepi", "    si 3", ARG_EXPRESSION, NULL, cmd_stepi,
     REPEAT_SAME},
    {"ni", "ni", "Running", "[N]", "the same as nexti", "    ni", ARG_EXPRESSION, NULL, cmd_nexti,
     REPEAT_SAME},
    {"until", "u", "Running", "[LOCATION]",
     "next, but not backwards; or to an address in this call",
     "  Without LOCATION: as next, but a jump back does not end it: it runs out of loops. With "
     "one: to\n"
     "  that address, or until the function returns. An address in the function itself is meant "
     "in\n"
     "  this call of it, not in deeper ones.\n"
     "    until\n"
     "    until main.c:20",
     ARG_LOCATION, NULL, cmd_until, REPEAT_SAME},
    {"next-exit", "next-ex", "Running", "", "runs to the next exception to EL2",
     "  It stands at the vector, before its first instruction.", ARG_NONE, NULL, cmd_next_exit,
     REPEAT_SAME},
    {"next-entry", "next-en", "Running", "", "runs to the next return from EL2",
     "  It stands before the first instruction of the guest.", ARG_NONE, NULL, cmd_next_entry,
     REPEAT_SAME},
    {"next-switch", "next-sw", "Running", "", "runs until a CPU enters another VM or vCPU",
     "  Another VMID or VMPIDR_EL2 than at the last entry of this CPU.", ARG_NONE, NULL,
     cmd_next_switch, REPEAT_SAME},
    {"icount", "ic", "Running", "N", "runs until the selected CPU has executed N instructions",
     "  Counted since reset, exactly. `p icount` is where it is.\n"
     "    icount 1000000",
     ARG_EXPRESSION, NULL, cmd_icount, REPEAT_NOT},

    // --- Points
    {"break", "b", "Points", "[LOCATION] [el N] [vmid N] [asid N] [cpu N] [if CONDITION]",
     "stops before an address is executed",
     "  Without LOCATION: where the selected CPU stands. A location without a space is meant at "
     "any\n"
     "  level and in any VM. The guest does not see it.\n"
     "    break el2:handle_exit\n"
     "    b 0xffff800008010000 el 1 vmid 2 if x0 != 0",
     ARG_LOCATION, NULL, cmd_break, REPEAT_NOT},
    {"tbreak", "tb", "Points", "[LOCATION] [el N] [vmid N] [asid N] [cpu N] [if CONDITION]",
     "a breakpoint that stops once", "    tbreak el1:0x80000", ARG_LOCATION, NULL, cmd_tbreak,
     REPEAT_NOT},
    {"tp", "tp", "Points", "[LOCATION] [el N] [vmid N] [asid N] [cpu N] [if CONDITION]",
     "prints a line when an address is executed, and goes on", "    tp el2:handle_exit if x0 == 3",
     ARG_LOCATION, NULL, cmd_tp, REPEAT_NOT},
    {"dprintf", "dp", "Points",
     "LOCATION [el N] [vmid N] [asid N] [cpu N] [if CONDITION],\"FORMAT\"[,EXPRESSION...]",
     "prints values when an address is executed, and goes on",
     "  FORMAT as for printf. Expressions mean the CPU that executes it.\n"
     "    dprintf el2:handle_exit,\"exit %#lx from vmid %d\\n\",esr,vmid\n"
     "    dprintf main.c:20 if x0 != 0,\"%s\\n\",x1",
     ARG_LOCATION, NULL, cmd_dprintf, REPEAT_NOT},
    {"watch", "wa", "Points",
     "ADDRESS[,SIZE]|REGISTER [el N] [vmid N] [asid N] [cpu N] [if CONDITION]",
     "stops after bytes are written, or a register or field changes",
     "  8 bytes unless there is a SIZE. While a register is watched the guest runs slowly.\n"
     "    watch 0x40001000,4\n"
     "    watch pa(0x44000000)\n"
     "    watch vm1:ipa(0x80000000),4096\n"
     "    watch HCR_EL2.TGE",
     ARG_EXPRESSION, NULL, cmd_watch, REPEAT_NOT},
    {"rwatch", "rw", "Points", "ADDRESS[,SIZE] [el N] [vmid N] [asid N] [cpu N] [if CONDITION]",
     "stops after bytes are read", "    rwatch pa(0x44000000)", ARG_EXPRESSION, NULL, cmd_rwatch,
     REPEAT_NOT},
    {"awatch", "aw", "Points", "ADDRESS[,SIZE] [el N] [vmid N] [asid N] [cpu N] [if CONDITION]",
     "stops after bytes are read or written", "    awatch ipa(0x9000000),4", ARG_EXPRESSION, NULL,
     cmd_awatch, REPEAT_NOT},
    {"catch", "cat", "Points", "EVENT [el N] [vmid N] [asid N] [cpu N] [if CONDITION]",
     "stops at an exit, a return, an access to a register or device",
     "  exit [CLASS]          an exception to EL2, before its first instruction; CLASS: HVC64,\n"
     "                        DABT_LOWER... as in a trace of exits, or ESR_EL2.EC\n"
     "  hypercall [N]         HVC; N: its immediate, or the function in w0 or w16\n"
     "  return                an exception return from EL2 to EL1 or EL0\n"
     "  switch                ... that enters another VM or vCPU\n"
     "  irq [INTID]           an interrupt is taken\n"
     "  sysreg NAME [read|write]  before the instruction; slow while it is set\n"
     "  device NAME|ADDRESS[,SIZE]  after a device was accessed: pl011, GICD_CTLR, "
     "pa(0x9000000),4\n"
     "    catch exit DABT_LOWER if far == 0x9000000\n"
     "    catch sysreg SCTLR_EL1 write el 1\n"
     "    catch device pl011 cpu 1",
     ARG_WORDS, "device exit hypercall irq return switch sysreg", cmd_catch, REPEAT_NOT},
    {"condition", "cond", "Points", "POINT [CONDITION]", "changes when a point stops",
     "  Without CONDITION: always.\n"
     "    condition 1 x0 > 4",
     ARG_POINT, NULL, cmd_condition, REPEAT_NOT},
    {"ignore", "ig", "Points", "POINT N", "lets a point not stop the next N times",
     "    ignore 1 100", ARG_POINT, NULL, cmd_ignore, REPEAT_NOT},
    {"enable", "en", "Points", "[POINT...]", "makes points stop again", "    enable 2", ARG_POINT,
     NULL, cmd_enable, REPEAT_NOT},
    {"disable", "disab", "Points", "[POINT...]", "keeps points, but they do not stop",
     "    disable 1 2", ARG_POINT, NULL, cmd_disable, REPEAT_NOT},
    {"delete", "del", "Points", "[POINT...]", "removes points; all without arguments",
     "    delete 1", ARG_POINT, NULL, cmd_delete, REPEAT_NOT},
    {"info breakpoints", "i b", "Points", "", "all points, with how often they were hit",
     "    info breakpoints", ARG_NONE, NULL, cmd_info_breakpoints, REPEAT_NOT},

    // --- Registers
    {"info registers", "i r", "Registers", "[GROUP|REGISTER...]", "registers, with their fields",
     "  Without arguments: x0 to x30, sp, pc and PSTATE of the selected CPU. A group is a line "
     "for\n"
     "  each register with the fields that are not 0: general, fp, el0, el1, el2, timer, gic, "
     "debug, pmu,\n"
     "  id, all. A register by its name is shown with all its fields. Reading has no effects; "
     "what\n"
     "  cannot be read so (ICC_IAR1_EL1) is refused.\n"
     "    info registers\n"
     "    i r el2\n"
     "    i r HCR_EL2 x0 GICD_ISENABLER1",
     ARG_REGISTER, NULL, cmd_info_registers, REPEAT_NOT},
    {"print", "p", "Registers", "[/xduotacz] EXPRESSION", "the value of an expression",
     "  A register alone is printed with the fields that are not 0. Expressions have C's "
     "operators,\n"
     "  registers and fields ($x0 or x0, HCR_EL2.TGE), symbols (el2:name, vm1:name), memory (*x0,\n"
     "  u32(ADDRESS), s8(...)), addresses (el1:A, vm1:A, ipa(A), vm1:ipa(A), pa(A)), and el, vmid, "
     "asid,\n"
     "  cpu, icount, esr, esr.ec, esr.iss, far, ipa of the selected CPU.\n"
     "    p HCR_EL2\n"
     "    p/d x0 * 8 + 1\n"
     "    p/x u32(ipa(0x40000000))",
     ARG_EXPRESSION, NULL, cmd_print, REPEAT_NOT},
    {"set", "set", "Registers", "REGISTER|{TYPE} ADDRESS = EXPRESSION",
     "writes a register, a field or memory",
     "  As software at the highest Exception level would: masks and effects apply, traps do not. "
     "TYPE is\n"
     "  u8, u16, u32 or u64. Code that is written is executed as written.\n"
     "    set $x0 = 1\n"
     "    set HCR_EL2.TGE = 1\n"
     "    set {u32} vm1:0x40000000 = 0xd503201f\n"
     "    set u64(sp + 8) = 0",
     ARG_EXPRESSION, NULL, cmd_set, REPEAT_NOT},
    {"cpu", "cpu", "Registers", "[N]", "selects a CPU, or shows which one is",
     "  The commands that look at registers and addresses mean the selected one.\n"
     "    cpu 1",
     ARG_NONE, NULL, cmd_cpu, REPEAT_NOT},
    {"thread", "thr", "Registers", "[N]", "the same as cpu (numbers start at 0)", "    thread 1",
     ARG_NONE, NULL, cmd_cpu, REPEAT_NOT},
    {"info threads", "i th", "Registers", "",
     "the CPUs: Exception level, world, pc, whether asleep",
     "  The selected one has a '*'. The world is el2, host (EL0 of a host with HCR_EL2.TGE), vmN "
     "by\n"
     "  VMID, or s2off when stage 2 is off.",
     ARG_NONE, NULL, cmd_info_threads, REPEAT_NOT},

    // --- Memory
    {"x", "x", "Memory", "[/NFU] ADDRESS", "shows memory",
     "  N: how many. F: x d u o t (binary) z (hexadecimal with zeros) a (addresses) c "
     "(characters)\n"
     "  i (instructions) s (strings). U: b h w g for 1, 2, 4, 8 bytes. What is left out is as the "
     "last\n"
     "  time; without ADDRESS it goes on where it ended. Device registers are not read.\n"
     "    x/8gx $sp\n"
     "    x/4i vm1:0x40000000\n"
     "    x/8gx ipa(0x40000000)\n"
     "    x/s pa(0x48000000)",
     ARG_EXPRESSION, NULL, cmd_x, REPEAT_BARE},
    {"find", "find", "Memory", "[/NU] START, END|+LENGTH, VALUE|\"TEXT\"...", "looks for bytes",
     "  At most N times. Values are 4 bytes, or 8 when they are larger, or as U says (b h w g). "
     "Pages\n"
     "  that are not mapped are counted, not an error. `x` goes on from the last one found.\n"
     "    find 0x40000000, +0x100000, 0xd503201f\n"
     "    find/1 ipa(0x40000000), +0x8000000, \"Linux version\"",
     ARG_EXPRESSION, NULL, cmd_find, REPEAT_NOT},
    {"tags", "ta", "Memory", "ADDRESS | START, END|+LENGTH", "shows allocation tags",
     "  Of memory tagging: 16 granules of 16 bytes a line. Of one address: the line that it is "
     "in.\n"
     "    tags x0\n"
     "    tags pa(0x40300000), +0x1000",
     ARG_EXPRESSION, NULL, cmd_tags, REPEAT_NOT},
    {"dump", "dum", "Memory", "FILE START END|,+LENGTH", "writes memory to a file",
     "    dump vm1.bin vm1:0x40000000, +0x1000\n"
     "    dump text.bin 0x40080000 0x40090000",
     ARG_FILE, NULL, cmd_dump, REPEAT_NOT},
    {"restore", "resto", "Memory", "FILE [binary] ADDRESS", "reads a file into memory",
     "    restore vm1.bin vm1:0x40000000", ARG_FILE, NULL, cmd_restore, REPEAT_NOT},

    // --- Code
    {"disas", "disas", "Code", "[/rN] [LOCATION]", "instructions of a function, or N of them",
     "  Without LOCATION: around pc. Of a function that has a symbol from its start to its end, "
     "else 16\n"
     "  from there on. /r: with the words. System registers have the names that this machine's "
     "table\n"
     "  has; a word that the disassembler does not know is shown by its row of the decoder's "
     "table.\n"
     "    disas\n"
     "    disas el2:do_trap_guest_sync\n"
     "    disas/8r vm1:0x40000000",
     ARG_LOCATION, NULL, cmd_disas, REPEAT_NOT},
    {"bt", "bt", "Code", "[N]", "the calls that led here, the guest's behind the hypervisor's",
     "  At most N frames. By the DWARF of the ELF files (.debug_frame, .eh_frame), else by frame "
     "pointers.\n"
     "  At EL2 the frames of the guest follow behind a line that says what it was taken to EL2 by, "
     "as\n"
     "  long as ELR_EL2 is that exit's. Signatures of return addresses (PAuth) are taken off.\n"
     "    bt\n"
     "    bt 3",
     ARG_EXPRESSION, NULL, cmd_bt, REPEAT_NOT},
    {"backtrace", "backt", "Code", "[N]", "the same as bt", "    backtrace", ARG_EXPRESSION, NULL,
     cmd_bt, REPEAT_NOT},
    {"list", "l", "Code", "[LOCATION|LINE]", "source lines",
     "  Ten lines around a location, the selected CPU's pc without one; then it goes on. The line "
     "of pc\n"
     "  has '=>'. For ELF files with DWARF: -kernel, --symbols, symbol-file. LOCATION is "
     "FILE:LINE, a\n"
     "  symbol, or an address.\n"
     "    list main\n"
     "    list main.c:20\n"
     "    list *$pc",
     ARG_LOCATION, NULL, cmd_list, REPEAT_BARE},
    {"info line", "i li", "Code", "[LOCATION]", "the addresses of a source line",
     "    info line main.c:20\n"
     "    info line *$pc",
     ARG_LOCATION, NULL, cmd_info_line, REPEAT_NOT},
    {"info symbol", "i sy", "Code", "ADDRESS", "the symbol that an address is in",
     "    info symbol $pc", ARG_EXPRESSION, NULL, cmd_info_symbol, REPEAT_NOT},
    {"info address", "i ad", "Code", "SYMBOL", "where a symbol is, in each space that has it",
     "    info address main\n"
     "    info address el2:main",
     ARG_LOCATION, NULL, cmd_info_address, REPEAT_NOT},
    {"symbol-file", "sym", "Code", "[el2:|vmN:]FILE",
     "reads the symbols of an ELF file or a System.map",
     "  As --symbols does. The prefix says whose addresses they are: EL2's own, those of the VM "
     "with\n"
     "  that VMID, or without a prefix whoever has no file of its own.\n"
     "    symbol-file el2:xen-syms",
     ARG_FILE, NULL, cmd_symbol_file, REPEAT_NOT},

    // --- Translation
    {"maps", "map", "Translation", "[/N] [stage1|stage2] [el0|el1|el2|vmN] [START[,END|,+SIZE]]",
     "what the translation tables map, as ranges",
     "  Neighbours that differ in nothing are one range: addresses, size, output address, sizes\n"
     "  of blocks and pages, permissions, memory type, shareability; nG, clean (hardware sets\n"
     "  dirty), GP, AF=0. Without arguments: the current regime, then its stage 2 if it has one.\n"
     "  Stage 1 leads to IPAs while stage 2 is on. At most N lines (/0: all; 200 without it).\n"
     "    maps\n"
     "    maps el1 0xffff800008000000,+0x200000\n"
     "    maps stage2\n"
     "    maps stage2 vm1 0x40000000,0x4fffffff",
     ARG_WORDS, "stage1 stage2 el0 el1 el2", cmd_maps, REPEAT_NOT},
    {"tlb", "tlb", "Translation", "[/N] [vmid N] [asid N] [stale] [VA]",
     "the selected CPU's TLB, compared with the tables",
     "  A row: who uses it (EL), data, fetch, or the stage 2 of translation tables; what it\n"
     "  allows; VA and size, PA; block or page size of both stages (-: off); G global, nG of its\n"
     "  ASID. STALE: the tables say something else now, and the entry still allows the old\n"
     "  access: a TLBI is missing or still to come. The last line is the verdict.\n"
     "  At most N rows (/0: all; 200 without it).\n"
     "    tlb\n"
     "    tlb stale\n"
     "    tlb vmid 1 asid 3\n"
     "    tlb 0xffff800008012000",
     ARG_WORDS, "vmid asid stale", cmd_tlb, REPEAT_NOT},
    {"translate", "tr", "Translation", "[/rwxf] ADDRESS [el0|el1|el2]",
     "an address through both stages, step by step",
     "  By the machine's own walk: the registers, each descriptor with its address, value and\n"
     "  meaning, the result with what each stage allows; or the fault, the syndrome it would\n"
     "  give and what would fix it. The guest sees nothing of it. A last line says so when the\n"
     "  TLB still has an older entry that the access would use (see: tlb), or when an address of\n"
     "  EL2's regime that means nothing there may have been the guest's: translate $elr_el1.\n"
     "  /r /w /x: a read (the default), a write, a fetch. /f: all fields of all descriptors, and\n"
     "  the stage 2 walks of stage 1's descriptors. el0, el1, el2: who accesses.\n"
     "    translate $pc\n"
     "    translate /w el1:0xffff800008000000\n"
     "    translate vm1:0x80000 el0\n"
     "    translate ipa(0x40000000)\n"
     "    translate vm2:ipa(0x9000000)",
     ARG_EXPRESSION, NULL, cmd_translate, REPEAT_NOT},

    // --- Exits
    {"stat", "stat", "Exits", "[by DIMENSION...] [table|json|csv] | reset",
     "how many exits to EL2, and what they cost",
     "  Counts the exceptions taken to EL2 since the debugger was attached, or since stat reset, "
     "with\n"
     "  the instructions executed in EL2 for each: total, minimum, median, 99th percentile, "
     "maximum, "
     "and\n"
     "  the share of all instructions that were executed. Dimensions: vm, vcpu (its affinity), "
     "class,\n"
     "  detail (register, call, interrupt, page), function (the symbol that exited), ipa (page),\n"
     "  hypercall. Without any: vm class detail.\n"
     "    stat\n"
     "    stat by function class\n"
     "    stat by vm csv\n"
     "    stat reset",
     ARG_WORDS, "by vm vcpu class detail function ipa hypercall table json csv reset", cmd_stat,
     REPEAT_NOT},
    {"exits", "exi", "Exits", "[N] [vmN] [CLASS]",
     "the last exceptions and returns of the selected CPU",
     "  The last N (10), the newest last and with number 1. Every CPU keeps its last 1024, of all\n"
     "  Exception levels. vmN: of the VM with this VMID. CLASS: of a class of exceptions, by its "
     "name\n"
     "  (HVC64, SYSREG, IRQ), or ERET. Numbers do not depend on what is left out.\n"
     "    exits\n"
     "    exits 50 vm1\n"
     "    exits 5 HVC64",
     ARG_NONE, NULL, cmd_exits, REPEAT_NOT},
    {"why", "why", "Exits", "[N]", "why an exception was taken, and what came of it",
     "  In sentences: what the code did, which control bit or fault sent it where it went, who "
     "wrote\n"
     "  that bit, what else would have trapped it, for an abort the walk and what would fix it, "
     "where\n"
     "  the exception went and returned to. N: its number in `exits`; without it, the newest\n"
     "  exception to EL2 of the selected CPU.\n"
     "    why\n"
     "    why 3",
     ARG_NONE, NULL, cmd_why, REPEAT_NOT},
    {"vms", "vms", "Exits", "", "the VMs that have run: VMID, stage 2, vCPUs, exits",
     "  By VMID: VTTBR_EL2 and VTCR_EL2, exits and the last one's class, where it runs or ran; "
     "its\n"
     "  vCPUs by VMPIDR_EL2 and the CPUs they ran on. Of what was before the debugger was opened "
     "it\n"
     "  knows what the exit rings and TLBs have; the last line says from when on exits are "
     "counted.\n"
     "    vms",
     ARG_NONE, NULL, cmd_vms, REPEAT_NOT},

    {"explain", "exp", "Exits", "[esr|insn|hvc|smc|psci|REGISTER [VALUE]]",
     "what a syndrome, a register or an instruction says, field by field",
     "  Without arguments: the syndrome of the selected CPU's last exception that has one. esr: "
     "ESR_EL2\n"
     "  with FAR_EL2 and HPFAR_EL2 (esr_el1: EL1's). REGISTER: its fields with what they mean, and "
     "who\n"
     "  changed those that trap or route exceptions; without its Exception level (hcr, tcr, "
     "ich_lr) "
     "EL2's.\n"
     "  insn: the instruction at pc, and what traps the system register that it accesses. hvc, "
     "smc, "
     "psci:\n"
     "  the function in x0. With VALUE (an expression): that value instead.\n"
     "    explain\n"
     "    explain hcr\n"
     "    explain vtcr 0x80023558\n"
     "    explain insn 0xd5182040",
     ARG_REGISTER, NULL, cmd_explain, REPEAT_NOT},

    // --- Interrupts and timers
    {"gic", "gic", "Interrupts and timers", "[INTID | virtual INTID | lr]",
     "the interrupt controller, and why an interrupt is not delivered",
     "  Without arguments: each CPU's interface, what is pending or active, the list registers.\n"
     "  INTID: the way of a physical interrupt from its wire to the exception on the selected\n"
     "  CPU, step by step; the first NO is why it is not delivered. virtual INTID: the same of a\n"
     "  virtual interrupt in the list registers. lr: the list registers, and what is wrong there.\n"
     "    gic\n"
     "    gic 27\n"
     "    gic virtual 27\n"
     "    gic lr",
     ARG_WORDS, "virtual lr", cmd_gic, REPEAT_NOT},
    {"timers", "tim", "Interrupts and timers", "",
     "the selected CPU's timers: when they expire, what they assert",
     "  For each: compare value, the count it is compared with, the offset, ENABLE and IMASK,\n"
     "  when it expires, and whether its interrupt gets through the GIC's enable.\n"
     "    timers",
     ARG_NONE, NULL, cmd_timers, REPEAT_NOT},

    // --- Trace

    // --- Settings
    {"layout", "la", "Settings", "[on|off|once]",
     "one screen: registers, code, stack, last exit to EL2",
     "  Registers that have changed since it was shown last are coloured, or have a '*'. The last "
     "part is\n"
     "  the last exception that the CPU took to EL2: where it came from, its syndrome by field, "
     "the\n"
     "  addresses, the control that brought it to EL2 and the instruction that set that.\n"
     "  Without an argument, and with once, it is shown now.\n"
     "    layout on         now and at each stop\n"
     "    layout off",
     ARG_WORDS, "off on once", cmd_layout, REPEAT_NOT},
    {"context", "contex", "Settings", "[on|off|once]", "the same as layout", "    context",
     ARG_WORDS, "off on once", cmd_layout, REPEAT_NOT},
    {"set color", "set col", "Settings", "on|off|auto", "colours in the output",  //
     "  auto: on a terminal, unless NO_COLOR is set in the environment.", ARG_WORDS, "auto off on",
     cmd_set_color, REPEAT_NOT},
    {"set confirm", "set conf", "Settings", "on|off", "questions before what cannot be undone",
     "  Asked on a terminal only; a script is never asked.", ARG_WORDS, "off on", cmd_set_confirm,
     REPEAT_NOT},
    {"set height", "set he", "Settings", "LINES", "lines of a screenful; 0: never stop",
     "  The terminal's own height until it is set. `set pagination off` does the same as 0.\n"
     "    set height 40",
     ARG_NONE, NULL, cmd_set_height, REPEAT_NOT},
    {"set pagination", "set pag", "Settings", "on|off", "stops after each screenful of output",
     "  On a terminal only. At the question RET shows the next screenful, q drops the rest of the\n"
     "  command's output and c shows it all.",
     ARG_WORDS, "off on", cmd_set_pagination, REPEAT_NOT},
    {"set width", "set wi", "Settings", "COLUMNS", "columns of the output",
     "  The terminal's own width until it is set, 80 without a terminal.\n"
     "    set width 120",
     ARG_NONE, NULL, cmd_set_width, REPEAT_NOT},
    {"show", "sho", "Settings", "[NAME]", "what `set` has set",
     "    show\n"
     "    show width",
     ARG_WORDS, "color confirm height pagination width", cmd_show, REPEAT_NOT},

    // --- Scripts and help
    {"source", "so", "Scripts and help", "FILE", "executes the commands of a file",
     "  The first command that fails ends the script; the message names its line. '#' starts a "
     "line\n"
     "  of comment. Scripts may source others. `el2sim debug -x FILE` does the same at the start.\n"
     "    source setup.el2",
     ARG_FILE, NULL, cmd_source, REPEAT_NOT},
    {"echo", "ec", "Scripts and help", "TEXT", "prints TEXT",
     "  \\n, \\t, \\e, \\\\ and \\NNN (octal) mean what they mean in C; a line ends only where "
     "there is\n"
     "  a \\n. A backslash at the end keeps the blanks before it.\n"
     "    echo before the guest\\n",
     ARG_NONE, NULL, cmd_echo, REPEAT_NOT},
    {"printf", "printf", "Scripts and help", "\"FORMAT\"[,EXPRESSION...]",
     "prints values as C's printf",
     "  Conversions: d i u o x X c p s (the string at that address) and %%, with flags, width and "
     "l.\n"
     "  Without l a value has 32 bits, as in C. Escape sequences as for echo.\n"
     "    printf \"x0 %#lx, EC %d\\n\",x0,esr.ec",
     ARG_EXPRESSION, NULL, cmd_printf, REPEAT_NOT},
    {"type", "ty", "Scripts and help", "TEXT", "TEXT arrives on the guest's serial line",
     "  As if it had been typed there; the guest reads it when it runs. Escape sequences as for "
     "echo,\n"
     "  \\r is the Return key.\n"
     "    type root\\r\n"
     "    type \\003",
     ARG_NONE, NULL, cmd_type, REPEAT_NOT},
    {"help", "h", "Scripts and help", "[COMMAND|GROUP|all]", "shows the commands, or one of them",
     "    help              the groups and their commands, a line each\n"
     "    help show         one command: arguments, what it does, examples\n"
     "    help set          every command that starts with a word\n"
     "    help settings     one group\n"
     "    help all          everything there is to say\n"
     "  See also: apropos",
     ARG_COMMAND, NULL, cmd_help, REPEAT_NOT},
    {"apropos", "ap", "Scripts and help", "WORD...", "the commands whose help has these words",
     "    apropos screen\n"
     "    apropos exit status",
     ARG_NONE, NULL, cmd_apropos, REPEAT_NOT},
    {"quit", "q", "Scripts and help", "[STATUS]", "leaves el2sim, with this exit status",
     "  Without STATUS: by how the machine ended, as `el2sim run` does (0 if it did not end). A "
     "person is\n"
     "  asked first if the machine has run and could go on (set confirm).\n"
     "    quit 3",
     ARG_NONE, NULL, cmd_quit, REPEAT_NOT},
    {0},
};
