/* libel2sim: an AArch64 machine (EL0, EL1, EL2) as a library. Create, load, run, look inside.
 *
 * No global state: any number of machines may live in one process; one machine is used by one
 * thread at a time. Functions that can fail return false (or NULL) and leave one line of text in
 * `error`, where the caller passed a buffer. Addresses are bytes, times are nanoseconds of machine
 * time (one instruction = 1 ns). */
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
} el2sim_stop;

/* Runs all CPUs until the machine stops or has executed about max_insns more instructions (0 = no
 * limit; the slice that crosses the limit is completed). */
el2sim_stop el2sim_run(el2sim *sim, uint64_t max_insns);
/* Executes one instruction on one CPU (or takes the exception that is due). False: it sleeps or is
 * off, or the machine has stopped. */
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

#ifdef __cplusplus
}
#endif
#endif
