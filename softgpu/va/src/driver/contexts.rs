//! Contexts.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Call;
use super::configs::{Config, Task};
use super::picture::Picture;
use super::pointer::{List, Out};
use super::surfaces::Surface;
use crate::decode::{self, Decoder};
use crate::engine::{self, Encoder};
use crate::failure::{Failure, Outcome};
use crate::misuse;
use crate::sys;

/// A context.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: Arc<Config>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    targets: Vec<Arc<Surface>>,
    inner: Mutex<Inner>,
}

/// What changes from picture to picture. Locked while the picture is worked on: pictures of a context are in order.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) worker: Worker,
    pub(crate) picture: Picture,
}

/// What does the work.
pub(crate) enum Worker {
    Encode(Box<dyn Encoder>),
    Decode(Box<dyn Decoder>),
    Process,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Worker::Encode(_) => "Encode",
            Worker::Decode(_) => "Decode",
            Worker::Process => "Process",
        })
    }
}

impl Context {
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    pub(super) fn create_context(
        &self,
        config: u32,
        (width, height): (i32, i32),
        targets: &List<'_, u32>,
        id: &Out<'_, u32>,
    ) -> Outcome {
        let config = self.config(config)?;
        self.faults(&config.cap.faults)?;
        let task = config.task()?;
        let (width, height) = (width.max(0).cast_unsigned(), height.max(0).cast_unsigned());
        let limit = |attribute| config.cap.attribute(attribute).unwrap_or(u32::MAX);
        let max = [limit(sys::VAConfigAttribMaxPictureWidth), limit(sys::VAConfigAttribMaxPictureHeight)];
        let min = self.driver.profile.surface.min;
        if task != Task::Process {
            let too_small = width < min[0] || height < min[1];
            if too_small || width > max[0] || height > max[1] {
                let why = format!("{width}x{height}, from {}x{} to {}x{}", min[0], min[1], max[0], max[1]);
                return Err(Failure::new(sys::VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED, why));
            }
        }
        let targets: Vec<_> = targets.iter().map(|target| self.surface(target)).collect::<Outcome<_>>()?;
        if let Some(target) = targets.iter().find(|_| task != Task::Process)
            && target.layout.format.rt_format() & config.rt_format == 0
        {
            self.misuse(&misuse::SURFACE_FORMAT, || {
                format!("{:?} for {:#x}", target.layout.format, config.rt_format)
            });
        }
        let worker = match task {
            Task::Encode => Worker::Encode(engine::open(&engine::Open {
                engine: self.driver.engine,
                profile: config.cap.profile,
                entrypoint: config.cap.entrypoint.cast_signed(),
                rt_format: config.rt_format,
                rate_control: config.rate_control,
                packed_headers: config.packed_headers,
                width,
                height,
            })?),
            Task::Decode => Worker::Decode(decode::open(&decode::Open {
                profile: config.cap.profile,
                rt_format: config.rt_format,
                width,
                height,
            })?),
            Task::Process => Worker::Process,
        };
        self.begin_session(&config)?;
        for target in &targets {
            target.contexts.fetch_add(1, Ordering::Relaxed);
        }
        let picture = Picture::new(config.rate_control);
        let inner = Mutex::new(Inner { worker, picture });
        let context = Context { config, width, height, targets, inner };
        id.set(self.add(&self.driver.contexts, Arc::new(context))?)
    }

    pub(super) fn destroy_context(&self, id: u32) -> Outcome {
        let context = self.context(id)?;
        if self.driver.contexts.remove(id).is_err() {
            return Ok(()); // another thread was faster
        }
        for target in &context.targets {
            target.contexts.fetch_sub(1, Ordering::Relaxed);
        }
        self.end_session(&context.config);
        let mut inner = context.inner();
        if let Some(target) = inner.picture.target.take() {
            self.misuse(&misuse::CONTEXT_IN_PICTURE, || format!("context {id:#x}"));
            target.surface.pictures.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Takes one of the device's sessions, where they are limited.
    fn begin_session(&self, config: &Config) -> Outcome {
        let Some(limit) = config.cap.sessions else { return Ok(()) };
        let mut sessions = self.process.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let used = sessions.entry((self.driver.node.clone(), config.cap.index)).or_default();
        if *used >= limit {
            let why = format!("all {limit} sessions are in use");
            return Err(Failure::new(sys::VA_STATUS_ERROR_MAX_NUM_EXCEEDED, why));
        }
        *used += 1;
        Ok(())
    }

    fn end_session(&self, config: &Config) {
        if config.cap.sessions.is_some() {
            let mut sessions = self.process.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(used) = sessions.get_mut(&(self.driver.node.clone(), config.cap.index)) {
                *used = used.saturating_sub(1);
            }
        }
    }
}
