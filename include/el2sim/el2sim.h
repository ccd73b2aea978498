/* libel2sim: an AArch64 machine (EL0, EL1, EL2) as a library. Create, load, run, look inside.
 *
 * Threads: no global state, any number of machines may live in one process; one machine is used by
 * one thread at a time. Only el2sim_interrupt() may be called from any thread or signal handler.
 * Errors: functions that can fail return false (NULL, 0) and leave one line of text in `error`
 * (error_size bytes with the 0; may be NULL), where the caller passed a buffer.
 * Units: addresses and sizes are bytes, times are nanoseconds of machine time (one instruction =
 * 1 ns). CPUs are numbered from 0.
 * Lifetime: texts that the library returns live until el2sim_free(), or as long as is said; texts
 * that it is given are copied, or not used after the call.
 * Later versions: functions, enumerators and, at their ends, members of structs are added; nothing
 * is renamed or removed. A struct that starts with `struct_size` must have it set to its sizeof: the
 * library reads and writes no more than that, so that a program compiled with an older header works
 * with a newer library. Members that are 0 are the default, in structs without struct_size, too.
 */
#ifndef EL2SIM_H
#define EL2SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct el2sim el2sim;

typedef struct el2sim_config {
    const char *cpu;   /* "cortex-a57", "cortex-a72", "neoverse-n1", "max"; NULL = cortex-a72 */
    unsigned cpus;     /* 1..; 0 = 1 */
    uint64_t ram_size; /* bytes; 0 = 128 MB */
    int gic_version;   /* 2 or 3; 0 = 3 */
    bool no_el2;       /* virtualization=off */
    bool semihosting;
    bool console;  /* the UART writes to stdout and reads stdin; else it is connected to nothing */
    uint64_t seed; /* of everything random */
    bool mte;      /* mte=on: memory tagging, with "max" alone */
} el2sim_config;

typedef struct el2sim_boot { /* files by path; NULL = none. As the program's options of these names
                              */
    const char *kernel, *initrd, *append, *dtb, *bios;
} el2sim_boot;

/* error (size error_size, may be NULL) gets one line on failure. */
el2sim *el2sim_create(const el2sim_config *config, char *error, size_t error_size);
void el2sim_free(el2sim *sim);
/* Loads the files, makes the device tree and starts CPU 0. Once per machine, before running. */
bool el2sim_load(el2sim *sim, const el2sim_boot *boot, char *error, size_t error_size);

typedef enum el2sim_stop {
    EL2SIM_RUNNING = 0, /* the instruction budget is used up */
    EL2SIM_POWEROFF,
    EL2SIM_RESET,
    EL2SIM_EXIT,
    EL2SIM_USER,
    EL2SIM_UNIMPLEMENTED,
    EL2SIM_DEADLOCK,
    EL2SIM_LOCKUP,
    EL2SIM_INSN_LIMIT,
    EL2SIM_DEBUG, /* el2sim_run(): a point stopped it, or el2sim_interrupt() */
} el2sim_stop;

/* Runs all CPUs until the machine stops or has executed max_insns more instructions, all CPUs
 * together (0 = no limit). */
el2sim_stop el2sim_run(el2sim *sim, uint64_t max_insns);
/* Executes one instruction on one CPU (or takes the exception that is due). False: it sleeps or is
 * off, or the machine has stopped, or a point (see below) stopped it before the instruction. */
bool el2sim_step(el2sim *sim, unsigned cpu);
/* Why it stopped: one line, "" while running. Lives until el2sim_free(). */
const char *el2sim_stop_text(const el2sim *sim);
/* The guest's exit code after EL2SIM_EXIT. */
int el2sim_exit_code(const el2sim *sim);
/* Instructions executed by one CPU. */
uint64_t el2sim_instructions(const el2sim *sim, unsigned cpu);

/* State by the architecture's names: "x0".."x30", "sp", "pc", "pstate" (SPSR layout), "SP_EL0"..,
 * and every system register ("HCR_EL2"). Writing a system register applies its RES0/RES1 masks and
 * effects. False: no such register. */
bool el2sim_read_register(el2sim *sim, unsigned cpu, const char *name, uint64_t *value);
bool el2sim_write_register(el2sim *sim, unsigned cpu, const char *name, uint64_t value);

/* Memory by physical address; plain memory only. False: part of the range is not memory. */
bool el2sim_read_physical(el2sim *sim, uint64_t address, void *buffer, size_t n);
bool el2sim_write_physical(el2sim *sim, uint64_t address, const void *buffer, size_t n);
/* Virtual to physical as CPU `cpu` would translate a read at its current EL, without side effects.
 */
bool el2sim_translate(el2sim *sim, unsigned cpu, uint64_t va, uint64_t *physical);

/* An exception that was taken, or a return. */
typedef struct el2sim_event {
    unsigned cpu;
    bool is_return; /* ERET; else exception entry */
    int from_el, to_el;
    uint64_t from_pc; /* entry: the preferred return address; return: address of the ERET */
    uint64_t to_pc;
    uint64_t esr; /* entry: ESR_ELx as written (0 for IRQ and FIQ) */
    uint64_t spsr;
    uint64_t instructions; /* executed by this CPU so far */
    const char *rule;      /* entry: the control that routed it ("HCR_EL2.TVM"), or NULL */
} el2sim_event;
typedef void (*el2sim_event_fn)(void *arg, const el2sim_event *event);
/* Calls fn for every exception and return of every CPU; NULL = stop. One subscriber. */
void el2sim_subscribe(el2sim *sim, el2sim_event_fn fn, void *arg);
/* As el2sim_subscribe(), for any number of subscribers; they are called in the order in which they
 * came. Returns a number for el2sim_remove_listener(), never 0. `event` lives during the call; fn may
 * read the machine, not change or run it, and may call el2sim_interrupt(). */
unsigned el2sim_add_listener(el2sim *sim, el2sim_event_fn fn, void *arg);
/* Not from a listener. False: there is no such number. */
bool el2sim_remove_listener(el2sim *sim, unsigned id);

/* --- addresses, values, expressions ---------------------------------------------------------- */

/* Whose address: */
typedef enum el2sim_space {
    EL2SIM_VA_CURRENT = 0, /* virtual, as the CPU at its current Exception level sees it */
    EL2SIM_VA_EL,          /* virtual, in the regime of Exception level `el` */
    EL2SIM_VA_VM,          /* virtual at EL1 of the VM with VMID `vmid` */
    EL2SIM_IPA,            /* intermediate physical, of the VM that is current on the CPU */
    EL2SIM_IPA_VM,         /* intermediate physical, of the VM with VMID `vmid` */
    EL2SIM_PA,             /* physical */
} el2sim_space;

typedef struct el2sim_address {
    el2sim_space space;
    unsigned el;   /* EL2SIM_VA_EL: 0..2 */
    unsigned vmid; /* EL2SIM_VA_VM, EL2SIM_IPA_VM */
    uint64_t address;
} el2sim_address;

/* Evaluates an expression of the debugger on one CPU: "el2:0x40080000", "vm1:ipa(0x1000)", "pa(x0+8)",
 * "HCR_EL2.TGE", "u32(el2:0x40080000)", "el2:main+4". out->address is the value; space is
 * EL2SIM_VA_CURRENT unless the text names one. A symbol without a space has none either. */
bool el2sim_evaluate(el2sim *sim, unsigned cpu, const char *text, el2sim_address *out, char *error,
                     size_t error_size);

/* --- registers ------------------------------------------------------------------------------- */

/* Up to 128 bits. */
typedef struct el2sim_value {
    uint64_t lo, hi;
    unsigned bits; /* how wide the register or field is */
} el2sim_value;

/* By name, in any case: general ("x3", "w3", "sp", "pc"), "pstate" and its fields ("PSTATE.EL"), vectors
 * ("v2": 128 bits; "q2", "d2", "s2", "h2", "b2"), system registers and their fields ("HCR_EL2.TGE"), and
 * memory-mapped registers of the GIC ("GICD_CTLR", "GICR_WAKER" of that CPU). Reading has no side
 * effects: what can be read only with one (ICC_IAR1_EL1) is refused. */
bool el2sim_get(el2sim *sim, unsigned cpu, const char *name, el2sim_value *out, char *error,
                size_t error_size);
/* As software at the highest Exception level would: RES0 and RES1 bits and effects apply, traps do not. A
 * field leaves the other bits as they are. hi is for vectors. value->bits is not looked at. */
bool el2sim_set(el2sim *sim, unsigned cpu, const char *name, const el2sim_value *value, char *error,
                size_t error_size);
/* Calls fn for each name on this CPU that starts with prefix ("" = all); with fields, "REG.FIELD" names,
 * too. `name` lives during the call. False: there is no such CPU. */
typedef void (*el2sim_name_fn)(void *arg, const char *name);
bool el2sim_each_register(el2sim *sim, unsigned cpu, const char *prefix, bool fields,
                          el2sim_name_fn fn, void *arg);

/* --- memory and translation ------------------------------------------------------------------ */

/* n bytes at the address that the expression `where` gives, or at a struct. Plain memory only; what the
 * guest may only execute can be read, what it may only read can be written. When a page in the middle
 * fails, those before it are done and error names the address. */
bool el2sim_read_memory(el2sim *sim, unsigned cpu, const char *where, void *buffer, size_t n,
                        char *error, size_t error_size);
bool el2sim_write_memory(el2sim *sim, unsigned cpu, const char *where, const void *buffer, size_t n,
                         char *error, size_t error_size);
bool el2sim_read_at(el2sim *sim, unsigned cpu, const el2sim_address *where, void *buffer, size_t n,
                    char *error, size_t error_size);
bool el2sim_write_at(el2sim *sim, unsigned cpu, const el2sim_address *where, const void *buffer,
                     size_t n, char *error, size_t error_size);

typedef enum el2sim_fault {
    EL2SIM_FAULT_NONE = 0,
    EL2SIM_FAULT_ADDRESS_SIZE,
    EL2SIM_FAULT_TRANSLATION,
    EL2SIM_FAULT_ACCESS_FLAG,
    EL2SIM_FAULT_PERMISSION,
    EL2SIM_FAULT_OTHER,
} el2sim_fault;

enum { EL2SIM_MAX_WALK = 32 };

/* One descriptor that a walk read. */
typedef struct el2sim_walk_step {
    int stage;           /* 1 or 2 */
    int level;           /* 0..3 */
    bool for_table;      /* stage 2: to find a descriptor of stage 1 */
    uint64_t input;      /* the address that is translated */
    uint64_t at;         /* physical address of the descriptor */
    uint64_t descriptor; /* its value */
} el2sim_walk_step;

typedef struct el2sim_translation {
    size_t struct_size; /* sizeof(el2sim_translation) */
    /* When there is no fault. */
    uint64_t pa, ipa;        /* ipa: after stage 1 */
    uint64_t page_size;      /* bytes around the address that go the same way */
    bool device;             /* memory type; else Normal */
    unsigned attributes;     /* combined, as PAR_EL1.ATTR */
    unsigned stage1, stage2; /* what each lets this access's mode do: read 4, write 2, execute 1 */
    /* When there is one. */
    el2sim_fault fault;
    int fault_stage, fault_level;
    bool fault_on_walk;     /* stage 2 fault on the address of a stage 1 descriptor */
    uint64_t fault_ipa;     /* stage 2 */
    const char *fault_rule; /* "stage 2: invalid descriptor"; lives as long as the process */
    /* Always: the descriptors in the order of reading. */
    unsigned steps;
    el2sim_walk_step step[EL2SIM_MAX_WALK];
} el2sim_translation;

/* Translates for a read (or write) by a walk, without TLB and without side effects. True: out has a
 * translation or a fault. False: the question makes no sense (no such CPU, a VM that never ran). */
bool el2sim_walk(el2sim *sim, unsigned cpu, const el2sim_address *where, bool write,
                 el2sim_translation *out, char *error, size_t error_size);

/* --- symbols --------------------------------------------------------------------------------- */

/* "[el2:|vmN:|kernel:]FILE": an ELF file or a System.map, whose names are those of EL2, of the VM with
 * VMID N, or of whoever has none. May be called many times. */
bool el2sim_add_symbols(el2sim *sim, const char *spec, char *error, size_t error_size);
/* The symbol that an address is in, as this CPU's spaces are now. False: none. offset may be NULL. */
bool el2sim_symbol_at(el2sim *sim, unsigned cpu, const el2sim_address *where, const char **name,
                      uint64_t *offset);

/* --- run control ----------------------------------------------------------------------------- */

typedef enum el2sim_point_kind {
    EL2SIM_BREAK = 0,      /* the instruction at `where` (virtual) is about to be executed */
    EL2SIM_WATCH,          /* size bytes at `where`, by VA, IPA or PA, are accessed */
    EL2SIM_WATCH_REGISTER, /* the register or field `where` changes */
    EL2SIM_CATCH_EXIT,     /* an exception to EL2: ec, iss, iss_mask, number choose which */
    EL2SIM_CATCH_RETURN,   /* an exception return from EL2 to a lower level */
    EL2SIM_CATCH_SYSREG, /* an instruction that accesses the system register `where`, trapped or not */
    EL2SIM_CATCH_IRQ,    /* an interrupt is taken; number: its INTID */
    EL2SIM_CATCH_DEVICE, /* a device register in size bytes at `where` is accessed */
    EL2SIM_CATCH_SWITCH, /* an entry to another VM (VMID) or vCPU than the last on this CPU */
} el2sim_point_kind;

enum { EL2SIM_READ = 1, EL2SIM_WRITE = 2 };

typedef struct el2sim_point {
    size_t struct_size; /* set by el2sim_point_init() */
    el2sim_point_kind kind;
    const char *where; /* an expression or a register's name; see the kinds */
    uint64_t size;     /* bytes, 0 = 8 (WATCH) or 4 (CATCH_DEVICE) */
    unsigned access;   /* EL2SIM_READ | EL2SIM_WRITE; 0 = write (WATCH) or both */
    bool before;       /* WATCH: stops before the access, else after its instruction */
    bool temporary;    /* is deleted when it stops */
    int el;            /* only at this level, for exits: from this level; -1 = any */
    int vmid, asid;    /* only while they are current; -1 = any */
    int cpu; /* -1 = any. Names in where and condition are those of this CPU, or of CPU 0 */
    int ec;  /* CATCH_EXIT: ESR_EL2.EC; -1 = any exception */
    uint32_t iss, iss_mask; /* CATCH_EXIT: (ISS & iss_mask) == iss */
    int number;      /* CATCH_EXIT of HVC, SMC: immediate or function; CATCH_IRQ: INTID; -1 = any */
    uint64_t ignore; /* so many hits do not stop */
    const char *condition; /* an expression that must not be 0; NULL = always. One that cannot be
                             * evaluated counts as true */
    /* From el2sim_point_get(): */
    unsigned id;
    bool enabled;
    uint64_t hits; /* the ignored ones, too */
} el2sim_point;

/* Everything 0, NULL, or any; struct_size: sizeof *point. */
void el2sim_point_init(el2sim_point *point, size_t struct_size);
/* Returns its number, never used again; 0: error says why not. It is enabled. While the machine has no
 * points it runs at full speed; WATCH_REGISTER and CATCH_SYSREG look at every instruction. */
unsigned el2sim_point_add(el2sim *sim, const el2sim_point *point, char *error, size_t error_size);
/* False: there is no such point. */
bool el2sim_point_delete(el2sim *sim, unsigned id);
bool el2sim_point_enable(el2sim *sim, unsigned id, bool on);
bool el2sim_point_ignore(el2sim *sim, unsigned id, uint64_t hits);
/* NULL: always. False: no such point, or not understood: the old one stays. */
bool el2sim_point_condition(el2sim *sim, unsigned id, const char *condition, char *error,
                            size_t error_size);
/* out->struct_size must be set. where is as printed ("el2:0x40080000"); it and condition live as long as the
 * point does. */
bool el2sim_point_get(el2sim *sim, unsigned id, el2sim_point *out);
/* The number of the next point after id (0: the first); 0: there are no more. */
unsigned el2sim_point_next(el2sim *sim, unsigned id);

typedef enum el2sim_why {
    EL2SIM_WHY_POINT = 1, /* stopped.point */
    EL2SIM_WHY_STEPPED,   /* the request is fulfilled */
    EL2SIM_WHY_INTERRUPT, /* el2sim_interrupt() */
    EL2SIM_WHY_MACHINE,   /* the machine itself: stopped.machine; it does not run again, unless the
                           * reason is EL2SIM_INSN_LIMIT */
} el2sim_why;

typedef struct el2sim_request {
    size_t struct_size; /* sizeof(el2sim_request) */
    unsigned cpu;       /* whose instructions are counted */
    uint64_t insns; /* stop when that CPU has executed exactly so many more; 0 = no limit. 1 also
                         * stops when the CPU takes an exception instead */
    uint64_t first, end; /* go on while its pc is in [first, end) at the same EL; 0, 0: not asked */
    bool only;           /* the other CPUs stand still meanwhile */
} el2sim_request;

typedef struct el2sim_stopped {
    size_t struct_size; /* sizeof(el2sim_stopped) */
    el2sim_why why;
    el2sim_stop machine;    /* EL2SIM_WHY_MACHINE: see also el2sim_stop_text() */
    unsigned point;         /* EL2SIM_WHY_POINT: its number (a temporary one is gone) */
    el2sim_point_kind kind; /* ... and kind */
    unsigned cpu;           /* whose instruction it was */
    int el;                 /* its Exception level now */
    int vmid;               /* whose stage 2 is on, VTTBR_EL2.VMID; -1 = none's */
    uint64_t pc;
    uint64_t instructions;  /* executed by that CPU so far */
    uint64_t address, size; /* WATCH, CATCH_DEVICE: what was accessed (VA) */
    bool is_write;          /* ... and CATCH_SYSREG */
    uint64_t old_value,
        new_value; /* WATCH of memory, WATCH_REGISTER; new: CATCH_SYSREG's Xt, too */
    uint64_t esr;  /* CATCH_EXIT: ESR_EL2 as written; 0 for interrupts */
} el2sim_stopped;

/* Runs until a point stops it, the request is fulfilled, el2sim_interrupt() or the machine stops. A point
 * where the CPU stands since the last stop does not stop it again. What the guest sees is the same
 * with and without stops. request NULL: freely. out may be NULL. False: no such CPU, or a struct_size
 * is not set. */
bool el2sim_go(el2sim *sim, const el2sim_request *request, el2sim_stopped *out, char *error,
               size_t error_size);
/* el2sim_go() until this CPU has executed `count` instructions since it was reset; at once if it has. */
bool el2sim_run_to(el2sim *sim, unsigned cpu, uint64_t count, el2sim_stopped *out, char *error,
                   size_t error_size);
/* From any thread or signal handler, while sim exists: el2sim_go() or el2sim_run() returns soon, or, if none
 * runs, the next one at once. */
void el2sim_interrupt(el2sim *sim);

#ifdef __cplusplus
}
#endif
#endif
