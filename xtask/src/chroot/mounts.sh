# Run by root in a mount namespace of its own: all mounts vanish with the last process in it.

# What a program may expect of a system. No GPU and no other device of the host: tests see the same machine
# everywhere.
mount_system() {
    mount -t tmpfs -o mode=0755 tmpfs "$1/dev"
    for device in null zero full random urandom tty; do
        : >"$1/dev/$device"
        mount --bind "/dev/$device" "$1/dev/$device"
    done
    mkdir "$1/dev/pts" "$1/dev/shm"
    mount -t devpts -o newinstance,mode=0620,ptmxmode=0666 devpts "$1/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
    ln -s pts/ptmx "$1/dev/ptmx"
    ln -s /proc/self/fd "$1/dev/fd"
    ln -s /proc/self/fd/0 "$1/dev/stdin"
    ln -s /proc/self/fd/1 "$1/dev/stdout"
    ln -s /proc/self/fd/2 "$1/dev/stderr"
    mount --rbind /proc "$1/proc"
    mount --rbind /sys "$1/sys"
}

mount_read_only() {
    mount --bind "$1" "$2"
    mount -o remount,bind,ro "$2"
}
