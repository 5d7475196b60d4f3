//! The Python package as a user gets it: the wheel, installed into environments that have nothing of the checkout.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Cmd, cmd};

use crate::chroot::{Chroot, DEBIAN_12, DEBIAN_13, SID};
use crate::freethreaded;
use crate::interpreters::Interpreter;
use crate::project::Project;
use crate::setup;
use crate::tier::{Outcome, Tier};
use crate::venv::Venv;
use crate::wheel::{self, Abi};

const PACKAGES: &str = include_str!("../../hwenc-py/tests/requirements.txt");
/// The CPython that everything is tested on: the oldest, whose typing and standard library have the least.
const MAIN: u32 = 11;
/// The others that a machine is expected to have. One that it has not is told in the summary.
const OTHERS: [u32; 2] = [12, 13];
const FILM: &str = "examples/media/big_buck_bunny_720p.mp4";
const SOFTGPU: [&str; 8] = ["-p", "softgpu", "-p", "softgpu-drm", "-p", "softgpu-va", "-p", "softgpu-codec"];
const ROBUST: &str = "hwenc-py/tests/robust";
/// How many sessions one program opens; a change waits for some hundred.
const MANY: (&str, &str) = ("HWENC_SOAK", "10000");
/// What the type checkers and ruff look at.
const SOURCES: [&str; 3] = ["hwenc-py/python/hwenc", "hwenc-py/tests", "examples/python"];

/// The command.
pub(crate) fn run(project: &Project) -> Result<()> {
    let mut tier = Tier::begin("cargo xtask python");
    tier.step("system packages", || setup::everything(project))?;
    steps(project, &mut tier)?;
    tier.finish();
    Ok(())
}

/// The steps of `cargo xtask test`.
pub(crate) fn steps(project: &Project, tier: &mut Tier) -> Result<()> {
    let mut wheel = PathBuf::new();
    tier.step("Python wheel", || {
        wheel = wheel::build(project, Abi::Stable, None)?;
        Ok(())
    })?;
    tier.step("wheel on Python 3.11: tests, types, style, documentation", || {
        let python =
            Interpreter::find(project, MAIN).context("Python 3.11 is what the wheel is tested on first")?;
        let tested = Tested::install(project, &python, &wheel)?;
        tested.types_and_style(project)?;
        tested.tests(project)?;
        tested.documentation(project)
    })?;
    for minor in OTHERS {
        tier.try_step(&format!("wheel on Python 3.{minor}: tests"), || {
            let Some(python) = Interpreter::find(project, minor) else {
                return Ok(Outcome::NotRun(format!("the wheel on Python 3.{minor}: this machine has none")));
            };
            Tested::install(project, &python, &wheel)?.interface(project)?;
            Ok(Outcome::Passed)
        })?;
    }
    tier.step("wheel on Debian 12 with Python alone", || {
        let chroot = Chroot::with(project, &DEBIAN_12, "bookworm-python", vec!["python3"])?;
        let bare = Place { chroot: &chroot, python: "python3", before: &[] };
        bare.essential(project, &wheel, "libx264", &["there is no /dev/dri"])
    })?;
    tier.step("wheel on Debian 13 with FFmpeg, libva and softgpu's driver", || {
        let chroot = Chroot::of(project, &DEBIAN_13)?;
        chroot.cargo(project, &[&["build", "--locked"], &SOFTGPU[..]].concat())?;
        let softgpu = ["/build/target/debug/softgpu", "run", "--device", "intel-gen9", "--"];
        let gpu = Place { chroot: &chroot, python: "python3", before: &softgpu };
        gpu.essential(project, &wheel, "h264_vaapi", &["/dev/dri/renderD128"])
    })
}

/// What takes longer than a change should wait.
pub(crate) fn more_steps(project: &Project, tier: &mut Tier) -> Result<()> {
    let mut wheel = PathBuf::new();
    tier.step("Python wheel", || {
        wheel = wheel::build(project, Abi::Stable, None)?;
        Ok(())
    })?;
    tier.step("ten thousand sessions from Python", || {
        let python = Interpreter::find(project, MAIN).context("Python 3.11 counts the sessions")?;
        Tested::install(project, &python, &wheel)?.many(project)
    })?;
    tier.try_step("wheel on the CPythons of Debian sid", || {
        let pythons = ["python3.14", "python3.15"];
        let chroot = match Chroot::with(project, &SID, "sid-python", pythons.to_vec()) {
            Ok(chroot) => chroot,
            // A suite that rolls may have packages that do not fit together on a given day. That is no fault of ours.
            Err(error) => {
                return Ok(Outcome::NotRun(format!("sid's CPythons cannot be installed today: {error:#}")));
            }
        };
        for python in pythons {
            let bare = Place { chroot: &chroot, python, before: &[] };
            bare.essential(project, &wheel, "libx264", &["there is no /dev/dri"])?;
        }
        Ok(Outcome::Passed)
    })?;
    tier.try_step("free-threaded Python: tests of a wheel for it", || {
        if let Err(error) = freethreaded::available(project) {
            return Ok(Outcome::NotRun(format!("a Python without the GIL cannot be had: {error:#}")));
        }
        let python = freethreaded::get(project)?;
        let wheel = wheel::build(project, Abi::Of(&python), None)?;
        Tested::install(project, &python, &wheel)?.without_lock(project)?;
        Ok(Outcome::Passed)
    })
}

/// A Debian tree with a Python in it, and no pip.
struct Place<'a> {
    chroot: &'a Chroot,
    python: &'a str,
    /// What runs Python.
    before: &'a [&'a str],
}

impl Place<'_> {
    /// The program `essential.py`, with the wheel unpacked beside everything else.
    fn essential(&self, project: &Project, wheel: &Path, encoder: &str, words: &[&str]) -> Result<()> {
        let site = self.chroot.target().join("site");
        project.sh.remove_path(&site)?;
        let any = Venv::get(project, &Interpreter::any(project)?, "wheel-tools", wheel::TOOLS)?;
        let to =
            [site.to_str(), wheel.to_str()].map(|path| path.context("the path of the cache is not UTF-8"));
        let [site, wheel] = to;
        let how = ["install", "--no-deps", "--no-index", "--no-compile", "--target"];
        any.pip(project, &[&how, &[site?, wheel?][..]].concat())?;
        let environment =
            ["PYTHONPATH=/build/target/site", "PYTHONDONTWRITEBYTECODE=1", "HWENC_TESTED=wheel"];
        let program = [self.python, "hwenc-py/tests/essential.py", FILM, encoder];
        self.chroot.run(project, &[&environment, self.before, &program, words].concat())
    }
}

/// A virtual environment with the wheel in it.
pub(crate) struct Tested {
    venv: Venv,
    /// Reports that tests keep; new for each run.
    cache: PathBuf,
}

impl Tested {
    /// Installs the wheel, and nothing that it did not ask for.
    pub(crate) fn install(project: &Project, python: &Interpreter, wheel: &Path) -> Result<Self> {
        // Types and style are looked at by one Python.
        let tool = |line: &str| line.starts_with("mypy==") || line.starts_with("ruff==");
        let wanted = |line: &&str| python.minor == MAIN || !tool(line);
        let packages: Vec<_> = PACKAGES.lines().filter(wanted).collect();
        let venv = Venv::get(project, python, "tests", &packages.join("\n"))?;
        let wheel = wheel.to_str().context("the path of the target directory is not UTF-8")?;
        venv.pip(project, &["install", "--force-reinstall", "--no-deps", "--no-index", wheel])?;
        let cache = project.target()?.join(format!("python/cache-{}", python.title()));
        project.sh.remove_path(&cache)?;
        project.sh.create_dir(&cache)?;
        Ok(Self { venv, cache })
    }

    /// All tests.
    fn tests(&self, project: &Project) -> Result<()> {
        self.pytest(project, &["hwenc-py/tests"])
    }

    /// The tests of the interface. What interrupts, forks and counts takes as long again, and one Python stands for all there.
    fn interface(&self, project: &Project) -> Result<()> {
        self.pytest(project, &["hwenc-py/tests", "--ignore", ROBUST])
    }

    /// All but what counts the calls to the allocator, which CPython makes differently there.
    fn without_lock(&self, project: &Project) -> Result<()> {
        self.pytest(project, &["hwenc-py/tests", "--ignore", &format!("{ROBUST}/test_allocations.py")])
    }

    fn many(&self, project: &Project) -> Result<()> {
        let _many = project.sh.push_env(MANY.0, MANY.1);
        self.pytest(project, &["hwenc-py/tests/robust/test_many.py"])
    }

    /// What the documents show, and the docstrings of what was installed.
    fn documentation(&self, project: &Project) -> Result<()> {
        let documents = ["--doctest-glob=*.md", "docs/PYTHON.md"];
        let documents: &[&str] = if project.root().join(documents[1]).exists() { &documents } else { &[] };
        let words = [&["--doctest-modules", "--pyargs", "hwenc"], documents].concat();
        self.pytest(project, &words)
    }

    fn pytest(&self, project: &Project, words: &[&str]) -> Result<()> {
        // The tests must not import each other or the sources by accident, and leave nothing in the checkout.
        let how = ["-m", "pytest", "--quiet", "--import-mode=importlib", "-p", "no:cacheprovider"];
        self.run(project, &[&how, words].concat()).run().context("the tests of the Python package failed")
    }

    /// mypy over the package and its tests, the stubs against the native module, ruff over everything.
    fn types_and_style(&self, project: &Project) -> Result<()> {
        let sources: Vec<_> =
            SOURCES.into_iter().filter(|place| project.root().join(place).exists()).collect();
        let ruff = self.venv.program("ruff");
        for how in [&["check"][..], &["format", "--check"]] {
            let sources = &sources;
            cmd!(project.sh, "{ruff} {how...} --no-cache --quiet {sources...}").run()?;
        }
        let cache = self.cache.join("mypy").display().to_string();
        // The programs in there are children of tests, and untyped.
        let mypy = ["-m", "mypy", "--strict", "--exclude", ROBUST, "--cache-dir", &cache];
        self.run(project, &[&mypy, &sources[..]].concat()).run().context("mypy --strict objects")?;
        let stubtest = ["-m", "mypy.stubtest", "hwenc"];
        self.run(project, &stubtest).run().context("the stubs are not what the native module has")
    }

    /// A command of its Python that knows nothing of the user's settings.
    fn run<'a>(&self, project: &'a Project, words: &[&str]) -> Cmd<'a> {
        let python = self.venv.python();
        cmd!(project.sh, "{python} {words...}")
            .env("HWENC_TESTED", "wheel")
            .env("HWENC_CACHE_DIR", &self.cache)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTHONPATH")
            .env_remove("HWENC_HELPER")
    }
}
