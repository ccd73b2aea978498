# The systems that the scripts of this folder boot. Sourced by them; $EL2SIM_IMAGES holds the images.
# shellcheck shell=bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
images=${EL2SIM_IMAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/el2sim/images}
[ -e "$images/complete" ] || { echo "no images in $images: run tools/fetch-images first"; exit 1; }

# guest KIND INITRD: writes the initramfs, and sets `args` to el2sim's options but for board and CPUs.
# KIND: linux | kvm | perf | mte | userland | xen; kvm, perf and mte run $EL2SIM_KVMTEST, $EL2SIM_PERFTEST and $EL2SIM_MTETEST from
# /init, userland some scripts of tests/guest and $EL2SIM_FLOATTEST, with the kernel's crypto modules.
guest() {
    local initrd=$2 program=() modules=()
    args=(-nographic -no-reboot -m 1024 -kernel "$images/vmlinuz" -initrd "$initrd" -append "console=ttyAMA0 panic=-1")
    case $1 in
    linux) ;;
    kvm) program=("$EL2SIM_KVMTEST") ;;
    perf) program=("$EL2SIM_PERFTEST") ;;
    mte) program=("$EL2SIM_MTETEST") ;;
    userland)
        program=("$here"/../guest/{features,crypto,applets} "$EL2SIM_FLOATTEST")
        modules=(-m "$images/modules" -m "$images/sm-modules")
        ;;
    xen)
        args=(-nographic -no-reboot -m 2048 -kernel "$images/xen"
            -append "dom0_mem=1024M console=dtuart loglvl=all guest_loglvl=all"
            -device "guest-loader,addr=0x49000000,kernel=$images/vmlinuz,bootargs=console=hvc0 earlycon=xen panic=-1"
            -device "guest-loader,addr=0x60000000,initrd=$initrd")
        ;;
    *) echo "unknown kind $1"; exit 2 ;;
    esac
    "$here/initramfs" "${modules[@]}" "$images/busybox" "$initrd" "${program[@]}"
}
