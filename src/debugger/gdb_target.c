// gdb's target description, from the table of system registers.
#include "debugger/gdb_target.h"

#include "cpu/sysreg.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Builder {
    const Cpu *cpu;
    GdbTarget *t;
    unsigned room;
    FILE *xml;
} Builder;

static bool add(Builder *b, const char *name, unsigned bytes) {
    GdbTarget *t = b->t;
    Reg reg;
    if (!reg_find(b->cpu, name, &reg, NULL)) return false;
    if (t->count == b->room) {
        b->room = b->room ? 2 * b->room : 256;
        t->reg = realloc(t->reg, b->room * sizeof *t->reg);
        CHECK(t->reg);
    }
    t->reg[t->count++] = (GdbRegister){reg, (u8)bytes};
    return true;
}

// `as`: the name in gdb, where it has one of its own.
static void add_as(Builder *b, const char *name, const char *as, unsigned bytes, const char *type) {
    CHECK(add(b, name, bytes));
    fprintf(b->xml, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>\n", as, bytes * 8, type);
}

static void start_feature(Builder *b, const char *name) {
    fprintf(b->xml, "<feature name=\"%s\">\n", name);
}
static void end_feature(Builder *b) {
    fprintf(b->xml, "</feature>\n");
}

static void add_core(Builder *b) {
    char name[8];
    start_feature(b, "org.gnu.gdb.aarch64.core");
    fprintf(
        b->xml,
        "<flags id=\"cpsr_flags\" size=\"4\">\n"
        "<field name=\"SP\" start=\"0\" end=\"0\"/>\n<field name=\"EL\" start=\"2\" end=\"3\"/>\n"
        "<field name=\"nRW\" start=\"4\" end=\"4\"/>\n<field name=\"F\" start=\"6\" end=\"6\"/>\n"
        "<field name=\"I\" start=\"7\" end=\"7\"/>\n<field name=\"A\" start=\"8\" end=\"8\"/>\n"
        "<field name=\"D\" start=\"9\" end=\"9\"/>\n<field name=\"BTYPE\" start=\"10\" "
        "end=\"11\"/>\n"
        "<field name=\"SSBS\" start=\"12\" end=\"12\"/>\n<field name=\"IL\" start=\"20\" "
        "end=\"20\"/>\n"
        "<field name=\"SS\" start=\"21\" end=\"21\"/>\n<field name=\"PAN\" start=\"22\" "
        "end=\"22\"/>\n"
        "<field name=\"UAO\" start=\"23\" end=\"23\"/>\n<field name=\"DIT\" start=\"24\" "
        "end=\"24\"/>\n"
        "<field name=\"V\" start=\"28\" end=\"28\"/>\n<field name=\"C\" start=\"29\" end=\"29\"/>\n"
        "<field name=\"Z\" start=\"30\" end=\"30\"/>\n<field name=\"N\" start=\"31\" end=\"31\"/>\n"
        "</flags>\n");
    for (unsigned n = 0; n < 31; n++) {
        snprintf(name, sizeof name, "x%u", n);
        add_as(b, name, name, 8, "int");
    }
    add_as(b, "sp", "sp", 8, "data_ptr");
    add_as(b, "pc", "pc", 8, "code_ptr");
    add_as(b, "pstate", "cpsr", 4, "cpsr_flags");
    end_feature(b);
    b->t->general = b->t->count;
}

static void add_vectors(Builder *b) {
    char name[8];
    static const struct {
        const char *id, *type;
        unsigned count;
    } lanes[] = {{"v2d", "ieee_double", 2}, {"v2u", "uint64", 2}, {"v4f", "ieee_single", 4},
                 {"v4u", "uint32", 4},      {"v8u", "uint16", 8}, {"v16u", "uint8", 16},
                 {"v1u", "uint128", 1}};
    start_feature(b, "org.gnu.gdb.aarch64.fpu");
    for (unsigned i = 0; i < ARRAY_LEN(lanes); i++)
        fprintf(b->xml, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>\n", lanes[i].id,
                lanes[i].type, lanes[i].count);
    fprintf(
        b->xml,
        "<union id=\"vnd\"><field name=\"f\" type=\"v2d\"/><field name=\"u\" "
        "type=\"v2u\"/></union>\n"
        "<union id=\"vns\"><field name=\"f\" type=\"v4f\"/><field name=\"u\" "
        "type=\"v4u\"/></union>\n"
        "<union id=\"vnh\"><field name=\"u\" type=\"v8u\"/></union>\n"
        "<union id=\"vnb\"><field name=\"u\" type=\"v16u\"/></union>\n"
        "<union id=\"vnq\"><field name=\"u\" type=\"v1u\"/></union>\n"
        "<union id=\"aarch64v\"><field name=\"d\" type=\"vnd\"/><field name=\"s\" type=\"vns\"/>"
        "<field name=\"h\" type=\"vnh\"/><field name=\"b\" type=\"vnb\"/>"
        "<field name=\"q\" type=\"vnq\"/></union>\n");
    for (unsigned n = 0; n < 32; n++) {
        snprintf(name, sizeof name, "v%u", n);
        add_as(b, name, name, 16, "aarch64v");
    }
    add_as(b, "FPSR", "fpsr", 4, "int");
    add_as(b, "FPCR", "fpcr", 4, "int");
    end_feature(b);
}

static void put_fields(Builder *b, const SysRegInfo *info) {
    fprintf(b->xml, "<flags id=\"%s_fields\" size=\"8\">\n", info->name);
    // Lowest bit first.
    for (unsigned i = info->fields; i-- > 0;) {
        const SysRegField *f = &sysreg_fields[info->first_field + i];
        if (f->kind == FIELD_RES0 || f->kind == FIELD_RES1) continue;
        fprintf(b->xml, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>\n", f->name, f->lo, f->hi);
    }
    fprintf(b->xml, "</flags>\n");
}

// A whole 64-bit number rather than bits with names.
static bool is_plain(const SysRegInfo *info) {
    unsigned named = 0;
    for (unsigned i = 0; i < info->fields; i++) {
        const SysRegField *f = &sysreg_fields[info->first_field + i];
        named += f->kind != FIELD_RES0 && f->kind != FIELD_RES1;
    }
    return named < 2;
}

static bool is_group(const SysRegInfo *info, unsigned el) {
    bool gic = !strncmp(info->name, "ICC_", 4) || !strncmp(info->name, "ICH_", 4);
    if (el == 3 || gic) return gic && el == 3;
    return MIN(info->read_el, info->write_el) == el;
}

static void add_system(Builder *b, unsigned el, const char *feature, const char *group) {
    start_feature(b, feature);
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *info = sysreg_info(i);
        if (info->offset == SYSREG_NONE || info->alias_of != SYSREG_NONE || info->read_el > 2)
            continue;
        if (!is_group(info, el) || !sysreg_present(b->cpu, i)) continue;
        if (i == SYSREG_FPSR || i == SYSREG_FPCR || !add(b, info->name, 8)) continue;
        bool plain = is_plain(info);
        if (!plain) put_fields(b, info);
        fprintf(b->xml, "<reg name=\"%s\" bitsize=\"64\" group=\"%s\" type=\"%s%s\"/>\n",
                info->name, group, plain ? "int" : info->name, plain ? "" : "_fields");
    }
    end_feature(b);
}

GdbTarget *gdb_target_create(const Cpu *cpu) {
    GdbTarget *t = calloc(1, sizeof *t);
    CHECK(t);
    Builder b = {.cpu = cpu, .t = t, .xml = open_memstream(&t->xml, &t->xml_size)};
    CHECK(b.xml);
    fprintf(b.xml, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                   "<target>\n<architecture>aarch64</architecture>\n");
    add_core(&b);
    add_vectors(&b);
    add_system(&b, 0, "org.el2sim.system.el0", "el0");
    add_system(&b, 1, "org.el2sim.system.el1", "el1");
    add_system(&b, 2, "org.el2sim.system.el2", "el2");
    add_system(&b, 3, "org.el2sim.system.gic", "gic");
    fprintf(b.xml, "</target>\n");
    fclose(b.xml);
    return t;
}

void gdb_target_free(GdbTarget *t) {
    if (!t) return;
    free(t->reg);
    free(t->xml);
    free(t);
}
