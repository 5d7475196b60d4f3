//! NVIDIA's management library in its place: the real wrapper loads a library that was compiled for the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::compiled;
use super::*;

/// What comes before the answer in the output.
const MARK: &str = "answer: ";
/// Set where a test's library stands in for NVIDIA's.
const FAKE: &str = "HWENC_TEST_NVML";

/// The library of a machine, in a directory of its own.
fn library(model: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(LIBRARY);
    compiled::library(include_str!("fake.c"), &[&format!("-DMODEL={model}")], &path);
    (directory, path)
}

fn ask(model: &str) -> Nvml {
    let (_directory, path) = library(model);
    Nvml::ask_of(path.as_os_str())
}

#[test]
fn a_card_with_an_encoder_tells_its_sessions() {
    let nvml = ask("T4");
    assert_eq!(nvml.error, None);
    assert_eq!(nvml.driver_version.as_deref(), Some("535.183.01"));
    assert_eq!(nvml.cuda_version.as_deref(), Some("12.2"));
    let expected = NvmlGpu {
        index: 0,
        error: None,
        name: "Tesla T4".into(),
        pci_address: Some("0000:de:00.0".into()),
        minor: Some(3),
        has_encoder: Some(true),
        encoder_sessions: Some(2),
        encoder_percent: Some(17),
        decoder_percent: Some(4),
        gpu_percent: Some(31),
        memory: Some((1 << 30, 15 << 30)),
    };
    assert_eq!(nvml.gpus, [expected]);
}

#[test]
fn a_card_of_the_data_centre_has_no_encoder() {
    let nvml = ask("H200");
    let [gpu] = &nvml.gpus[..] else { panic!("{nvml:?}") };
    assert_eq!((gpu.name.as_str(), gpu.has_encoder), ("NVIDIA H200", Some(false)));
    assert_eq!((gpu.encoder_sessions, gpu.encoder_percent, gpu.decoder_percent), (Some(0), None, Some(4)));
}

#[test]
fn an_encoder_in_full_use_is_one() {
    assert_eq!(ask("BUSY").gpus[0].has_encoder, Some(true));
}

#[test]
fn a_driver_of_another_version_is_told_in_nvidias_words() {
    let nvml = ask("MISMATCH");
    assert_eq!(
        nvml,
        Nvml { error: Some("nvmlInit_v2: Driver/library version mismatch".into()), ..Nvml::default() }
    );
}

#[test]
fn one_card_that_is_lost_does_not_hide_the_next() {
    let nvml = ask("LOST");
    assert_eq!(nvml.error, None);
    let [lost, other] = &nvml.gpus[..] else { panic!("{nvml:?}") };
    assert_eq!(lost.error.as_deref(), Some("nvmlDeviceGetHandleByIndex_v2: GPU is lost"));
    assert_eq!((lost.index, lost.has_encoder), (0, None));
    assert_eq!((other.index, other.has_encoder), (1, Some(true)));
}

#[test]
fn what_capacity_says_of_the_encoder() {
    let other = || Err(NvmlError::Unknown);
    assert_eq!(has_encoder(&[Ok(100), Ok(0)]), Some(true));
    assert_eq!(has_encoder(&[Ok(0), Ok(0)]), Some(false));
    assert_eq!(has_encoder(&[Err(NvmlError::NotSupported), other()]), Some(false));
    assert_eq!(has_encoder(&[other(), other()]), None);
}

#[test]
fn addresses_are_as_the_kernel_writes_them() {
    for (bus_id, expected) in [
        ("00000000:01:00.0", "0000:01:00.0"),
        ("0000:AF:00.0", "0000:af:00.0"),
        ("00010000:E1:00.0", "10000:e1:00.0"),
        ("nonsense", "nonsense"),
        ("x:y", "x:y"),
    ] {
        assert_eq!(address(bus_id), expected);
    }
}

/// The part of a test that has the library on its path; alone it asks a library that is not there.
#[test]
fn inside() {
    if std::env::var_os(FAKE).is_some() {
        println!("{MARK}{}", serde_json::to_string(&Nvml::ask()).unwrap());
        return;
    }
    let missing = Nvml::ask_of("libhwenc-nowhere.so.1".as_ref());
    assert!(missing.error.unwrap().contains("nvmlInit_v2: "));
    assert!(missing.gpus.is_empty());
}

/// What a process says that finds its libraries in this directory.
fn by_path(directory: &Path) -> Nvml {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "probe::nvml::tests::inside", "--nocapture"]);
    let output = command.env("LD_LIBRARY_PATH", directory).env(FAKE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answer = text.split(MARK).nth(1).and_then(|text| text.lines().next());
    serde_json::from_str(answer.unwrap_or_else(|| panic!("{text}"))).unwrap()
}

#[test]
fn it_is_found_where_the_loader_looks() {
    let (directory, path) = library("T4");
    assert_eq!(by_path(directory.path()).gpus[0].name, "Tesla T4");
    std::fs::write(path, "no library").unwrap();
    let broken = by_path(directory.path()).error.unwrap();
    assert!(broken.contains("libnvidia-ml.so.1"), "{broken}");
}
