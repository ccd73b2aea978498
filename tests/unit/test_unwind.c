// Backtraces and source lines of the roms `frames` (DWARF), `frames_cfi` (DWARF alone) and `frames_nodebug` (frame pointers, signed return
// addresses): at every instruction the frames are those of a second stack that follows calls and returns.
#include "debugger/debugger.h"
#include "debugger/source.h"
#include "debugger/unwind.h"
#include "machine/loader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { STEPS_MAX = 2000, DEPTH = 16, TEXT = 8192 };

static Machine *machine;
static Boot *boot;
static Debugger *d;
static Cpu *cpu;

static void start(const char *rom) {
    char path[512];
    Error err = {""};
    snprintf(path, sizeof path, BUILD_DIR "/roms/%s.elf", rom);
    MachineConfig config = {
        .cpu_model = "max", .cpus = 1, .ram_size = 64 << 20, .gic_version = 3, .el2 = true};
    BootOptions options = {.kernel = path};
    machine = machine_create(&config, &err);
    assert_non_null(machine);
    boot = boot_prepare(machine, &options, &err);
    if (!boot) fail_msg("%s", err.text);
    d = debugger_create(machine);
    cpu = d->cpu;
    assert_true(symbols_add_file(d->symbols, SPACE_ANY, path, &err));
    assert_true(sources_add(d->sources, SPACE_ANY, path, &err));
    boot_start(machine, boot);
}

static int teardown(void **state) {
    (void)state;
    debugger_free(d);
    boot_free(boot);
    machine_free(machine);
    return 0;
}

static const char *symbol_at(u64 address) {
    SymbolHit hit;
    return symbols_lookup(d->symbols, SPACE_ANY, address, &hit) ? hit.name : "?";
}

static void collect(char *text, size_t n, const char *name) {
    if (strlen(text) + strlen(name) + 2 > n) fail_msg("too much: %s", text);
    if (*text) strcat(text, " ");
    strcat(text, name);
}

static bool keep(void *arg, const UnwindFrame *f) {
    if (f->boundary && *f->ended) collect(arg, TEXT, f->ended);
    if (f->boundary) collect(arg, TEXT, f->boundary);
    collect(arg, TEXT, symbol_at(f->code));
    return true;
}

// The functions, from the innermost to the outermost.
static const char *backtrace(void) {
    static char text[TEXT];
    Error why;
    text[0] = '\0';
    unwind(d, keep, text, &why);
    if (*why.text) collect(text, sizeof text, why.text);
    return text;
}

// --- the second stack: by what instructions do ---------------------------------------------------

typedef struct Shadow {
    const char *name[DEPTH];
    unsigned n, guest;  // below `guest` are the guest's frames; 0: it is not at EL2 for one
} Shadow;

static const char *expected(const Shadow *s) {
    static char text[TEXT];
    text[0] = '\0';
    for (unsigned i = s->n; i-- > 0;) {
        if (s->guest && i == s->guest - 1) collect(text, sizeof text, "HVC64 from s2off EL1");
        collect(text, sizeof text, s->name[i]);
    }
    return text;
}

// Executes one instruction.
static void step(Shadow *s) {
    u32 word;
    u8 el = cpu->el;
    assert_true(bus_read_bytes(machine, cpu->pc, &word, 4));
    u64 after = cpu->pc + 4;
    machine_step(machine, cpu);
    const char *name = symbol_at(cpu->pc);
    if (el == 1 && cpu->el == 2) {
        s->guest = s->n;
        s->name[s->n++] = name;
    } else if (el == 2 && cpu->el == 1 && s->guest) {
        s->n = s->guest;
        s->guest = 0;
    } else if ((word & 0xfc000000) == 0x94000000) {  // BL
        s->name[s->n++] = name;
        assert_true(s->n < DEPTH);
    } else if ((word & 0xfffffc1f) == 0xd65f0000 || word == 0xd65f0bff) {  // RET, RETAA
        s->n--;
    } else if (cpu->pc != after) {
        s->name[s->n - 1] = name;
    }
}

static unsigned follow(const char *rom) {
    Shadow s = {.n = 1};
    unsigned deepest = 0;
    start(rom);
    s.name[0] = symbol_at(cpu->pc);
    for (unsigned i = 0; !machine->stop && i < STEPS_MAX; i++) {
        const char *have = backtrace(), *want = expected(&s);
        if (strcmp(have, want))
            fail_msg("%s, pc 0x%llx: '%s', not '%s'", rom, (unsigned long long)cpu->pc, have, want);
        deepest = MAX(deepest, s.n);
        step(&s);
    }
    assert_int_equal(machine->stop, STOP_POWEROFF);
    return deepest;
}

static void frames_by_dwarf(void **state) {
    (void)state;
    // account hypercall handle_exit el2_entry, guest_inner guest_outer guest_main
    assert_int_equal(follow("frames"), 7);
}

static void frames_without_frame_pointers(void **state) {
    (void)state;
    assert_int_equal(follow("frames_cfi"), 7);
}

static void frames_by_frame_pointers(void **state) {
    (void)state;
    assert_int_equal(follow("frames_nodebug"), 7);
}

static void run_to(const char *name) {
    u64 address;
    assert_true(symbols_find(d->symbols, SPACE_ANY, name, &address));
    for (unsigned i = 0; cpu->pc != address; i++) {
        assert_true(i < STEPS_MAX);
        machine_step(machine, cpu);
    }
}

// `bt` as it is printed.
static void bt_marks_the_exit(void **state) {
    (void)state;
    static char text[TEXT];
    Error err = {""};
    start("frames");
    run_to("account");
    FILE *out = d->out;
    d->out = fmemopen(text, sizeof text, "w");
    assert_true(debugger_execute(d, "bt", &err));
    fclose(d->out);
    d->out = out;
    assert_non_null(strstr(text, " in account+0x0 at main.c:"));
    assert_non_null(strstr(text, "#2   0x"));
    assert_non_null(strstr(text, " in handle_exit+0x14 at main.c:"));
    assert_non_null(strstr(text, "\n--- HVC64 from s2off EL1\n#4   0x"));
    assert_non_null(strstr(text, " in guest_main+0x10 at main.c:"));
}

// --- bad stacks ----------------------------------------------------------------------------------

static void signed_addresses_are_stripped(void **state) {
    (void)state;
    start("frames_nodebug");
    run_to("account");
    u64 lr;
    bus_read_bytes(machine, cpu->x[29] + 8, &lr, 8);
    assert_true(lr >> 48);  // it is signed at all
    assert_string_equal(backtrace(), "account hypercall handle_exit el2_entry HVC64 from s2off EL1 "
                                     "guest_inner guest_outer guest_main");
}

static void bad_frames_end_it(void **state) {
    (void)state;
    start("frames_nodebug");
    run_to("account");
    u64 fp = cpu->x[29], record[2];
    bus_read_bytes(machine, fp, record, sizeof record);
    u64 circle[2] = {fp, record[1]};
    bus_write_bytes(machine, fp, circle, sizeof circle);
    assert_non_null(strstr(backtrace(), "the frames are a circle"));
    u64 odd[2] = {fp + 3, record[1]};
    bus_write_bytes(machine, fp, odd, sizeof odd);
    assert_non_null(strstr(backtrace(), "is not aligned"));
    u64 nowhere[2] = {0x20000000, record[1]};
    bus_write_bytes(machine, fp, nowhere, sizeof nowhere);
    assert_non_null(strstr(backtrace(), "the frame record: 0x20000000: there is nothing"));
    u64 no_code[2] = {record[0], 0x20000000};
    bus_write_bytes(machine, fp, no_code, sizeof no_code);
    assert_non_null(strstr(backtrace(), "no code at the return address 0x20000000"));
    // Any garbage ends.
    u64 seed = 1;
    for (unsigned n = 0; n < 2000; n++) {
        for (unsigned i = 0; i < 2; i++) {
            seed = seed * 6364136223846793005 + 1442695040888963407;
            record[i] = n & 1 ? 0x40080000 + (seed >> 40) % 0x8000 : seed;
        }
        bus_write_bytes(machine, fp, record, sizeof record);
        assert_non_null(strstr(backtrace(), "account hypercall"));
    }
}

// When ELR_EL2 is another's, the guest's registers are not those of the last exit.
static void another_guest_has_no_frames(void **state) {
    (void)state;
    start("frames");
    run_to("account");
    assert_non_null(strstr(backtrace(), "guest_main"));
    cpu->sys.ELR_EL2 += 4;  // behind the instruction
    assert_non_null(strstr(backtrace(), "guest_main"));
    cpu->sys.ELR_EL2 += 4;
    assert_null(strstr(backtrace(), "guest_main"));
}

// --- lines ---------------------------------------------------------------------------------------

// The number of the line that has this text.
static unsigned line_with(const char *path, const char *text) {
    char line[256];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (unsigned n = 1; fgets(line, sizeof line, f); n++)
        if (strstr(line, text)) {
            fclose(f);
            return n;
        }
    fail_msg("%s: no '%s'", path, text);
    return 0;
}

static void lines_are_those_of_the_source(void **state) {
    (void)state;
    static const char *const functions[] = {"account", "hypercall", "handle_exit", "guest_inner"};
    static const char *const types[] = {"void", "unsigned long", "void", "unsigned long"};
    start("frames");
    for (unsigned i = 0; i < ARRAY_LEN(functions); i++) {
        u64 address, found;
        int space;
        SourceLine line;
        char wanted[64];
        assert_true(symbols_find(d->symbols, SPACE_ANY, functions[i], &address));
        assert_true(sources_line(d->sources, SPACE_EL2, address, &line));
        snprintf(wanted, sizeof wanted, "NOINLINE %s %s(", types[i], functions[i]);
        unsigned n = line_with(line.file, wanted);
        assert_in_range(line.line, n, n + 2);
        assert_true(line.lo == address && line.hi > address);
        assert_true(sources_address(d->sources, NULL, "main.c", n, &space, &found, NULL));
        assert_int_equal(found, address);
        assert_int_equal(space, SPACE_ANY);
        assert_true(sources_address(d->sources, NULL, "frames/main.c", n, &space, &found, NULL));
        assert_false(sources_address(d->sources, NULL, "ain.c", n, &space, &found, NULL));
        space = 3;
        assert_false(sources_address(d->sources, &space, "main.c", n, &space, &found, NULL));
    }
    u64 entry;
    SourceLine line;
    assert_true(symbols_find(d->symbols, SPACE_ANY, "el2_entry", &entry));
    assert_true(sources_line(d->sources, SPACE_ANY, entry, &line));
    assert_int_equal(line.line, line_with(line.file, "sub     sp, sp, #256"));
    assert_false(sources_line(d->sources, SPACE_ANY, 0x40000000, &line));
    assert_false(sources_line(d->sources, SPACE_ANY, 0, &line));
    assert_false(sources_line(d->sources, SPACE_ANY, ~0ull, &line));
}

static void locations_are_lines_or_expressions(void **state) {
    (void)state;
    start("frames");
    ExprValue v;
    Error err = {""};
    u64 address;
    const char *args = "main.c:10 if x0";
    assert_true(symbols_find(d->symbols, SPACE_ANY, "account", &address));
    assert_true(debugger_location(d, &args, &v, &err));
    assert_int_equal(v.v, address);
    assert_string_equal(args, "if x0");
    args = "account + 4";
    assert_true(debugger_location(d, &args, &v, &err));
    assert_int_equal(v.v, address + 4);
    args = "vm1:16";
    assert_true(debugger_location(d, &args, &v, &err));
    assert_int_equal(v.space.kind, AS_VM);
    args = "main.c:100000";
    assert_false(debugger_location(d, &args, &v, &err));
    assert_non_null(strstr(err.text, "no code in line 100000"));
    args = "nosuch.c:1";
    assert_false(debugger_location(d, &args, &v, &err));
    args = "el2:main.c:10";  // no file is EL2's own
    assert_false(debugger_location(d, &args, &v, &err));
}

int main(void) {
#define TEST(f) cmocka_unit_test_teardown(f, teardown)
    const struct CMUnitTest tests[] = {
        TEST(frames_by_dwarf),
        TEST(frames_without_frame_pointers),
        TEST(frames_by_frame_pointers),
        TEST(signed_addresses_are_stripped),
        TEST(bad_frames_end_it),
        TEST(another_guest_has_no_frames),
        TEST(bt_marks_the_exit),
        TEST(lines_are_those_of_the_source),
        TEST(locations_are_lines_or_expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
