# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the scripts share: messages, packages, builds. Sourced, never run.

root=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)

# The Debian packages that building and mounting take. Without the libraries in the second line, bigfs
# is built too, but does not read compressed files.
# shellcheck disable=SC2034 # used by those who source this
build_packages=(gcc libc6-dev make cmake pkg-config libfuse3-dev libxxhash-dev
    zlib1g-dev libzstd-dev liblzma-dev)
# shellcheck disable=SC2034
mount_packages=(fuse3)
# shellcheck disable=SC2034
cluster_packages=(python3 debootstrap iproute2 e2fsprogs util-linux gzip)
# shellcheck disable=SC2034
fuzz_packages=(clang libclang-rt-14-dev)

say() {
    printf '==> %s\n' "$*"
}

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command without a word; if it fails, shows the end of what it said.
quietly() {
    local output
    output=$("$@" 2>&1 </dev/null) && return
    printf '%s\n' "$output" | tail -n 40 >&2
    return 1
}

have_command() {
    command -v "$1" >/dev/null
}

have_library() {
    have_command pkg-config && pkg-config --exists "$1"
}

have_file() {
    compgen -G "$1" >/dev/null
}

have_fuzzer() {
    have_command clang && have_file "$(clang -print-resource-dir)/lib/*/libclang_rt.fuzzer*.a"
}

# Whether what a Debian package brings is there, whoever installed it.
have() {
    case $1 in
    libc6-dev) have_file /usr/include/stdio.h ;;
    libfuse3-dev) have_library 'fuse3 >= 3.12' ;;
    libxxhash-dev) have_library 'libxxhash >= 0.8' ;;
    zlib1g-dev) have_library 'zlib >= 1.2.9' ;;
    libzstd-dev) have_library 'libzstd >= 1.4.0' ;;
    liblzma-dev) have_library 'liblzma >= 5.2' ;;
    libcmocka-dev) have_library 'cmocka >= 1.1.5' ;;
    libclang-rt-*-dev) have_fuzzer ;;
    xxhash) have_command xxh128sum ;;
    attr) have_command getfattr ;;
    python3-fsspec) have_file /usr/lib/python3/dist-packages/fsspec ;;
    linux-source) have_file '/usr/src/linux-source-*.tar.xz' ;;
    fuse3) have_command fusermount3 ;;
    parallel) [[ $(parallel --version 2>/dev/null) == GNU\ parallel* ]] ;;
    ripgrep) have_command rg ;;
    xz-utils) have_command xz ;;
    isal) have_command igzip ;;
    tabix) have_command bgzip ;;
    btrfs-progs) have_command mkfs.btrfs ;;
    iproute2) have_command ip ;;
    e2fsprogs) have_command mkfs.ext4 ;;
    xfsprogs) have_command mkfs.xfs ;;
    coreutils) have_command split ;;
    dpkg-dev) have_command dpkg-shlibdeps ;;
    systemd) have_command systemd-analyze ;;
    squashfuse) have_command squashfuse_ll ;;
    squashfs-tools) have_command mksquashfs ;;
    gnuplot-nox) have_command gnuplot ;;
    util-linux) have_command fincore ;;
    *) have_command "$1" ;;
    esac
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo "$@"
    fi
}

# Stops with one line where packages are missing and cannot be installed from here.
need_installer() {
    have_command apt-get ||
        fail "not installed: $* (these are Debian's names): install them, then try again"
    ((EUID == 0)) || { have_command sudo && sudo -v </dev/null 2>/dev/null; } ||
        fail "not installed: $*: run this as root, or as a user who may use sudo"
}

apt_get() {
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

# Installs those of these packages that are missing.
install_missing() {
    local package missing=()
    for package in "$@"; do
        have "$package" || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    need_installer "${missing[@]}"
    say "installing ${missing[*]}"
    apt_get update || say 'the package lists are not up to date: trying with those at hand'
    apt_get install --no-install-recommends "${missing[@]}" ||
        fail "could not install ${missing[*]}"
}

# Whether a build directory has been configured to the end.
is_configured() {
    have_file "$1/Makefile" || have_file "$1/build.ninja"
}

# build DIRECTORY TARGETS [CMAKE_OPTION…]. TARGETS is one word.
build() {
    local directory=$root/$1 built
    read -ra built <<<"$2"
    shift 2
    quietly cmake -S "$root" -B "$directory" "$@" &&
        quietly cmake --build "$directory" --target "${built[@]}" --parallel "$(nproc)"
}

# The fuzz targets, in build-fuzz.
build_fuzz() {
    CC=clang build build-fuzz all -DBIGFS_FUZZ=ON -DBIGFS_WERROR=ON
}

# Runs a program at fixed addresses, where that can be had: the sanitizers of gcc 12 and clang 14
# cannot live with the address randomisation of some kernels.
unrandomised() {
    if setarch --addr-no-randomize true 2>/dev/null; then
        setarch --addr-no-randomize "$@"
    else
        "$@"
    fi
}
