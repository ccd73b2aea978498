// The guest hypervisor's ELF file.
    .section .rodata
    .global l1_elf
    .balign 8
l1_elf:
    .incbin "nested_l1.elf"
