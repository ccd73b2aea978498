// V0 to V31 in memory, 64 doublewords that are aligned to 16 bytes (the MMU may be off).
#pragma once
#include "rt.h"

static inline void load_vectors(const u64 *v) {
    __asm__ volatile(
        "ldp q0, q1, [%0]\nldp q2, q3, [%0, #32]\nldp q4, q5, [%0, #64]\nldp q6, q7, [%0, #96]\n"
        "ldp q8, q9, [%0, #128]\nldp q10, q11, [%0, #160]\nldp q12, q13, [%0, #192]\n"
        "ldp q14, q15, [%0, #224]\nldp q16, q17, [%0, #256]\nldp q18, q19, [%0, #288]\n"
        "ldp q20, q21, [%0, #320]\nldp q22, q23, [%0, #352]\nldp q24, q25, [%0, #384]\n"
        "ldp q26, q27, [%0, #416]\nldp q28, q29, [%0, #448]\nldp q30, q31, [%0, #480]" ::"r"(v)
        : "memory");
}

static inline void save_vectors(u64 *v) {
    __asm__ volatile(
        "stp q0, q1, [%0]\nstp q2, q3, [%0, #32]\nstp q4, q5, [%0, #64]\nstp q6, q7, [%0, #96]\n"
        "stp q8, q9, [%0, #128]\nstp q10, q11, [%0, #160]\nstp q12, q13, [%0, #192]\n"
        "stp q14, q15, [%0, #224]\nstp q16, q17, [%0, #256]\nstp q18, q19, [%0, #288]\n"
        "stp q20, q21, [%0, #320]\nstp q22, q23, [%0, #352]\nstp q24, q25, [%0, #384]\n"
        "stp q26, q27, [%0, #416]\nstp q28, q29, [%0, #448]\nstp q30, q31, [%0, #480]" ::"r"(v)
        : "memory");
}
