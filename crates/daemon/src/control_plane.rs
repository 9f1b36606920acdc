//! What a program attends to besides packets: signals, commands, timers.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

/// Where signals, commands and timers of a program are attended to, all on one thread.
#[derive(Debug)]
pub struct ControlPlane {
    /// What they run on.
    pub runtime: Runtime,
    /// The signals of the process.
    pub signals: Signals,
}

/// The signals that mean something to a program that serves. One that comes before the program serves is
/// not lost, and does not end the process half-way: it waits until somebody asks for it.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    /// One of the first two has come already.
    stop: bool,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// SIGTERM, SIGINT: to end in order, with exit value 0.
    Stop,
    /// SIGHUP: to read the configuration again.
    Reload,
}

impl ControlPlane {
    /// Attends to signals from now on. To be called before anything else is done.
    ///
    /// # Errors
    /// The system refuses, for want of descriptors.
    pub fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _inside = runtime.enter();
            Signals {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hang_up: signal(SignalKind::hangup())?,
                stop: false,
            }
        };
        Ok(ControlPlane { runtime, signals })
    }

    /// Lets time pass on the way to serving; true as soon as the program is asked to stop.
    pub fn stops_within(&mut self, time: Duration) -> bool {
        let ControlPlane { runtime, signals } = self;
        runtime.block_on(async { timeout(time, signals.stop()).await.is_ok() })
    }
}

impl Signals {
    /// Waits for the next wish. Cancel safe.
    pub async fn next(&mut self) -> Wish {
        if self.stop {
            return Wish::Stop;
        }
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hang_up.recv() => Wish::Reload,
        }
    }

    /// Waits for the wish to stop, and remembers it.
    async fn stop(&mut self) {
        if !self.stop {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            self.stop = true;
        }
    }
}
