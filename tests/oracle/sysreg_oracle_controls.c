// Which bits of the control registers trap or enable something, by what is implemented: those MSR
// changes, and those that are RES0 because their feature is not there (Arm ARM, the registers' fields).
#include "oracle_access.h"

#include <string.h>

static uint64_t when(bool present, uint64_t bits) {
    return present ? bits : 0;
}

static uint64_t span(unsigned hi, unsigned lo) {
    return (hi == 63 ? 0 : 1ull << (hi + 1)) - (1ull << lo);
}

static uint64_t one(unsigned n) {
    return 1ull << n;
}

static uint64_t hcr_el2(const OracleFeatures *has) {
    return span(5, 3) | span(14, 13) | span(30, 16) | when(has->VHE, one(34)) |
           when(has->LOR, one(35)) | when(has->RAS, span(37, 36)) | when(has->PAuth, span(41, 40)) |
           when(has->NV, span(44, 42)) | when(has->NV2, one(45)) | when(has->RASv1p1, one(47)) |
           when(has->EVT, one(49) | one(50) | one(52) | one(54) | one(55)) |
           when(has->CSV2_2, one(53)) | when(has->MTE2, one(56) | one(58));
}

static uint64_t sctlr_el1(const OracleFeatures *has) {
    return one(9) | one(14) | one(15) | one(16) | one(18) | one(26) | when(has->SPECRES, one(10)) |
           when(has->CSV2_2, one(20));
}

static uint64_t sctlr_el2(const OracleFeatures *has) {
    return when(has->VHE, one(14) | one(15) | one(16) | one(18) | one(26)) |
           when(has->VHE && has->SPECRES, one(10)) | when(has->VHE && has->CSV2_2, one(20));
}

static uint64_t mdcr_el2(const OracleFeatures *has) {
    return span(11, 8) | when(has->PMUv3, span(6, 0)) | when(has->FGT, one(27));
}

static uint64_t cnthctl_el2(const OracleFeatures *has) {
    return span(1, 0) | when(has->VHE, span(11, 8)) | when(has->ECV, span(16, 13));
}

// HFGRTR_EL2; of HFGWTR_EL2 those whose registers can be written.
static uint64_t hfgrtr_el2(const OracleFeatures *has) {
    uint64_t always = span(3, 0) | span(18, 9) | span(29, 24) | span(38, 32);
    if (!has->FGT) return 0;
    return always | when(has->PAuth, span(8, 4)) | when(has->LOR, span(23, 19)) |
           when(has->CSV2_2, span(31, 30)) | when(has->GICv3, one(39)) |
           when(has->RAS, span(45, 40) | one(49)) | when(has->RASv1p1, span(48, 46));
}

static uint64_t hfgwtr_el2(const OracleFeatures *has) {
    uint64_t read_only = one(2) | one(9) | one(10) | one(14) | one(15) | one(18) | one(21) |
                         one(25) | one(26) | one(28) | one(40) | one(42) | one(46);
    return hfgrtr_el2(has) & ~read_only;
}

static uint64_t hfgitr_el2(const OracleFeatures *has) {
    if (!has->FGT) return 0;
    return span(7, 0) | span(15, 10) | span(33, 28) | span(47, 42) | span(54, 51) |
           when(has->DPB, one(8)) | when(has->DPB2, one(9)) | when(has->PAN2, span(17, 16)) |
           when(has->TLBIOS, span(23, 18)) | when(has->TLBIRANGE, span(27, 24) | span(41, 34)) |
           when(has->SPECRES, span(50, 48));
}

static uint64_t hdfgrtr_el2(const OracleFeatures *has) {
    if (!has->FGT) return 0;
    return span(7, 0) | span(10, 9) | when(has->DoubleLock, one(11)) |
           when(has->PMUv3, span(19, 12) | span(58, 57)) | when(has->PMUv3p4, one(22));
}

static uint64_t hdfgwtr_el2(const OracleFeatures *has) {
    if (!has->FGT) return 0;
    return span(5, 0) | span(8, 7) | one(10) | when(has->DoubleLock, one(11)) |
           when(has->PMUv3, span(21, 12) | one(57));
}

uint64_t oracle_control_bits(const OracleFeatures *has, const char *name) {
    if (!strcmp(name, "HCR_EL2")) return when(has->EL2, hcr_el2(has));
    if (!strcmp(name, "CPTR_EL2"))
        return when(has->EL2, one(31) | one(10) | when(has->VHE, span(21, 20)));
    if (!strcmp(name, "MDCR_EL2")) return when(has->EL2, mdcr_el2(has));
    if (!strcmp(name, "CNTHCTL_EL2")) return when(has->EL2, cnthctl_el2(has));
    if (!strcmp(name, "SCTLR_EL1")) return sctlr_el1(has);
    if (!strcmp(name, "SCTLR_EL2")) return when(has->EL2, sctlr_el2(has));
    if (!strcmp(name, "CPACR_EL1")) return span(21, 20);
    if (!strcmp(name, "CNTKCTL_EL1")) return span(9, 8) | span(1, 0);
    if (!strcmp(name, "MDSCR_EL1")) return one(12);
    if (!strcmp(name, "PMUSERENR_EL0")) return when(has->PMUv3, span(3, 0));
    if (!strcmp(name, "ICH_HCR_EL2")) return when(has->EL2 && has->GICv3, span(12, 10) | one(14));
    if (!strcmp(name, "HFGRTR_EL2")) return when(has->EL2, hfgrtr_el2(has));
    if (!strcmp(name, "HFGWTR_EL2")) return when(has->EL2, hfgwtr_el2(has));
    if (!strcmp(name, "HFGITR_EL2")) return when(has->EL2, hfgitr_el2(has));
    if (!strcmp(name, "HDFGRTR_EL2")) return when(has->EL2, hdfgrtr_el2(has));
    if (!strcmp(name, "HDFGWTR_EL2")) return when(has->EL2, hdfgwtr_el2(has));
    return 0;
}
