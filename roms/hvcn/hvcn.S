// Exactly 1000 HVCs from EL1 (or the count at 0x44000000): the exit trace must report as many.
#include "hvc.inc"
    hvc_rom 1000
