// A translation table descriptor of either stage as a list of named fields, for whoever prints it as text or
// JSON. Arm ARM: "VMSAv8-64 translation table format descriptors".
#pragma once

#include "cpu/cpu.h"

// What the descriptor's meaning depends on. pte_context_default() for a value without a machine.
typedef struct PteContext {
    u8 stage;    // 1, 2
    i8 level;    // -1..3
    u8 granule;  // log2 of the granule size: 12, 14, 16
    u8 el;       // stage 1: the privileged Exception level of the regime, 1 or 2
    // Stage 1: the regime has EL0 and EL1/EL2 (EL1&0, EL2&0): AP[1], nG, PXN and UXN. Else EL2 alone: XN.
    bool two_privileges;
    bool nv1;     // HCR_EL2.{NV, NV1} = {1, 1}: the fields of EL1's own EL2
    bool lpa;     // FEAT_LPA, 64 KB: output address bits 51:48 are in 15:12
    bool ds;      // TCR.DS, VTCR.DS (FEAT_LPA2), 4 KB and 16 KB: bits 49:48 in place, 51:50 in 9:8
    bool hpd;     // TCR.HPDn: the hierarchical attributes of tables are ignored
    bool ha, hd;  // hardware update of access flag and dirty state
    bool xnx, fwb;      // stage 2: FEAT_XNX; HCR_EL2.FWB
    bool hpds2;         // FEAT_HPDS2: bits 62:59 are PBHA
    bool bti, bbm, xs;  // FEAT_BTI: GP; FEAT_BBM: nT; FEAT_XS: stage 2's FnXS
    bool have_mair;     // the next is known
    u64 mair;           // of stage 1's regime
} PteContext;

typedef enum PteKind { PTE_INVALID, PTE_RESERVED, PTE_TABLE, PTE_BLOCK, PTE_PAGE } PteKind;

typedef struct PteField {
    char name[16];  // "AP[2:1]", as the Arm ARM names it; "RES0", "IGNORED"
    u8 hi, lo;
    u64 value;  // of the bits; for addresses the address is in the meaning
    char meaning[112];
    bool misuse;  // RES0 bits that are set, reserved encodings
} PteField;

enum { PTE_FIELDS = 24 };

typedef struct Pte {
    PteKind kind;
    u64 output;      // table or output address
    u8 output_bits;  // log2 of what a block or page covers
    // Permissions of a leaf by itself (without tables above it, SCTLR.WXN, PSTATE.PAN): "EL1 RW-, EL0 R--".
    char permissions[48];
    unsigned count;
    PteField field[PTE_FIELDS];  // from bit 63 down, without gaps
} Pte;

// Stage 1 of EL1&0, or stage 2, with all features that add fields, MAIR unknown.
PteContext pte_context_default(unsigned stage, int level, unsigned granule);
void pte_decode(const PteContext *c, u64 desc, Pte *out);
const char *pte_kind_name(PteKind kind);
// No RES0 bit set, no reserved encoding.
bool pte_is_clean(const Pte *p);
// "Normal WB RA WA", "Device-nGnRE", ... of a MAIR_ELx.Attr<n> byte (PAR_EL1.ATTR).
const char *memory_type_name(u8 attr, char *buf, size_t n);
// "Non-shareable", ...; of SH[1:0].
const char *shareability_name(unsigned sh);
