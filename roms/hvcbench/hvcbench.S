// N round trips EL1 -> EL2 -> EL1 by HVC, then power-off. The cost of leaving a guest and coming back.
// N is 10 million, or the value at 0x44000000 (a 64-bit word, -device loader,addr=0x44000000,data=N,data-len=8).
#include "hvc.inc"
    hvc_rom 10000000
