// Uses /dev/kvm inside the machine under test: one VM with one vCPU and an in-kernel interrupt
// controller, whose every exit to user space must be the expected one (reason, address, size,
// direction, data), and whose exits that the kernel answers are counted by the kernel's own
// statistics. Runs on GICv3 and GICv2 hosts, nVHE and VHE. The guest is kvmtest_guest.S. Linux:
// Documentation/virt/kvm/api.rst.
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;

enum {
    MMIO = 0x10000000,
    REPORT = MMIO + 0x800,
    RAM = 0x40000000,
    RAM_SIZE = 0x200000,
    RODATA = 0x50000000,
    FRESH = 0x60000000,
    FRESH_PAGES = 64,
    LOGGED = 0x70000000,
    PAGE = 4096,
    SPI = 40,
    LOG_SLOT = 3,
};

#define CORE_REG(name) \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

extern const char guest_start[], guest_end[], guest_breakpoint[], guest_step[], guest_after_reset[];

typedef struct {
    int vm, vcpu, gic, stats;
    int gic_version;
    struct kvm_run *run;
    char *ram, *rodata, *fresh, *logged;
    int checks, mmio_exits;
    u64 exits_before;  // the statistic `exits` at the last mark
} Vm;

static void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("KVMTEST: FAILED ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    exit(1);
}

static void check(Vm *v, bool good, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("KVMTEST: %s ", good ? "ok" : "FAILED");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    if (!good) exit(1);
    v->checks++;
}

static int xioctl(int fd, unsigned long request, void *arg, const char *what) {
    int r = ioctl(fd, request, arg);
    if (r < 0) die("%s: %m", what);
    return r;
}

static u64 get_reg(Vm *v, u64 id) {
    u64 value[2] = {0, 0};
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)value};
    xioctl(v->vcpu, KVM_GET_ONE_REG, &reg, "KVM_GET_ONE_REG");
    return value[0];
}

static void set_reg(Vm *v, u64 id, u64 value) {
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};
    xioctl(v->vcpu, KVM_SET_ONE_REG, &reg, "KVM_SET_ONE_REG");
}

static u64 guest_pc(const char *label) {
    return RAM + (u64)(label - guest_start);
}

// The kernel's count of one kind of exit, from the vCPU's binary statistics.
static u64 stat_value(Vm *v, const char *name) {
    struct kvm_stats_header h;
    if (pread(v->stats, &h, sizeof h, 0) != (ssize_t)sizeof h) die("statistics header");
    size_t size = sizeof(struct kvm_stats_desc) + h.name_size;
    struct kvm_stats_desc *d = malloc(size);
    for (u32 i = 0; i < h.num_desc; i++) {
        if (pread(v->stats, d, size, h.desc_offset + i * size) != (ssize_t)size) die("statistics");
        if (strcmp(d->name, name)) continue;
        u64 value;
        if (pread(v->stats, &value, 8, h.data_offset + d->offset) != 8) die("statistic %s", name);
        free(d);
        return value;
    }
    die("no statistic %s", name);
    return 0;
}

static void *add_slot(Vm *v, u32 slot, u64 ipa, size_t size, u32 flags) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) die("mmap: %m");
    madvise(p, size, MADV_NOHUGEPAGE);  // so that each page is a stage-2 fault of its own
    struct kvm_userspace_memory_region r = {.slot = slot,
                                            .flags = flags,
                                            .guest_phys_addr = ipa,
                                            .memory_size = size,
                                            .userspace_addr = (uintptr_t)p};
    xioctl(v->vm, KVM_SET_USER_MEMORY_REGION, &r, "KVM_SET_USER_MEMORY_REGION");
    return p;
}

static void gic_attr(Vm *v, u32 group, u64 attr, u64 value, const char *what) {
    struct kvm_device_attr a = {.group = group, .attr = attr, .addr = (uintptr_t)&value};
    xioctl(v->gic, KVM_SET_DEVICE_ATTR, &a, what);
}

static void create_gic(Vm *v) {
    struct kvm_create_device d = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
    v->gic_version = 3;
    if (ioctl(v->vm, KVM_CREATE_DEVICE, &d) < 0) {
        v->gic_version = 2;
        d.type = KVM_DEV_TYPE_ARM_VGIC_V2;
        xioctl(v->vm, KVM_CREATE_DEVICE, &d, "creating a vGIC");
    }
    v->gic = d.fd;
    if (v->gic_version == 3) {
        gic_attr(v, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, 0x08000000, "GICD");
        gic_attr(v, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, 0x080a0000, "GICR");
    } else {
        gic_attr(v, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, 0x08000000, "GICD");
        gic_attr(v, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, 0x08010000, "GICC");
    }
    u32 lines = 64;
    struct kvm_device_attr nr = {.group = KVM_DEV_ARM_VGIC_GRP_NR_IRQS, .addr = (uintptr_t)&lines};
    xioctl(v->gic, KVM_SET_DEVICE_ATTR, &nr, "number of interrupts");
    struct kvm_device_attr init = {.group = KVM_DEV_ARM_VGIC_GRP_CTRL,
                                   .attr = KVM_DEV_ARM_VGIC_CTRL_INIT};
    xioctl(v->gic, KVM_SET_DEVICE_ATTR, &init, "initializing the vGIC");
}

static void init_vcpu(Vm *v) {
    struct kvm_vcpu_init target;
    xioctl(v->vm, KVM_ARM_PREFERRED_TARGET, &target, "KVM_ARM_PREFERRED_TARGET");
    target.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
    xioctl(v->vcpu, KVM_ARM_VCPU_INIT, &target, "KVM_ARM_VCPU_INIT");
}

static void create(Vm *v) {
    int kvm = open("/dev/kvm", O_RDWR);
    if (kvm < 0) die("/dev/kvm: %m");
    check(v, ioctl(kvm, KVM_GET_API_VERSION, 0) == 12, "KVM API version 12");
    v->vm = ioctl(kvm, KVM_CREATE_VM, 0);
    if (v->vm < 0) die("KVM_CREATE_VM: %m");
    struct kvm_enable_cap nisv = {.cap = KVM_CAP_ARM_NISV_TO_USER};
    xioctl(v->vm, KVM_ENABLE_CAP, &nisv, "KVM_CAP_ARM_NISV_TO_USER");
    v->ram = add_slot(v, 0, RAM, RAM_SIZE, 0);
    v->rodata = add_slot(v, 1, RODATA, 16 * PAGE, KVM_MEM_READONLY);
    v->fresh = add_slot(v, 2, FRESH, FRESH_PAGES * PAGE, 0);
    v->logged = add_slot(v, LOG_SLOT, LOGGED, 16 * PAGE, KVM_MEM_LOG_DIRTY_PAGES);
    memcpy(v->ram, guest_start, (size_t)(guest_end - guest_start));
    *(u64 *)(v->rodata + 8) = 0xfeedfacecafebeefull;
    v->vcpu = ioctl(v->vm, KVM_CREATE_VCPU, 0);
    if (v->vcpu < 0) die("KVM_CREATE_VCPU: %m");
    init_vcpu(v);
    create_gic(v);
    long size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    v->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->vcpu, 0);
    if (v->run == MAP_FAILED) die("mmap of kvm_run: %m");
    v->stats = ioctl(v->vcpu, KVM_GET_STATS_FD, NULL);
    if (v->stats < 0) die("KVM_GET_STATS_FD: %m");
    set_reg(v, CORE_REG(regs.regs[0]), (u64)v->gic_version);
    set_reg(v, CORE_REG(regs.pc), guest_pc(guest_start));
    check(v, true, "VM with one vCPU and a vGICv%d", v->gic_version);
}

// KVM_RUN, checking that this thread's own floating-point registers come back.
static void enter(Vm *v) {
    register long x0 __asm__("x0") = v->vcpu;
    register long x1 __asm__("x1") = KVM_RUN;
    register long x2 __asm__("x2") = 0;
    register long x8 __asm__("x8") = SYS_ioctl;
    u64 mine = 0x5a5aa5a5c3c33c3cull, d5, d9;
    __asm__ volatile("fmov d5, %[mine]\nfmov d9, %[mine]\nsvc #0\nfmov %[d5], d5\nfmov %[d9], d9\n"
                     : "+r"(x0), [d5] "=&r"(d5), [d9] "=&r"(d9)
                     : "r"(x1), "r"(x2), "r"(x8), [mine] "r"(mine)
                     : "memory", "v5", "v9");
    if (x0 < 0) die("KVM_RUN: errno %ld, guest PC %#" PRIx64, -x0, get_reg(v, CORE_REG(regs.pc)));
    if (d5 != mine || d9 != mine) die("the guest's floating-point registers leaked");
}

// --- what user space does at some of the exits ---------------------------------------------------

static void mark_exits(Vm *v) {
    v->exits_before = stat_value(v, "exits");
}

static void check_faults(Vm *v, const char *when) {
    u64 now = stat_value(v, "exits");
    check(v, now - v->exits_before >= FRESH_PAGES, "%s: at least one stage-2 fault a page", when);
    v->exits_before = now;
}

static void discard_fresh(Vm *v) {
    bool good = true;
    for (u64 i = 0; i < FRESH_PAGES; i++)
        if (*(u64 *)(v->fresh + i * PAGE) != FRESH + i * PAGE) good = false;
    check(v, good, "the guest's stores are in user space's memory");
    if (madvise(v->fresh, FRESH_PAGES * PAGE, MADV_DONTNEED)) die("madvise: %m");
    mark_exits(v);
}

static void fresh_again(Vm *v) {
    check_faults(v, "discarded pages");
}
static void fresh_first(Vm *v) {
    check_faults(v, "fresh pages");
}

static void rodata_kept(Vm *v) {
    check(v, *(u64 *)(v->rodata + 8) == 0xfeedfacecafebeefull, "the read-only slot is unchanged");
}

static void check_log(Vm *v, u64 expected) {
    u64 bitmap = 0;
    struct kvm_dirty_log log = {.slot = LOG_SLOT, .dirty_bitmap = &bitmap};
    xioctl(v->vm, KVM_GET_DIRTY_LOG, &log, "KVM_GET_DIRTY_LOG");
    check(v, bitmap == expected, "dirty pages %#" PRIx64 " (expected %#" PRIx64 ")", bitmap,
          expected);
}

static void log_all(Vm *v) {
    check_log(v, 0xffff);
}
static void log_some(Vm *v) {
    check_log(v, 1 << 3 | 1 << 5 | 1 << 9);
}

static void look_at_fp(Vm *v) {
    u64 id = KVM_REG_ARM64 | KVM_REG_SIZE_U128 | KVM_REG_ARM_CORE |
             (offsetof(struct kvm_regs, fp_regs.vregs[5]) / sizeof(u32));
    u64 value = get_reg(v, id);
    check(v, value == 0x3ff8000000000000ull, "v5 of the guest is 1.5");
}

static void guest_debug(Vm *v, u32 control) {
    struct kvm_guest_debug d = {.control = control};
    xioctl(v->vcpu, KVM_SET_GUEST_DEBUG, &d, "KVM_SET_GUEST_DEBUG");
}

static void debug_exit(Vm *v, u32 ec, const char *at, u64 offset, const char *what) {
    enter(v);
    u32 reason = v->run->exit_reason, hsr = v->run->debug.arch.hsr;
    u64 pc = get_reg(v, CORE_REG(regs.pc));
    check(v, reason == KVM_EXIT_DEBUG && hsr >> 26 == ec && pc == guest_pc(at) + offset,
          "%s (reason %u, ESR_EL2 %#x, PC %#" PRIx64 ")", what, reason, hsr, pc);
}

static void debug_exits(Vm *v) {
    guest_debug(v, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP);
    debug_exit(v, 0x3c, guest_breakpoint, 0, "BRK exits to user space");
    check(v, (v->run->debug.arch.hsr & 0xffff) == 0x77, "the immediate of BRK");
    set_reg(v, CORE_REG(regs.pc), guest_pc(guest_step));
    guest_debug(v, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP);
    debug_exit(v, 0x32, guest_step, 4, "single step");
    debug_exit(v, 0x32, guest_step, 8, "another single step");
    guest_debug(v, 0);
}

static void set_spi(Vm *v, u32 level) {
    struct kvm_irq_level irq = {.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | SPI,
                                .level = level};
    xioctl(v->vm, KVM_IRQ_LINE, &irq, "KVM_IRQ_LINE");
}

static void raise_spi(Vm *v) {
    set_spi(v, 1);
}
static void lower_spi(Vm *v) {
    set_spi(v, 0);
}

static void nisv_exits(Vm *v) {
    static const u64 ipa[] = {MMIO + 0x50, MMIO};
    for (int i = 0; i < 2; i++) {
        enter(v);
        u64 iss = v->run->arm_nisv.esr_iss;
        check(v, v->run->exit_reason == KVM_EXIT_ARM_NISV && v->run->arm_nisv.fault_ipa == ipa[i],
              "no syndrome: IPA %#" PRIx64, (u64)v->run->arm_nisv.fault_ipa);
        // ISV clear, WnR, a translation fault.
        check(v, !(iss >> 24 & 1) && (iss >> 6 & 1) == (i == 0) && (iss & 0x3c) == 4,
              "no syndrome: ISS %#" PRIx64, iss);
        set_reg(v, CORE_REG(regs.pc), get_reg(v, CORE_REG(regs.pc)) + 4);
    }
}

// --- the exits, in order -------------------------------------------------------------------------

typedef struct {
    const char *what;
    bool write;
    u32 offset, size;
    u64 data;  // written by the guest, or the answer to its read
    void (*then)(Vm *);
    u64 same_as;  // the data is what this KVM register holds
    u64 base;     // instead of MMIO
    u64 also;     // another good value of the data
} Step;

// The optional last argument of W and V is what user space does then.
#define W(name, at, bytes, ...) \
    { .what = name, .write = true, .offset = at, .size = bytes, .data = __VA_ARGS__ }
#define V(name, ...) W(name, 0x800, 8, __VA_ARGS__)
#define R(name, at, bytes, answer, result) \
    {.what = name, .offset = at, .size = bytes, .data = answer}, V(name ": result", result)
// Kernels may cut the sign off again on the way to the register.
#define SIGNED(name, at, bytes, answer, result) \
    {.what = name, .offset = at, .size = bytes, .data = answer}, { \
        .what = name ": result", .write = true, .offset = 0x800, .size = 8, .data = result, \
        .also = answer \
    }
#define RO(name, at, bytes, value) \
    { \
        .what = name, .write = true, .offset = at, .size = bytes, .data = value, \
        .then = rodata_kept, .base = RODATA \
    }
#define SAME(name, op1, crn, crm, op2) \
    { \
        .what = name, .write = true, .offset = 0x800, .size = 8, \
        .same_as = ARM64_SYS_REG(3, op1, crn, crm, op2) \
    }

static const Step steps[] = {
    W("STRB", 1, 1, 0x88),
    W("STRH", 2, 2, 0x7788),
    W("STR W", 4, 4, 0x55667788),
    W("STR X", 8, 8, 0x1122334455667788),
    W("STR XZR", 16, 8, 0),
    W("STR with a register offset", 0x80, 4, 0x55667788),
    W("STLR", 0, 4, 0x55667788),
    R("LDRB", 0x21, 1, 0x80, 0x80),
    R("LDRH", 0x22, 2, 0x8001, 0x8001),
    R("LDR W", 0x24, 4, 0x80000001, 0x80000001),
    R("LDR X", 0x28, 8, 0x8000000000000001, 0x8000000000000001),
    SIGNED("LDRSB X", 0x30, 1, 0x80, 0xffffffffffffff80),
    SIGNED("LDRSB W", 0x31, 1, 0x80, 0xffffff80),
    SIGNED("LDRSH W", 0x32, 2, 0x8001, 0xffff8001),
    SIGNED("LDRSH X", 0x34, 2, 0x8001, 0xffffffffffff8001),
    SIGNED("LDRSW", 0x38, 4, 0x80000001, 0xffffffff80000001),
    R("LDAR W", 0x3c, 4, 0x12345678, 0x12345678),
    {.what = "LDR XZR", .offset = 0x40, .size = 8, .data = 0x77, .then = nisv_exits},
    V("PSCI_VERSION 1.1", 0x10001),
    V("PSCI_FEATURES of no function", 0xffffffffffffffff),
    V("PSCI_FEATURES(SYSTEM_OFF)", 0),
    V("AFFINITY_INFO: on", 0),
    V("SMCCC_VERSION 1.1", 0x10001),
    V("unknown call", 0xffffffffffffffff),
    V("SMC, unknown call", 0xffffffffffffffff),
    SAME("MIDR_EL1", 0, 0, 0, 0),
    SAME("ID_AA64PFR0_EL1", 0, 0, 4, 0),
    SAME("ID_AA64MMFR0_EL1", 0, 0, 7, 0),
    SAME("MPIDR_EL1", 0, 0, 0, 5),
    V("PMCCNTR_EL0 is UNDEFINED", 0x02000000),
    V("CurrentEL after DC CISW", 4, mark_exits),
    V("sum of the fresh pages", 64ull * FRESH + 4096 * 2016, fresh_first),
    W("discard", 0x60, 4, 0, discard_fresh),
    V("discarded pages read as zero", 0, fresh_again),
    V("read-only slot", 0xfeedfacecafebeef),
    RO("write to a read-only slot", 8, 8, 0x1122334455667788),
    RO("byte write to a read-only slot", 0x123, 1, 0x88),
    V("read-only slot again", 0xfeedfacecafebeef),
    W("dirty log", 0x64, 4, 0, log_all),
    W("dirty log after the clear", 0x68, 4, 0, log_some),
    W("floating point", 0x6c, 4, 0, look_at_fp),
    V("d5 kept", 0x3ff8000000000000),
    V("v6.d[1] kept", 0x0123456789abcdef, debug_exits),
    V("stepped code", 3),
    W("store by a virtual address", 0x70, 1, 0x55),
    R("load by a virtual address", 0x74, 4, 0xcafe, 0xcafe),
    V("AT S1E1R", 0x345000),
    V("the guest's own translation fault: ESR_EL1", 0x96000004),
    V("the guest's own translation fault: FAR_EL1", 0x100000000),
    V("timer interrupt while running", 27),
    V("timer interrupt after WFI", 27),
    W("raise the SPI", 0x78, 4, 0, raise_spi),
    W("lower the SPI", 0x7c, 4, 0, lower_spi),
    V("SPI", SPI),
    V("SGI", 3),
    V("spurious", 1023),
};

static void mmio_step(Vm *v, const Step *s) {
    enter(v);
    struct kvm_run *r = v->run;
    u64 addr = (s->base ? s->base : MMIO) + s->offset, data = 0;
    u64 expected = s->same_as ? get_reg(v, s->same_as) : s->data;
    if (r->exit_reason != KVM_EXIT_MMIO)
        die("%s: exit reason %u, guest PC %#" PRIx64, s->what, r->exit_reason,
            get_reg(v, CORE_REG(regs.pc)));
    v->mmio_exits++;
    memcpy(&data, r->mmio.data, sizeof data);
    if (r->mmio.len < 8) data &= (1ull << 8 * r->mmio.len) - 1;
    bool good = r->mmio.is_write == s->write && r->mmio.phys_addr == addr && r->mmio.len == s->size;
    if (s->write) good = good && (data == expected || (s->also && data == s->also));
    check(v, good, "%s: %s %#" PRIx64 " size %u data %#" PRIx64, s->what,
          r->mmio.is_write ? "write" : "read", (u64)r->mmio.phys_addr, r->mmio.len,
          s->write ? data : s->data);
    if (!good) die("expected %#" PRIx64 " size %u data %#" PRIx64, addr, s->size, expected);
    if (!s->write) memcpy(r->mmio.data, &s->data, sizeof s->data);
    if (s->then) s->then(v);
}

static void system_event(Vm *v, u32 type, const char *what) {
    enter(v);
    check(v, v->run->exit_reason == KVM_EXIT_SYSTEM_EVENT && v->run->system_event.type == type,
          "%s (reason %u)", what, v->run->exit_reason);
}

int main(void) {
    static Vm v;
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(120);
    create(&v);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) mmio_step(&v, &steps[i]);
    system_event(&v, KVM_SYSTEM_EVENT_RESET, "SYSTEM_RESET");
    init_vcpu(&v);
    set_reg(&v, CORE_REG(regs.pc), guest_pc(guest_after_reset));
    static const Step after_reset[] = {V("SCTLR_EL1.M after reset", 0),
                                       V("DAIF after reset", 0x3c0)};
    mmio_step(&v, &after_reset[0]);
    mmio_step(&v, &after_reset[1]);
    system_event(&v, KVM_SYSTEM_EVENT_SHUTDOWN, "SYSTEM_OFF");
    check(&v, stat_value(&v, "hvc_exit_stat") == 8, "8 HVC exits");
    check(&v, stat_value(&v, "wfi_exit_stat") == 1, "1 WFI exit");
    check(&v, stat_value(&v, "mmio_exit_user") == (u64)v.mmio_exits, "%d MMIO exits to user space",
          v.mmio_exits);
    u64 in_kernel = v.gic_version == 3 ? 6 : 5;
    check(&v, stat_value(&v, "mmio_exit_kernel") == in_kernel,
          "%d MMIO exits to the kernel's interrupt controller", (int)in_kernel);
    printf("KVMTEST: all %d checks passed\n", v.checks);
    return 0;
}
