// Names of calls through HVC and SMC: the SMC Calling Convention (DEN 0028) with PSCI (DEN 0022),
// TRNG (DEN 0098), FF-A (DEN 0077) and paravirtualized time (DEN 0057); KVM's and Linux's own;
// Xen's.
#include "trace/internal.h"

enum { XEN_IMM = 0xea1, SMC64_BIT = 1 << 30 };

typedef struct CallName {
    u32 id;  // bit 30 (SMC64) clear
    u8 args;
    const char *name;
} CallName;

// Sorted by id.
static const CallName smccc[] = {
    {0x80000000, 0, "SMCCC_VERSION"},
    {0x80000001, 1, "SMCCC_ARCH_FEATURES"},
    {0x80000002, 1, "SMCCC_ARCH_SOC_ID"},
    {0x80003fff, 0, "SMCCC_ARCH_WORKAROUND_3"},
    {0x80007fff, 1, "SMCCC_ARCH_WORKAROUND_2"},
    {0x80008000, 0, "SMCCC_ARCH_WORKAROUND_1"},
    {0x84000000, 0, "PSCI_VERSION"},
    {0x84000001, 3, "PSCI_CPU_SUSPEND"},
    {0x84000002, 0, "PSCI_CPU_OFF"},
    {0x84000003, 3, "PSCI_CPU_ON"},
    {0x84000004, 2, "PSCI_AFFINITY_INFO"},
    {0x84000005, 1, "PSCI_MIGRATE"},
    {0x84000006, 0, "PSCI_MIGRATE_INFO_TYPE"},
    {0x84000007, 0, "PSCI_MIGRATE_INFO_UP_CPU"},
    {0x84000008, 0, "PSCI_SYSTEM_OFF"},
    {0x84000009, 0, "PSCI_SYSTEM_RESET"},
    {0x8400000a, 1, "PSCI_FEATURES"},
    {0x8400000b, 0, "PSCI_CPU_FREEZE"},
    {0x8400000c, 2, "PSCI_CPU_DEFAULT_SUSPEND"},
    {0x8400000d, 2, "PSCI_NODE_HW_STATE"},
    {0x8400000e, 2, "PSCI_SYSTEM_SUSPEND"},
    {0x8400000f, 1, "PSCI_SET_SUSPEND_MODE"},
    {0x84000010, 2, "PSCI_STAT_RESIDENCY"},
    {0x84000011, 2, "PSCI_STAT_COUNT"},
    {0x84000012, 2, "PSCI_SYSTEM_RESET2"},
    {0x84000013, 1, "PSCI_MEM_PROTECT"},
    {0x84000014, 2, "PSCI_MEM_PROTECT_CHECK_RANGE"},
    {0x84000050, 0, "TRNG_VERSION"},
    {0x84000051, 1, "TRNG_FEATURES"},
    {0x84000052, 0, "TRNG_GET_UUID"},
    {0x84000053, 1, "TRNG_RND"},
    {0x84000060, 3, "FFA_ERROR"},
    {0x84000061, 3, "FFA_SUCCESS"},
    {0x84000062, 2, "FFA_INTERRUPT"},
    {0x84000063, 1, "FFA_VERSION"},
    {0x84000064, 2, "FFA_FEATURES"},
    {0x84000065, 0, "FFA_RX_RELEASE"},
    {0x84000066, 3, "FFA_RXTX_MAP"},
    {0x84000067, 1, "FFA_RXTX_UNMAP"},
    {0x84000068, 5, "FFA_PARTITION_INFO_GET"},
    {0x84000069, 0, "FFA_ID_GET"},
    {0x8400006a, 0, "FFA_MSG_POLL"},
    {0x8400006b, 0, "FFA_MSG_WAIT"},
    {0x8400006c, 0, "FFA_YIELD"},
    {0x8400006d, 1, "FFA_RUN"},
    {0x8400006e, 4, "FFA_MSG_SEND"},
    {0x8400006f, 4, "FFA_MSG_SEND_DIRECT_REQ"},
    {0x84000070, 4, "FFA_MSG_SEND_DIRECT_RESP"},
    {0x84000071, 4, "FFA_MEM_DONATE"},
    {0x84000072, 4, "FFA_MEM_LEND"},
    {0x84000073, 4, "FFA_MEM_SHARE"},
    {0x84000074, 4, "FFA_MEM_RETRIEVE_REQ"},
    {0x84000075, 2, "FFA_MEM_RETRIEVE_RESP"},
    {0x84000076, 0, "FFA_MEM_RELINQUISH"},
    {0x84000077, 3, "FFA_MEM_RECLAIM"},
    {0x85000020, 1, "PV_TIME_FEATURES"},
    {0x85000021, 0, "PV_TIME_ST"},
    {0x86000001, 1, "KVM_PTP"},
};

// By x16.
static const CallName xen[] = {
    {0, 1, "set_trap_table"},
    {1, 4, "mmu_update"},
    {2, 2, "set_gdt"},
    {3, 2, "stack_switch"},
    {4, 4, "set_callbacks"},
    {5, 1, "fpu_taskswitch"},
    {7, 1, "platform_op"},
    {12, 2, "memory_op"},
    {13, 2, "multicall"},
    {15, 1, "set_timer_op"},
    {17, 2, "xen_version"},
    {18, 3, "console_io"},
    {20, 3, "grant_table_op"},
    {21, 2, "vm_assist"},
    {23, 0, "iret"},
    {24, 3, "vcpu_op"},
    {26, 4, "mmuext_op"},
    {27, 1, "xsm_op"},
    {28, 2, "nmi_op"},
    {29, 2, "sched_op"},
    {30, 2, "callback_op"},
    {31, 2, "xenoprof_op"},
    {32, 2, "event_channel_op"},
    {33, 2, "physdev_op"},
    {34, 2, "hvm_op"},
    {35, 1, "sysctl"},
    {36, 1, "domctl"},
    {37, 2, "kexec_op"},
    {38, 1, "tmem_op"},
    {39, 5, "argo_op"},
    {40, 2, "xenpmu_op"},
    {41, 3, "dm_op"},
    {42, 5, "hypfs_op"},
};

typedef struct SubNames {
    u32 op;
    const char *name[16];
} SubNames;

// What x0 selects.
static const SubNames xen_sub[] = {
    {12,
     {"increase_reservation", "decrease_reservation", "maximum_ram_page", "current_reservation",
      "maximum_reservation", "machphys_mfn_list", "populate_physmap", "add_to_physmap", NULL,
      "memory_map", "machine_memory_map", "exchange", "machphys_mapping", NULL, NULL,
      "remove_from_physmap"}},
    {17,
     {"version", "extraversion", "compile_info", "capabilities", "changeset", "platform_parameters",
      "get_features", "pagesize", "guest_handle", "commandline", "build_id"}},
    {18, {"write", "read"}},
    {20,
     {"map_grant_ref", "unmap_grant_ref", "setup_table", "dump_table", "transfer", "copy",
      "query_size", "unmap_and_replace", "set_version", "get_status_frames", "get_version",
      "swap_grant_ref", "cache_flush"}},
    {24,
     {"initialise", "up", "down", "is_up", "get_runstate_info", "register_runstate_memory_area",
      "set_periodic_timer", "stop_periodic_timer", "set_singleshot_timer", "stop_singleshot_timer",
      "register_vcpu_info", "send_nmi", "get_physid", "register_vcpu_time_memory_area"}},
    {29,
     {"yield", "block", "shutdown", "poll", "remote_shutdown", "shutdown_code", "watchdog",
      "pin_override"}},
    {32,
     {"bind_interdomain", "bind_virq", "bind_pirq", "close", "send", "status", "alloc_unbound",
      "bind_ipi", "bind_vcpu", "unmask", "reset", "init_control", "expand_array", "set_priority"}},
    {34,
     {"set_param", "get_param", "set_pci_intx_level", "set_isa_irq_level", "set_pci_link_route",
      "flush_tlbs", "track_dirty_vram", "modified_memory", "set_mem_type", "pagetable_dying",
      "get_time", "xentrace", NULL, NULL, NULL, "get_mem_type"}},
};
static const char *xen_sub_name(u32 op, u64 x0) {
    for (unsigned i = 0; i < ARRAY_LEN(xen_sub); i++)
        if (xen_sub[i].op == op) return x0 < 16 ? xen_sub[i].name[x0] : NULL;
    return NULL;
}

static char *put_xen(char *p, const Cpu *cpu, unsigned *args) {
    u64 op = cpu->x[16];
    const CallName *found = NULL;
    for (unsigned i = 0; i < ARRAY_LEN(xen); i++)
        if (xen[i].id == op) found = &xen[i];
    p = put_text(p, "xen:");
    if (!found) return put_dec(put_text(p, "hypercall_"), op);
    *args = found->args;
    p = put_text(p, found->name);
    const char *sub = xen_sub_name((u32)op, cpu->x[0]);
    if (!sub) return p;
    *p++ = '(';
    p = put_text(p, sub);
    *p++ = ')';
    return p;
}

static const CallName *find_smccc(u32 id) {
    size_t low = 0, high = ARRAY_LEN(smccc);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (smccc[middle].id == id) return &smccc[middle];
        if (smccc[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static const char *owner_name(unsigned owner) {
    static const char *const names[] = {"arch",     "cpu",          "sip",       "oem",
                                        "standard", "standard-hyp", "vendor-hyp"};
    if (owner < ARRAY_LEN(names)) return names[owner];
    if (owner == 48 || owner == 49) return "trusted-app";
    if (owner >= 50) return "trusted-os";
    return "reserved";
}

// Calls that every owner has.
static const char *general_name(unsigned number) {
    switch (number) {
    case 0xff00: return "CALL_COUNT";
    case 0xff01: return "CALL_UID";
    case 0xff03: return "REVISION";
    }
    return NULL;
}

static char *put_other_smccc(char *p, u32 id) {
    unsigned owner = (unsigned)bits(id, 29, 24), number = id & 0xffff;
    const char *general = general_name(number);
    p = put_text(p, owner_name(owner));
    *p++ = ':';
    return general ? put_text(p, general) : put_hex(p, id);
}

// Linux's stub vectors and KVM without VHE: small numbers in x0, and 64-bit vendor-hypervisor calls
// that the host makes. Their meaning changes with the kernel version, so they keep their number.
static char *put_linux(char *p, const Cpu *cpu, unsigned *args) {
    static const char *const stub[] = {"SET_VECTORS", "SOFT_RESTART", "RESET_VECTORS",
                                       "FINALISE_EL2"};
    u64 x0 = cpu->x[0];
    if (x0 < ARRAY_LEN(stub)) {
        *args = 3;
        return put_text(put_text(p, "linux:HVC_"), stub[x0]);
    }
    if ((u32)x0 >> 16 != 0xc600 || (x0 & 0xffff) == 0xff01) return p;
    *args = 3;
    return put_dec(put_text(p, "kvm:host_call_"), x0 & 0xffff);
}

char *put_call(char *p, const Cpu *cpu, u8 ec, u16 imm, unsigned *first_arg, unsigned *args) {
    char *start = p;
    *first_arg = 0;
    *args = 0;
    if (ec == EC_HVC64 && imm == XEN_IMM) return put_xen(p, cpu, args);
    if (imm) return p;
    *first_arg = 1;
    u32 id = (u32)cpu->x[0];
    if (ec == EC_HVC64 && !bit(cpu->sys.HCR_EL2, HCR_VM)) p = put_linux(p, cpu, args);
    if (p != start) return p;
    if (id == 0x86000000) return put_text(p, "KVM_FEATURES");
    const CallName *found = find_smccc(id & ~(u32)SMC64_BIT);
    if (found) {
        *args = found->args;
        return put_text(p, found->name);
    }
    if (id >> 31) {
        *args = 3;
        return put_other_smccc(p, id);
    }
    return p;
}
