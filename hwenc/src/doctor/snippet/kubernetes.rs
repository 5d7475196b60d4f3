//! A pod for Kubernetes. The device plugins of the makers hand nodes to pods that ask for their resource; the groups of
//! the nodes stay those of the worker.

use std::fmt::Write as _;

use super::found::Found;

pub(super) fn pod(found: &Found) -> String {
    let mut text = "\
# pod.yaml. In place of IMAGE: an image that has hwenc and the drivers of the GPU.
"
    .to_owned();
    let mut resources = Vec::new();
    if !found.nodes.is_empty() {
        resources.push(found.resource);
    }
    if !found.nvidia.is_empty() {
        resources.push("nvidia.com/gpu");
    }
    let _ = write!(
        text,
        "# The device plugin that offers {} has to run on the workers.
apiVersion: v1
kind: Pod
metadata:
  name: hwenc
spec:
  restartPolicy: Never
",
        resources.join(" and ")
    );
    if !found.nvidia.is_empty() {
        text += "  runtimeClassName: nvidia\n";
    }
    let gids: Vec<String> = found.gids().iter().map(ToString::to_string).collect();
    if !gids.is_empty() {
        let _ = write!(
            text,
            "  securityContext:
    # The groups of the nodes on the worker, by number; every worker that runs it has to use the same.
    supplementalGroups: [{}]
",
            gids.join(", ")
        );
    }
    text += "  containers:
    - name: encoder
      image: IMAGE
      command: [\"hwenc\", \"doctor\"]
";
    if !found.nvidia.is_empty() {
        text += "      env: # `video` brings the encoding library, which is no default
        - name: NVIDIA_DRIVER_CAPABILITIES
          value: \"compute,video,utility\"
";
    }
    text += "      securityContext:
        allowPrivilegeEscalation: false
      resources:
        limits:
";
    for resource in resources {
        let _ = writeln!(text, "          {resource}: 1");
    }
    text
}
