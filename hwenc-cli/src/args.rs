//! The command line. Values that hwenc itself judges are taken as text, so that its errors say what is legal.

use std::path::PathBuf;

use clap::{ArgGroup, Parser, Subcommand};

/// Find, choose and use hardware video encoders.
#[derive(Parser, Debug)]
#[command(name = "hwenc", version, arg_required_else_help = true, subcommand_required = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// What encoders this machine has, and why the others do not work
    Probe(ProbeArgs),
    /// Which encoder to take, with a reason for every candidate
    Select(SelectArgs),
    /// Why hardware does not work, and the command that fixes it
    Doctor(DoctorArgs),
    /// Encode a file again
    #[command(after_help = AFTER_TRANSCODE)]
    Transcode(Box<TranscodeArgs>),
}

const AFTER_TRANSCODE: &str = "\
Without a hardware encoder this fails with exit code 3 and says why, unless --fallback or --encoder allows another.
Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 no encoder, 5 size gate, 130 and 143 interrupted.";

impl Command {
    /// Whether the log is to be shown, and errors as JSON.
    pub(crate) fn talk(&self) -> (bool, bool) {
        match self {
            Command::Probe(a) => (a.verbose, a.json),
            Command::Select(a) => (a.verbose, a.json),
            Command::Doctor(a) => (false, a.json), // its --verbose is about the findings
            Command::Transcode(a) => (a.verbose, a.json),
        }
    }
}

#[derive(clap::Args, Debug)]
#[command(group = ArgGroup::new("text").args(["json", "format"]))]
pub(crate) struct ProbeArgs {
    /// The report as JSON; `hwenc select --input` and `hwenc doctor --input` read it, on any machine
    #[arg(long)]
    pub(crate) json: bool,
    /// json; what was verified as nfd: a feature file of Node Feature Discovery, k8s: a patch of a node's labels, dask: a
    /// worker's resources; or compose: a service with the devices found
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    pub(crate) format: Option<String>,
    /// Write JSON or a format to a file, which appears whole, in place of an older one
    #[arg(long, value_name = "FILE", requires = "text")]
    pub(crate) output: Option<PathBuf>,
    /// Tell of the machine of a saved report
    #[arg(long, value_name = "REPORT")]
    pub(crate) input: Option<PathBuf>,
    /// Try only this codec: h264, hevc, av1, vp9, mjpeg [default: all]
    #[arg(long)]
    pub(crate) codec: Option<String>,
    /// Try at this size [default: 1280x720]
    #[arg(long, value_name = "WxH")]
    pub(crate) size: Option<String>,
    /// Try at 8 or 10 bit [default: both]
    #[arg(long, value_name = "N")]
    pub(crate) bit_depth: Option<String>,
    /// Ask and try anew, whatever was found before
    #[arg(long)]
    pub(crate) refresh: bool,
    /// Try also what never ended when it was last tried, perhaps because it took the machine down
    #[arg(long)]
    pub(crate) quarantined: bool,
    /// Seconds that a driver may take for one answer
    #[arg(long, value_name = "S", default_value = "10")]
    pub(crate) deadline: String,
    /// Ask drivers in this process: one that hangs or crashes takes it along
    #[arg(long)]
    pub(crate) no_isolation: bool,
    /// Also what the reasons rest on, and the log; it may name paths and versions of the machine
    #[arg(long)]
    pub(crate) verbose: bool,
}

#[derive(clap::Args, Debug)]
#[command(allow_negative_numbers = true)]
pub(crate) struct SelectArgs {
    /// h264, hevc, av1, vp9, mjpeg
    #[arg(long)]
    pub(crate) codec: String,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH")]
    pub(crate) size: String,
    /// Frames per second: 30, 29.97, 30000/1001
    #[arg(long, default_value = "30")]
    pub(crate) fps: String,
    /// 8 or 10
    #[arg(long, value_name = "N", default_value = "8")]
    pub(crate) bit_depth: String,
    /// deny, software, or encoders in order of preference
    #[arg(long, value_name = "POLICY", default_value = "deny")]
    pub(crate) fallback: String,
    /// This encoder and no other
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub(crate) encoder: String,
    /// This device and no other
    #[arg(long, value_name = "PATH")]
    pub(crate) device: Option<PathBuf>,
    /// Decide for the machine of a saved report
    #[arg(long, value_name = "REPORT")]
    pub(crate) input: Option<PathBuf>,
    /// The decision as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Also what the reasons rest on, and the log; it may name paths and versions of the machine
    #[arg(long)]
    pub(crate) verbose: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct DoctorArgs {
    /// The verdict and the findings as JSON; their evidence is in it with --verbose
    #[arg(long)]
    pub(crate) json: bool,
    /// The names of the checks
    #[arg(long)]
    pub(crate) list_checks: bool,
    /// Only this check
    #[arg(long, value_name = "ID")]
    pub(crate) check: Option<String>,
    /// Configuration that hands the devices found here on: docker, compose, kubernetes, proxmox-lxc, proxmox-vm
    #[arg(long, value_name = "KIND", conflicts_with_all = ["json", "check"])]
    pub(crate) snippet: Option<String>,
    /// Examine the machine of a saved report
    #[arg(long, value_name = "REPORT")]
    pub(crate) input: Option<PathBuf>,
    /// Also what each finding rests on; it may name paths and versions of the machine
    #[arg(long)]
    pub(crate) verbose: bool,
}

#[derive(clap::Args, Debug)]
#[command(allow_negative_numbers = true, group = ArgGroup::new("rate").args(["quality", "qp", "bitrate"]))]
pub(crate) struct TranscodeArgs {
    /// A file, or a URL that FFmpeg reads
    pub(crate) input: PathBuf,
    /// .mp4 .m4v .mov .mkv .h264 .hevc .ivf .obu; it appears when it is complete
    pub(crate) output: PathBuf,
    /// h264, hevc, av1 [default: what OUTPUT or --encoder implies, else h264]
    #[arg(long)]
    pub(crate) codec: Option<String>,
    /// This encoder and no other; needs no --fallback
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub(crate) encoder: String,
    /// This device and no other
    #[arg(long, value_name = "PATH")]
    pub(crate) device: Option<PathBuf>,
    /// Where no hardware encoder works: deny, software, or encoders in order of preference
    #[arg(long, value_name = "POLICY", default_value = "deny")]
    pub(crate) fallback: String,
    /// Constant quality, 0 to 100 [default: 65]
    #[arg(long, value_name = "N")]
    pub(crate) quality: Option<String>,
    /// One quantiser for all pictures, on the codec's own scale
    #[arg(long, value_name = "N")]
    pub(crate) qp: Option<String>,
    /// Average bit rate in bits per second: 4M, 800k
    #[arg(long, value_name = "RATE")]
    pub(crate) bitrate: Option<String>,
    /// Keep the bit rate constant
    #[arg(long, requires = "bitrate")]
    pub(crate) cbr: bool,
    /// 8 or 10 [default: the source's]
    #[arg(long, value_name = "N")]
    pub(crate) bit_depth: Option<String>,
    /// Key frames at most so many pictures apart
    #[arg(long, value_name = "N")]
    pub(crate) gop: Option<String>,
    /// Scale to this size
    #[arg(long, value_name = "WxH")]
    pub(crate) size: Option<String>,
    /// The encoder's own speed preset
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Threads of a software encoder; 0 lets it choose
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) threads: String,
    /// An option of the encoder itself; one that it does not take is an error
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
    /// Where to decode: auto: on the encoder's device where it can; cpu; device
    #[arg(long, value_name = "WHERE", default_value = "auto")]
    pub(crate) decode: String,
    /// require: refuse pictures that would have to be copied or converted; allow
    #[arg(long, value_name = "POLICY", default_value = "allow")]
    pub(crate) zero_copy: String,
    /// fail, or skip: leave broken pictures out and count them
    #[arg(long, value_name = "POLICY", default_value = "fail")]
    pub(crate) on_corrupt: String,
    /// Stop when OUTPUT would become larger than this share of INPUT
    #[arg(long, value_name = "RATIO")]
    pub(crate) max_size_ratio: Option<String>,
    /// MP4: put the index first
    #[arg(long)]
    pub(crate) faststart: bool,
    /// Replace OUTPUT if it exists
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Write the report to a file, in place of an older one
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The report as JSON on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress and no summary
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Show what hwenc and FFmpeg log
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}
