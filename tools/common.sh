# Shared by the commands in tools/: installing what is missing, and building. Sourced, not run.
# shellcheck shell=bash
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libcapstone-dev libfdt-dev libelf-dev libdw-dev libreadline-dev zlib1g-dev gcc-aarch64-linux-gnu"
TEST_PACKAGES="libcmocka-dev qemu-system-arm ipxe-qemu libc6-dev-arm64-cross cpio gzip clang clang-19 lld libclang-rt-14-dev
    libclang-rt-19-dev clang-format device-tree-compiler expect make xz-utils gdb-multiarch lldb"

say() { printf '\n== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need PACKAGE...: installs those that are not installed; touches no network when all are.
need() {
    local missing=() p
    for p in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing ${missing[*]}"
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# build PRESET [cmake option...]: configures and builds build/PRESET.
build() {
    local preset=$1
    shift
    say "building build/$preset"
    (cd "$top" && cmake --preset "$preset" "$@" >"$top/build-$preset.log" 2>&1) ||
        { cat "$top/build-$preset.log"; rm -f "$top/build-$preset.log"; die "cmake --preset $preset failed"; }
    rm -f "$top/build-$preset.log"
    (cd "$top" && cmake --build --preset "$preset")
}
