//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use softgpu_core::fault::Rule;
use softgpu_core::setup::Engine;

use crate::device::Spec;
use crate::kernel;

/// GPUs in software, so that programs which encode and decode video in hardware can be tested without hardware
#[derive(Debug, Parser)]
#[command(name = "softgpu", version, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a command that finds simulated devices in /dev/dri
    #[command(after_help = EXAMPLES, after_long_help = DETAILS)]
    Run(Run),
    /// Show the devices that can be simulated
    List(List),
    /// Build the kernel of `run --kernel`, unless the cache has it, and say where it is
    Kernel,
}

/// `softgpu run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Devices by name, with commas between; `none`: no /dev/dri, `empty`: an empty one
    ///
    /// After its name a device may have overrides, each after a colon:
    ///   node=N     number of its render node, 128 and up; `none`: it has none
    ///   card=N     number of its card node; `none`: it has none
    ///   uid=U      owner of its nodes, as a name or a number
    ///   gid=G      group of its nodes, as a name or a number
    ///   mode=M     their permissions, in octal
    ///   errno=E    what opening them fails with, for example ENODEV
    ///   pci=A      its address, for example 0000:65:00.0
    #[arg(
        long,
        value_name = "NAME[:KEY=VALUE]…",
        value_delimiter = ',',
        default_value = "intel-arc",
        verbatim_doc_comment
    )]
    pub device: Vec<Spec>,
    /// How pictures are coded
    #[arg(long, value_name = "ENGINE", default_value = "x264")]
    pub engine: EngineName,
    /// What goes wrong, and when; may be given again
    ///
    /// A rule is `ENTRY=ACTION[@WHEN]`. ENTRY is a function of a driver, such as va.EndPicture, va.Initialize, drm.open,
    /// drm.ioctl. ACTION is a status of that function (ENCODING_ERROR, EBUSY), or hang, segv, abort, slow:MS, truncate,
    /// wrong, lost, eat. WHEN is N (call N), N+ (from call N on), /M (every Mth call); without it every call.
    #[arg(long, value_name = "RULE")]
    pub fault: Vec<Rule>,
    /// Write what happened on the devices to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Run the command in a Linux kernel of its own, with real DRM nodes (slower to start)
    #[arg(long)]
    pub kernel: bool,
    /// What else it can be told.
    #[command(flatten)]
    pub inside: kernel::Options,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
    pub argv: Vec<OsString>,
}

/// `softgpu list`.
#[derive(Debug, Args)]
pub struct List {
    /// As JSON, with all that is known of each device
    #[arg(long)]
    pub json: bool,
}

/// How pictures are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// Decoded pictures equal the ones sent in, bit for bit (H.264); large
    Lossless,
    /// x264, x265, libaom: realistic sizes, rate control obeyed
    X264,
    /// The first 8 pictures truly, then a tiny constant one: measures all but the encoder
    Null,
}

impl From<EngineName> for Engine {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Lossless => Engine::Lossless,
            EngineName::X264 => Engine::X264,
            EngineName::Null => Engine::Null,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  softgpu run -- vainfo --display drm
  softgpu run --device amd-rdna3 -- ffmpeg -vaapi_device /dev/dri/renderD128 -i in.mp4 \\
      -vf format=nv12,hwupload -c:v hevc_vaapi out.mp4
  softgpu run --device intel-haswell,intel-arc:node=131 --report report.json -- ./my-tests
  softgpu run --device intel-arc:mode=0600:uid=1000 -- ./my-program      # no permission
  softgpu run --fault va.EndPicture=ENCODING_ERROR@30 -- ./my-program

Exit status: that of CMD, or its signal; 125 when softgpu itself fails, 126 and 127 when CMD
cannot be run or found.";

const DETAILS: &str = "\
Examples:
  softgpu run -- vainfo --display drm
  softgpu run --device amd-rdna3 -- ffmpeg -vaapi_device /dev/dri/renderD128 -i in.mp4 \\
      -vf format=nv12,hwupload -c:v hevc_vaapi out.mp4
  softgpu run --device intel-haswell,intel-arc:node=131 --report report.json -- ./my-tests
  softgpu run --device intel-arc:mode=0600:uid=1000 -- ./my-program      # no permission
  softgpu run --fault va.EndPicture=ENCODING_ERROR@30 -- ./my-program

Environment of CMD: LD_PRELOAD, LIBVA_DRIVERS_PATH, SOFTGPU_DIR, SOFTGPU_LIB_DIR,
SOFTGPU_REPORT (with --report), GST_VA_ALL_DRIVERS, GST_REGISTRY. softgpu looks for its
libraries in SOFTGPU_LIB_DIR, then beside itself.

Permissions count as for a user without privileges, so that tests that run as root see them
too. By default nodes belong to root and to the group `render`, or to the caller's own group
where the caller is not in `render`.

Exit status: that of CMD, or its signal; 125 when softgpu itself fails, 126 and 127 when CMD
cannot be run or found.";
