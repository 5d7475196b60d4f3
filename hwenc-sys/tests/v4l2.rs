//! The interface of V4L2 against the header that it was written from.

use std::fs::File;
use std::io::Write;
use std::mem::offset_of;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use hwenc_sys::v4l2::*;

/// The values of expressions of C, with the kernel's header.
fn header(expressions: &[&str]) -> Vec<u64> {
    let program = std::env::temp_dir().join(format!("hwenc-v4l2-{}", std::process::id()));
    let prints: String =
        expressions.iter().map(|e| format!("printf(\"%llu\\n\", (unsigned long long)({e}));\n")).collect();
    let source = format!(
        "#include <stdio.h>\n#include <stddef.h>\n#include <linux/videodev2.h>\nint main(void) {{\n{prints}return 0;\n}}\n"
    );
    let mut compiler =
        Command::new("cc").args(["-x", "c", "-", "-o"]).arg(&program).stdin(Stdio::piped()).spawn();
    let compiler = compiler.as_mut().expect("a C compiler, which FFmpeg's bindings need as well");
    compiler.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    assert!(compiler.wait().unwrap().success());
    let output = Command::new(&program).output().unwrap();
    std::fs::remove_file(&program).unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn types_and_numbers_are_the_headers() {
    let ours: &[(&str, u64)] = &[
        ("sizeof(struct v4l2_capability)", size_of::<v4l2_capability>() as u64),
        ("offsetof(struct v4l2_capability, card)", offset_of!(v4l2_capability, card) as u64),
        ("offsetof(struct v4l2_capability, capabilities)", offset_of!(v4l2_capability, capabilities) as u64),
        ("offsetof(struct v4l2_capability, device_caps)", offset_of!(v4l2_capability, device_caps) as u64),
        ("sizeof(struct v4l2_fmtdesc)", size_of::<v4l2_fmtdesc>() as u64),
        ("offsetof(struct v4l2_fmtdesc, type)", offset_of!(v4l2_fmtdesc, type_) as u64),
        ("offsetof(struct v4l2_fmtdesc, pixelformat)", offset_of!(v4l2_fmtdesc, pixelformat) as u64),
        ("VIDIOC_QUERYCAP", VIDIOC_QUERYCAP.into()),
        ("VIDIOC_ENUM_FMT", VIDIOC_ENUM_FMT.into()),
        ("V4L2_CAP_VIDEO_CAPTURE", V4L2_CAP_VIDEO_CAPTURE.into()),
        ("V4L2_CAP_VIDEO_OUTPUT", V4L2_CAP_VIDEO_OUTPUT.into()),
        ("V4L2_CAP_VIDEO_CAPTURE_MPLANE", V4L2_CAP_VIDEO_CAPTURE_MPLANE.into()),
        ("V4L2_CAP_VIDEO_OUTPUT_MPLANE", V4L2_CAP_VIDEO_OUTPUT_MPLANE.into()),
        ("V4L2_CAP_VIDEO_M2M_MPLANE", V4L2_CAP_VIDEO_M2M_MPLANE.into()),
        ("V4L2_CAP_VIDEO_M2M", V4L2_CAP_VIDEO_M2M.into()),
        ("V4L2_CAP_DEVICE_CAPS", V4L2_CAP_DEVICE_CAPS.into()),
        ("V4L2_BUF_TYPE_VIDEO_CAPTURE", V4L2_BUF_TYPE_VIDEO_CAPTURE.into()),
        ("V4L2_BUF_TYPE_VIDEO_OUTPUT", V4L2_BUF_TYPE_VIDEO_OUTPUT.into()),
        ("V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE", V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE.into()),
        ("V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE", V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE.into()),
        ("(unsigned)v4l2_fourcc_be(0, 0, 0, 0)", V4L2_FOURCC_BE.into()),
    ];
    let names: Vec<&str> = ours.iter().map(|(name, _)| *name).collect();
    let theirs: Vec<_> = names.iter().copied().zip(header(&names)).collect();
    assert_eq!(theirs, ours);
}

#[test]
fn what_is_no_v4l2_node_says_so() {
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    assert_eq!(capability(null.as_fd()).unwrap_err().raw_os_error(), Some(libc::ENOTTY));
    assert!(formats(null.as_fd(), V4L2_BUF_TYPE_VIDEO_OUTPUT).unwrap().is_empty());
}
