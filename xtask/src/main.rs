//! `cargo xtask`: from a bare machine to a tested checkout.
//!
//! Each command is a module of its own. Those that consist of steps (`test`, `matrix`, `soak`) report
//! through a [`tier::Tier`], which times the steps and prints the table at the end.
#![forbid(unsafe_code)]

mod abi;
mod apt;
mod c;
mod chroot;
mod demo;
mod deny;
mod ffmpeg;
mod freethreaded;
mod headers;
mod install;
mod interpreters;
mod kernel;
mod matrix;
mod os;
mod package;
mod packages;
mod project;
mod python;
mod quality;
mod root;
mod say;
mod schema;
mod setup;
mod soak;
mod summary;
mod test;
mod tier;
mod valgrind;
mod venv;
mod wheel;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use project::Project;

/// The development tasks of hwenc.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install the system packages that building and testing need
    Setup,
    /// Build hwenc, show what encoders this machine has, and encode the shipped film
    Demo {
        /// Take it that the system packages are there; for systems without apt
        #[arg(long)]
        no_setup: bool,
    },
    /// Everything that is tested at every change
    Test {
        /// Take it that the system packages are there; for systems without apt
        #[arg(long)]
        no_setup: bool,
    },
    /// The Rust tests against FFmpeg 5.1, 7.1 and 9
    Matrix {
        /// One FFmpeg only
        #[arg(long, value_name = "VERSION", value_parser = matrix::labels())]
        only: Option<String>,
        /// What cargo does instead of running all tests, as in `-- test -p hwenc-sys`
        #[arg(last = true, value_name = "CARGO_ARGUMENTS")]
        cargo: Vec<String>,
    },
    /// What takes longer: the matrix, security advisories, a thousand sessions, the benches
    Soak,
    /// Build the kernel of `softgpu run --kernel`, unless the cache has it
    Kernel {
        /// Take it that the system packages are there; for systems without apt
        #[arg(long)]
        no_setup: bool,
    },
    /// Build the Python wheel that brings FFmpeg
    Wheel {
        /// Where to put it; by default `wheels` in the target directory
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Take it that the system packages are there; for systems without apt
        #[arg(long)]
        no_setup: bool,
    },
    /// Test the Python wheel: the steps of `test` that are about it
    Python,
    /// Make the checked-in bindings from the system's headers
    Headers {
        /// Change nothing; fail where the checked-in bindings differ
        #[arg(long)]
        check: bool,
    },
    /// Write the list of the C interface, and compare it with the last release's
    Abi {
        /// Change nothing; fail where the checked-in list differs
        #[arg(long)]
        check: bool,
    },
    /// Install and test the C library: programs of C and C++, sanitizers, valgrind, the list of the interface
    C,
    /// Install the C library, its header and the programs
    Install(install::Install),
    /// Make docs/report.schema.json from the types of the report
    Schema {
        /// Change nothing; fail where the checked-in schema differs
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not anyhow's own report: that one adds a backtrace wherever RUST_BACKTRACE is set.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let project = Project::find()?;
    match task {
        Task::Setup => setup::everything(&project),
        Task::Demo { no_setup } => demo::run(&project, no_setup),
        Task::Test { no_setup } => test::run(&project, no_setup),
        Task::Matrix { only, cargo } => matrix::run(&project, only.as_deref(), &cargo),
        Task::Soak => soak::run(&project),
        Task::Kernel { no_setup } => kernel::run(&project, no_setup),
        Task::Wheel { out, no_setup } => wheel::run(&project, out.as_deref(), no_setup),
        Task::Python => python::run(&project),
        Task::Headers { check } => headers::run(&project, check),
        Task::Abi { check } => abi::run(&project, check),
        Task::C => c::run(&project),
        Task::Install(install) => install::run(&project, &install),
        Task::Schema { check } => schema::run(&project, check),
    }
}
