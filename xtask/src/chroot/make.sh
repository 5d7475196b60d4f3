# make SUITE MIRROR ROOT PACKAGE…: a Debian tree with these packages, or these packages into a tree that is there.
suite=$1 mirror=$2 root=$3
shift 3

# A new tree grows under another name, so that an interrupted one is never taken for a good one.
work=$root
if [ ! -e "$root" ]; then
    work=$root.partial
    rm -rf --one-file-system "$work"
    mkdir -p "${root%/*}"
    debootstrap --variant=minbase "$suite" "$work" "$mirror"
    mkdir -p "$work/src" "$work/opt/rust" "$work/build"
fi

mount_system "$work"
cp -L /etc/resolv.conf "$work/etc/resolv.conf"
# A mirror that lags behind is good enough for a tree that only runs tests; debootstrap does not ask either.
# Signatures are verified all the same.
apt() {
    chroot "$work" env LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        apt-get -q -o Acquire::Retries=3 -o Acquire::Check-Valid-Until=false "$@"
}
apt update
apt install -y --no-install-recommends "$@"
apt clean
printf '%s\n' "$@" >"$work/etc/hwenc-packages"

if [ "$work" != "$root" ]; then
    # With the mounts in it: they are this namespace's alone and end with it.
    mv -T "$work" "$root"
fi
