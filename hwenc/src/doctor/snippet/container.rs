//! `docker run` and Docker Compose.

use std::fmt::Write as _;

use super::found::Found;
use crate::doctor::container::CAPABILITIES;

fn stat(found: &Found) -> Option<String> {
    let node = found.unknown_group()?;
    Some(format!("`stat -c %g {}` on the host tells the group's number", node.path.display()))
}

pub(super) fn docker(found: &Found) -> String {
    let mut words = vec!["docker run --rm".to_owned()];
    words.extend(found.nodes.iter().map(|node| format!("--device {}", node.path.display())));
    words.extend(found.gids().iter().map(|gid| format!("--group-add {gid}")));
    if !found.nvidia.is_empty() {
        words.push(format!("--gpus all -e {CAPABILITIES}"));
    }
    words.push("IMAGE hwenc doctor".to_owned());
    let mut text = "# In place of IMAGE: an image that has hwenc and the drivers of the GPU.\n".to_owned();
    if let Some(stat) = stat(found) {
        let _ = writeln!(text, "# A container that does not run as root also needs --group-add: {stat}.");
    }
    text + &words.join(" \\\n  ") + "\n"
}

pub(super) fn compose(found: &Found) -> String {
    let mut text = "\
# compose.yaml. In place of IMAGE: an image that has hwenc and the drivers of the GPU.
services:
  encoder:
    image: IMAGE
    command: [\"hwenc\", \"doctor\"]
"
    .to_owned();
    if !found.nodes.is_empty() {
        text += "    devices:\n";
        for node in &found.nodes {
            let path = node.path.display();
            let _ = writeln!(text, "      - \"{path}:{path}\"");
        }
    }
    if let Some(stat) = stat(found) {
        let _ = writeln!(text, "    # A user other than root also needs group_add: {stat}.");
    }
    if !found.gids().is_empty() {
        text += "    group_add: # by number: the names are not the same in the image\n";
        for gid in found.gids() {
            let _ = writeln!(text, "      - \"{gid}\"");
        }
    }
    if !found.nvidia.is_empty() {
        // https://docs.docker.com/compose/how-tos/gpu-support/
        let _ = write!(
            text,
            "    environment: # `video` brings the encoding library, which is no default
      - \"{CAPABILITIES}\"
    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              count: all
              capabilities: [gpu]
"
        );
    }
    text
}
