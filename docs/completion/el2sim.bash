# bash completion for el2sim

_el2sim() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    case $prev in
    -kernel|--kernel|-initrd|--initrd|-dtb|--dtb|-bios|--bios|-pflash|--pflash|-symbols|--symbols|-junit|--junit|-insn-counts|--insn-counts|-x|--x)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return ;;
    -M|-machine|--machine)
        mapfile -t COMPREPLY < <(compgen -W 'virt virt,gic-version=3 virt,gic-version=2
            virt,virtualization=off virt,gic-version=3,its=off' -- "$cur")
        return ;;
    -cpu|--cpu)
        mapfile -t COMPREPLY < <(compgen -W 'cortex-a57 cortex-a72 neoverse-n1 max' -- "$cur")
        return ;;
    -serial|--serial)
        mapfile -t COMPREPLY < <(compgen -W 'stdio mon:stdio file: none' -- "$cur")
        return ;;
    -device|--device)
        mapfile -t COMPREPLY < <(compgen -W 'loader,file= guest-loader,addr=' -- "$cur")
        return ;;
    -lint|--lint)
        mapfile -t COMPREPLY < <(compgen -W 'all none error hvc-skip no-advance storm eret-unmapped wfi-masked
            entry-exception lr-duplicate lr-hw-inactive lr-overwritten' -- "$cur")
        return ;;
    -clock|--clock)
        mapfile -t COMPREPLY < <(compgen -W 'virtual host' -- "$cur")
        return ;;
    -trace|--trace)
        mapfile -t COMPREPLY < <(compgen -W 'exits mmio hypercall tlb irq sysreg walk insn:text exits= insn=' -- "$cur")
        return ;;
    -trace-filter|--trace-filter)
        mapfile -t COMPREPLY < <(compgen -W 'cpu= el= vm= vmid= pc= va= ipa= pa= class= icount= intid=' -- "$cur")
        return ;;
    esac
    local words='-M -cpu -smp -m -kernel -initrd -append -dtb -bios -drive -pflash -device -fw_cfg
        -serial -nographic -nodefaults -no-reboot -rtc -semihosting --clock --seed --timeout-insns
        --expect --fail --junit --lint --trace --insn-counts --trace-filter --trace-on-fail --symbols --stats -x -ex --batch --help --version'
    case ${COMP_WORDS[1]} in
    demo) words='--cpu --quiet --extract --help' ;;
    exec) words='--reg --mem --el -cpu --json --help' ;;
    explain) words='esr pte insn hvc smc psci --far --hpfar --stage --level --granule -cpu --e2h --list --json --help' ;;
    trace) words='show --cpu --el --vm --pc --time --symbols --count --help' ;;
    decode) words='-cpu --scan --every-word --json --help' ;;
    isa) words='--json --markdown --help' ;;
    esac
    [ "$COMP_CWORD" -eq 1 ] && words="run debug demo exec explain trace decode isa $words"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _el2sim el2sim
