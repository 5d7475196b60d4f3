//! Hardware contexts on a device that every machine can have: OpenCL on the CPU, by PoCL. It is no encoder, but
//! devices, pools and transfers are libavutil's own and the same for every kind. Mapping is not shown here: mapped
//! OpenCL pictures come without a row length.

use hwenc::av::{Access, DeviceKind, Frame, HwDevice, HwFrames, Options};
use hwenc::{Code, PixelFormat};

const FORMAT: PixelFormat = PixelFormat::RGBA;

fn device() -> HwDevice {
    HwDevice::create(DeviceKind::OPENCL, None, Options::new())
        .expect("an OpenCL device (package pocl-opencl-icd)")
}

/// One after the other: PoCL does not survive being started twice at once.
#[test]
fn devices_pools_and_transfers() {
    what_goes_up_comes_down_bit_for_bit();
    handles_share_one_device_and_outlive_each_other();
    what_the_device_cannot_do_is_an_error();
}

fn opencl() -> PixelFormat {
    PixelFormat::from_name("opencl").unwrap()
}

fn gradient(width: u32, height: u32) -> Frame {
    let mut frame = Frame::picture(FORMAT, width, height).unwrap();
    let stride = frame.stride(0) as usize;
    for (i, byte) in frame.plane_mut(0).unwrap().iter_mut().enumerate() {
        *byte = (i % stride + i / stride * 3) as u8;
    }
    frame.set_pts(Some(42));
    frame
}

fn pixels(frame: &Frame) -> Vec<u8> {
    let (stride, row) = (frame.stride(0) as usize, frame.width() as usize * 4);
    frame.plane(0).unwrap().chunks(stride).flat_map(|line| &line[..row]).copied().collect()
}

fn what_goes_up_comes_down_bit_for_bit() {
    let pool = HwFrames::new(&device(), opencl(), FORMAT, 126, 66, 2).unwrap();
    let source = gradient(126, 66);
    let there = pool.upload(&source).unwrap();
    assert!(there.is_hardware() && there.plane(0).is_none());
    assert_eq!((there.width(), there.height(), there.pts()), (126, 66, Some(42)));
    let back = there.download().unwrap();
    assert_eq!((back.format(), back.pts()), (FORMAT, Some(42)));
    assert_eq!(pixels(&back), pixels(&source));
}

fn handles_share_one_device_and_outlive_each_other() {
    let device = device();
    let again = device.try_clone().unwrap();
    drop(device);
    let pool = HwFrames::new(&again, opencl(), FORMAT, 64, 32, 0).unwrap();
    let more = pool.try_clone().unwrap();
    drop((again, pool));
    let frame = more.picture().unwrap();
    drop(more);
    assert!(frame.is_hardware());
}

fn what_the_device_cannot_do_is_an_error() {
    let device = device();
    let odd = HwFrames::new(&device, PixelFormat::VAAPI, FORMAT, 64, 32, 0).err().unwrap();
    assert_eq!(odd.code(), Code::DeviceFailed);
    assert_eq!(
        HwFrames::new(&device, opencl(), FORMAT, 0, 32, 0).err().unwrap().code(),
        Code::RequestInvalid
    );
    assert_eq!(device.derive(DeviceKind::CUDA).err().unwrap().code(), Code::DeviceFailed);
    let plain = gradient(64, 32);
    assert_eq!(plain.download().unwrap_err().code(), Code::DeviceFailed);
    assert_eq!(plain.map(opencl(), Access::Read).unwrap_err().code(), Code::DeviceFailed);
}
