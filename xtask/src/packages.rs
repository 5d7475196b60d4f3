//! Which Debian packages are needed, and what for.

/// What a package is needed for. Each stage needs those before it too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Linking anything at all. A machine with a Rust toolchain has these; a new Debian tree has not.
    Link,
    /// Building hwenc.
    Build,
    /// Showing what it does.
    Demo,
    /// The Rust tests, here and in the Debian trees of the matrix.
    Tests,
    /// Checks that run on the host alone.
    Host,
    /// Building the kernel of `softgpu run --kernel`, and the tests in it.
    Kernel,
    /// Building the Python wheel with the FFmpeg in it, and testing it.
    Wheel,
}

/// A Debian package and the reason it is on the list.
pub(crate) struct Package {
    /// Its name in Debian and its derivatives.
    pub(crate) name: &'static str,
    /// The first stage that needs it.
    pub(crate) stage: Stage,
    /// What it is for.
    pub(crate) why: &'static str,
}

const fn package(name: &'static str, stage: Stage, why: &'static str) -> Package {
    Package { name, stage, why }
}

/// Everything, in the order in which it is needed.
pub(crate) const PACKAGES: &[Package] = &[
    package("gcc", Stage::Link, "the linker that rustc calls"),
    package("libc6-dev", Stage::Link, "the C library to link with"),
    package("pkg-config", Stage::Build, "finds FFmpeg"),
    package("clang", Stage::Build, "its own headers, without which bindgen cannot read FFmpeg's"),
    package("libclang-dev", Stage::Build, "libclang, the parser that bindgen loads"),
    package("libavcodec-dev", Stage::Build, "FFmpeg: encoders and decoders"),
    package("libavformat-dev", Stage::Build, "FFmpeg: containers"),
    package("libavfilter-dev", Stage::Build, "FFmpeg: scaling and format filters"),
    package("libavutil-dev", Stage::Build, "FFmpeg: frames and hardware contexts"),
    package("libswscale-dev", Stage::Build, "FFmpeg: picture conversion"),
    package("libswresample-dev", Stage::Build, "FFmpeg: sound conversion"),
    package("libva-dev", Stage::Build, "softgpu: the headers of the interface that its driver has"),
    package("libx264-dev", Stage::Build, "softgpu: the H.264 encoder, called directly"),
    package("libvpx-dev", Stage::Build, "softgpu: the VP9 encoder, called directly"),
    package("libaom-dev", Stage::Build, "softgpu: the AV1 encoder, called directly"),
    package("libx265-dev", Stage::Build, "softgpu: the HEVC encoder, called directly"),
    package("ffmpeg", Stage::Demo, "the independent decoder, and the peer that benches compare with"),
    package("libyuv-dev", Stage::Tests, "a peer of the colour conversion in the benches"),
    package(
        "pocl-opencl-icd",
        Stage::Tests,
        "an OpenCL device on the CPU: hardware contexts without hardware",
    ),
    package("vainfo", Stage::Tests, "a VA-API program that was not written here"),
    package("gstreamer1.0-tools", Stage::Tests, "another one: gst-launch-1.0"),
    package("gstreamer1.0-plugins-base", Stage::Tests, "GStreamer's test pictures"),
    package("gstreamer1.0-plugins-good", Stage::Tests, "GStreamer's readers of MP4 and Matroska"),
    package("gstreamer1.0-plugins-bad", Stage::Tests, "GStreamer's va plugin"),
    package("python3", Stage::Tests, "softgpu: asks the C library, libdrm and libudev what there is"),
    package("g++", Stage::Tests, "the C library's header as C++, programs of C++, and the sanitizers"),
    package("valgrind", Stage::Host, "memory errors and leaks in the session tests and the programs of C"),
    package("debootstrap", Stage::Host, "makes the Debian trees with FFmpeg 7.1 and 9"),
    package("debian-archive-keyring", Stage::Host, "the signatures that debootstrap verifies"),
    package("linux-source", Stage::Kernel, "the kernel of softgpu, which runs as a program"),
    package("make", Stage::Kernel, "builds the kernel"),
    package("flex", Stage::Kernel, "reads the kernel's options"),
    package("bison", Stage::Kernel, "reads the kernel's options"),
    package("bc", Stage::Kernel, "computes the kernel's constants"),
    package("xz-utils", Stage::Kernel, "unpacks the kernel's source"),
    package("libdrm-dev", Stage::Kernel, "headers of the interfaces that the tests in the kernel call"),
    package(
        "python3-venv",
        Stage::Wheel,
        "virtual environments, for a machine whose only Python is the system's",
    ),
    package("nasm", Stage::Wheel, "FFmpeg's vector code"),
    package("libsvtav1enc-dev", Stage::Wheel, "the AV1 encoder of the FFmpeg in the wheel"),
    package("libdav1d-dev", Stage::Wheel, "the AV1 decoder of the FFmpeg in the wheel"),
    package("libssl-dev", Stage::Wheel, "pip of the CPython without a global lock"),
    package("libffi-dev", Stage::Wheel, "ctypes of that CPython"),
    package("zlib1g-dev", Stage::Wheel, "PNG and compressed headers in the FFmpeg in the wheel"),
];

/// What only the Debian trees get whose suite has it: the driver that a vendor's GPU really has, without the GPU.
pub(crate) const MESA: &[Package] = &[
    package("mesa-va-drivers", Stage::Tests, "radeonsi, AMD's VA-API driver"),
    package(
        "mesa-drm-shim",
        Stage::Tests,
        "an AMD GPU's kernel driver that does nothing, for radeonsi to start on",
    ),
];

/// The packages of some stages.
pub(crate) fn of(stages: std::ops::RangeInclusive<Stage>) -> Vec<&'static Package> {
    PACKAGES.iter().filter(|package| stages.contains(&package.stage)).collect()
}
