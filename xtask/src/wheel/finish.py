"""finish WHEEL FINISHED PREFIX: makes what a wheel says of itself true to what it holds.

Every library in the wheel and every crate in its native module has to be known here or to Cargo, with a licence and its
text; one that is not stops the build. The licences go into the metadata as one SPDX expression, their texts into
`licenses/`, and where the sources are into `licenses/SOURCES.md`.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

# Libraries of the wheel by the beginning of their names: what they belong to, and the licence of that as it is built.
# FFmpeg: configured with --enable-gpl. SVT-AV1, x264 and x265 contain parts under other licences, as Debian's copyright
# files, which are included, say.
FFMPEG = ("ffmpeg", "GPL-2.0-or-later AND LGPL-2.1-or-later")
LIBVA = ("libva", "MIT")
LIBRARIES = {
    "libavcodec": FFMPEG,
    "libavfilter": FFMPEG,
    "libavformat": FFMPEG,
    "libavutil": FFMPEG,
    "libswresample": FFMPEG,
    "libswscale": FFMPEG,
    "libva": LIBVA,
    "libva-drm": LIBVA,
    "libdrm": ("libdrm", "MIT"),
    "libx264": ("x264", "GPL-2.0-or-later"),
    "libx265": ("x265", "GPL-2.0-or-later"),
    "libSvtAv1Enc": ("svt-av1", "BSD-3-Clause-Clear AND BSD-2-Clause AND ISC"),
    "libdav1d": ("dav1d", "BSD-2-Clause"),
    "libnuma": ("numactl", "LGPL-2.1-only"),
    "libz": ("zlib", "Zlib"),
}
# Compiled into FFmpeg, without a library of its own.
HEADERS = ("nv-codec-headers", "MIT")
OURS = "(MIT OR Apache-2.0)"


def libraries(names):
    """The bundled libraries in a wheel, by file name: what they belong to and its licence."""
    found = {}
    for name in names:
        if not re.search(r"\.libs/.+", name):
            continue
        file = name.rsplit("/", 1)[1]
        # auditwheel puts a hash before the suffix: libva-drm-1a2b3c4d.so.2.2200.0
        stem = re.sub(r"(-[0-9a-f]{8})?\.so.*$", "", file)
        if stem not in LIBRARIES:
            sys.exit(f"the wheel bundles {file}, whose licence xtask/src/wheel/finish.py does not know")
        found[file] = LIBRARIES[stem]
    return found


def crates():
    """The crates in the native module: name, version, licence, directory."""
    words = ["metadata", "--format-version", "1", "--locked", "--offline"]
    words += ["--filter-platform", "x86_64-unknown-linux-gnu"]
    metadata = json.loads(subprocess.run(["cargo", *words], check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    todo = [identity for identity, package in packages.items() if package["name"] == "hwenc-py"]
    seen = set()
    while todo:
        identity = todo.pop()
        if identity in seen:
            continue
        seen.add(identity)
        for dependency in nodes[identity]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    linked = (packages[identity] for identity in seen)
    macros = ("proc-macro",)
    return sorted(
        (package["name"], package["version"], package["license"], Path(package["manifest_path"]).parent)
        for package in linked
        if package["source"] and not any(kind in macros for target in package["targets"] for kind in target["kind"])
    )


def demands(expression):
    """What a crate's licence adds to ours: of alternatives, one that hwenc is under itself or else the first."""
    for part in re.split(r"\s+AND\s+(?![^(]*\))", expression.replace("/", " OR ")):
        choices = re.split(r"\s+OR\s+", part.strip("() "))
        if set(choices) >= {"MIT", "Apache-2.0"}:
            continue
        preferred = [choice for choice in choices if choice in ("MIT", "Apache-2.0")]
        yield (preferred or choices)[0]


def text_of(component, file, prefix):
    """The licence texts of a bundled library: those kept when it was built, or Debian's of the package that it is in."""
    kept = sorted((prefix / "licences" / component).glob("*"))
    if kept:
        return {text.name: text.read_bytes() for text in kept}, None
    pattern = re.sub(r"-[0-9a-f]{8}\.so", ".so", file)
    places = [place for place in Path("/usr/lib").glob(f"*/{pattern}")]
    if not places:
        sys.exit(f"no file of the system is what the wheel bundles as {file}")
    owner = subprocess.run(["dpkg", "-S", places[0].resolve()], check=True, text=True, stdout=subprocess.PIPE)
    package = owner.stdout.split(": ")[0]
    fields = "${source:Package} ${source:Version}"
    source = subprocess.run(["dpkg-query", "-W", "-f", fields, package], check=True, text=True, stdout=subprocess.PIPE)
    copyright = Path("/usr/share/doc", package.split(":")[0], "copyright")
    texts = {"copyright": copyright.read_bytes()}
    # Debian's files refer to the texts that every Debian has; a reader of the wheel may have none.
    for name in sorted(set(re.findall(rb"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])", texts["copyright"]))):
        texts[name.decode()] = Path("/usr/share/common-licenses", name.decode()).read_bytes()
    return texts, source.stdout


SOURCES = """# What this wheel holds, and where the sources are

hwenc itself is MIT OR Apache-2.0. With the libraries in this wheel the whole is under the licences that the metadata
names; FFmpeg as it is built here, x264 and x265 make that the GPL, version 2 or later, for who passes the wheel on.

| part | version and source | licence |
|---|---|---|
{rows}

FFmpeg, libva and the headers of NVIDIA's interfaces are built from the archives with these SHA-256 checksums, which Debian keeps
in its pool and its snapshots as `NAME_VERSION.orig.tar.xz`. They are modified in
one place each: libva takes later drivers, and FFmpeg gives back the surfaces of an encoder that is closed. Those
changes are in hwenc's own `xtask/src/wheel/bundle.rs`, the commands of the build in `xtask/src/wheel/ffmpeg.sh`. The other libraries
are Debian's: `apt-get source NAME=VERSION` gives the source of each.

The native module holds these crates, whose sources are at crates.io:

| crate | version | licence |
|---|---|---|
{crates}
"""


def main(wheel, finished, prefix):
    with zipfile.ZipFile(wheel) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        files = {info.filename: (archive.read(info), info.external_attr) for info in infos}
    # Where the checkout lay is nobody's business.
    here = f"path+file://{Path.cwd()}/".encode()
    for name in [name for name in files if name.endswith(".cyclonedx.json")]:
        files[name] = (files[name][0].replace(here, b""), files[name][1])
    info = next(name for name in files if name.endswith(".dist-info/METADATA")).rsplit("/", 1)[0]
    complete = (prefix / "complete").read_text().splitlines()
    built = dict((line.split()[0], line.split()[1:]) for line in complete if line)

    rows, licences, texts = [], {"MIT"}, {}
    parts = {}
    for file, (component, licence) in libraries(files).items():
        parts.setdefault((component, licence), file)
    parts[HEADERS] = None
    for (component, licence), file in sorted(parts.items()):
        found, source = text_of(component, file, prefix)
        if component in built and not source:
            version, checksum = built[component]
            source = f"{version}, SHA-256 {checksum}"
        texts.update({f"{component}/{name}": content for name, content in found.items()})
        licences.update(licence.split(" AND "))
        rows.append(f"| {component} | {source} | {licence} |")
    crate_rows = []
    for name, version, licence, directory in crates():
        licences.update(demands(licence))
        crate_rows.append(f"| {name} | {version} | {licence} |")
        for text in sorted(directory.iterdir()):
            if re.match(r"(?i)(licen[cs]e|copying|notice|copyright|unlicense)", text.name) and text.is_file():
                texts[f"rust/{name}-{version}/{text.name}"] = text.read_bytes()
    texts["SOURCES.md"] = SOURCES.format(rows="\n".join(rows), crates="\n".join(crate_rows)).encode()

    head, _, body = files[f"{info}/METADATA"][0].decode().partition("\n\n")
    expression = " AND ".join([OURS, *sorted(licences)])
    head, count = re.subn(r"(?m)^License-Expression: .*$", f"License-Expression: {expression}", head)
    if count != 1:
        sys.exit("the metadata has no License-Expression")
    head += "".join(f"\nLicense-File: {name}" for name in sorted(texts))
    files[f"{info}/METADATA"] = (f"{head}\n\n{body}".encode(), files[f"{info}/METADATA"][1])
    plain = 0o100644 << 16
    files.update({f"{info}/licenses/{name}": (content, plain) for name, content in texts.items()})

    record = []
    with zipfile.ZipFile(finished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, (content, attributes) in sorted(files.items(), key=lambda file: (".dist-info/" in file[0], file[0])):
            if name == f"{info}/RECORD":
                continue
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(content)}\n")
            entry(archive, name, content, attributes)
        record.append(f"{info}/RECORD,,\n")
        entry(archive, f"{info}/RECORD", "".join(record).encode(), plain)


def entry(archive, name, content, attributes):
    # The first date that a ZIP can have: the same files make the same wheel.
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = attributes
    archive.writestr(info, content)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
