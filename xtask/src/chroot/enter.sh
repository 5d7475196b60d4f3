# enter ROOT CHECKOUT TARGET RUST CARGO_HOME [NAME=VALUE…] COMMAND…: a command in a Debian tree, with the host's Rust
# toolchain and the crates it has fetched. Only the target directory can be written to.
root=$1 checkout=$2 target=$3 rust=$4 cargo=$5
shift 5

# Onto itself, so that the tree can be made read-only without touching the host's view of it.
mount --bind "$root" "$root"
mount_system "$root"
for place in tmp var/tmp build; do
    mount -t tmpfs -o mode=1777 tmpfs "$root/$place"
done
mkdir -p "$root/build/home" "$root/build/target" "$root/build/cargo/registry" "$target"
mount_read_only "$rust" "$root/opt/rust"
mount_read_only "$checkout" "$root/src"
mount_read_only "$cargo/registry" "$root/build/cargo/registry"
mount --bind "$target" "$root/build/target"
# A mirror that is configured there decides where in the registry the crates lie.
if [ -e "$cargo/config.toml" ]; then
    cp "$cargo/config.toml" "$root/build/cargo/"
fi
mount -o remount,bind,ro "$root"

exec chroot "$root" env -i --chdir=/src \
    HOME=/build/home PATH=/opt/rust/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 \
    CARGO_HOME=/build/cargo CARGO_TARGET_DIR=/build/target CARGO_NET_OFFLINE=true CARGO_INCREMENTAL=0 "$@"
