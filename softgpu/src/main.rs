//! The `softgpu` command.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use softgpu::args::{Cli, Command, Run};
use softgpu::plan::Plan;
use softgpu::run::{End, end_like, run};
use softgpu::{init, kernel, list};

/// What `env`, `timeout` and their like return when they fail themselves, cannot run the command, and do not find it.
const FAILED: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

fn main() -> ExitCode {
    // The machine of `--kernel` has this program as its first process.
    if let Some(code) = init::enter() {
        return code;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { FAILED.into() } else { ExitCode::SUCCESS };
        }
    };
    let result = match cli.command {
        Command::Run(args) => start(&args),
        Command::Kernel => kernel::ensure().map(|binary| {
            println!("{}", binary.display());
            ExitCode::SUCCESS
        }),
        Command::List(args) => {
            list::list(&mut std::io::stdout().lock(), args.json).map(|()| ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("softgpu: {error:#}");
        FAILED.into()
    })
}

fn start(args: &Run) -> Result<ExitCode> {
    let plan = Plan::new(args)?;
    plan.begin_report(args.report.as_ref())?;
    let end = if plan.kernel { kernel::run(&plan)? } else { run(&plan)? };
    let name = plan.argv[0].display();
    match end {
        End::Status(status) => end_like(status),
        End::NotFound => {
            eprintln!("softgpu: {name}: command not found");
            Ok(NOT_FOUND.into())
        }
        End::NotExecutable => {
            eprintln!("softgpu: {name}: cannot be executed");
            Ok(NOT_EXECUTABLE.into())
        }
    }
}
