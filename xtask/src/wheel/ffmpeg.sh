# recipe TOOLS WORK PREFIX LIBVA NVENC FFMPEG: the FFmpeg of the wheel and its libva, built into PREFIX.
# TOOLS has meson and ninja; the last three are the names of unpacked directories in WORK.
tools=$1 work=$2 prefix=$3 libva=$4 headers=$5 ffmpeg=$6
export PATH="$tools:$PATH" PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
jobs=$(nproc)

# Where distributions keep their drivers: Debian's multiarch, Fedora's lib64 with RPM Fusion's beside it, Arch, builds by
# hand, NixOS. LIBVA_DRIVERS_PATH still comes first.
triplet=$(gcc -dumpmachine)
drivers=/usr/lib/$triplet/dri:/usr/lib64/dri:/usr/lib64/dri-nonfree:/usr/lib64/dri-freeworld:/usr/lib/dri
drivers=$drivers:/usr/local/lib/$triplet/dri:/usr/local/lib/dri:/run/opengl-driver/lib/dri
meson setup "$work/libva-build" "$work/$libva" --prefix="$prefix" --libdir=lib --sysconfdir=/etc --buildtype=release \
    -Ddriverdir="$drivers" -Dwith_x11=no -Dwith_glx=no -Dwith_wayland=no -Dwith_win32=no -Dc_link_args=-Wl,-z,now
ninja -C "$work/libva-build" install

make -C "$work/$headers" PREFIX="$prefix" install

mkdir "$work/ffmpeg-build"
cd "$work/ffmpeg-build"
# Nothing is detected: what is in the wheel does not depend on what the machine happens to have. Decoders, demuxers,
# muxers, parsers and bitstream filters are all of FFmpeg's own; encoders, filters and protocols are what hwenc calls.
"$work/$ffmpeg/configure" --prefix="$prefix" --disable-autodetect --disable-debug --optflags=-O2 \
    --extra-ldflags=-Wl,-z,now --enable-shared --disable-static --enable-pic --enable-gpl \
    --disable-programs --disable-doc --disable-avdevice --disable-postproc \
    --enable-zlib --enable-libdrm --enable-vaapi --enable-v4l2-m2m \
    --enable-ffnvcodec --enable-cuda --enable-cuvid --enable-nvdec --enable-nvenc \
    --enable-libx264 --enable-libx265 --enable-libsvtav1 --enable-libdav1d \
    --disable-encoders \
    --enable-encoder='libx264,libx265,libsvtav1,*_vaapi,*_nvenc,*_v4l2m2m' \
    --enable-encoder='mjpeg,png,ffv1,rawvideo,wrapped_avframe,aac,ac3,flac,opus,pcm_s16le,pcm_s24le,pcm_f32le' \
    --enable-encoder='ass,mov_text,srt,ssa,subrip,text,webvtt,dvbsub,dvdsub' \
    --disable-filters \
    --enable-filter='scale,format,null,buffer,buffersink,hwupload,hwdownload,hwmap,split,fps,settb,setpts,setparams' \
    --enable-filter='crop,pad,transpose,hflip,vflip,rotate,overlay,yadif,bwdif,tonemap,ssim,psnr,select,trim' \
    --enable-filter='colorspace,testsrc,testsrc2,color,nullsrc,nullsink,metadata,showinfo' \
    --enable-filter='*_vaapi' \
    --enable-filter='abuffer,abuffersink,anull,aresample,aformat,asetnsamples,asetpts,asettb,atrim,sine,anullsrc' \
    --disable-protocols --enable-protocol='file,pipe,fd,data,concat,subfile,crypto,cache,async,http,tcp,udp,rtp,unix' \
    --disable-devices
make -j"$jobs"
make install
