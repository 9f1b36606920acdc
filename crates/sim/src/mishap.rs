//! Trouble: partitions, crashes, restarts, changes of configuration, clocks that jump, disks that fail,
//! and datagrams of nobody's.

use std::sync::Arc;

use kea_lease::{Lease, LeaseRef, write_row};

use crate::client::Client as _;
use crate::disk::Condition;
use crate::log::SimLog;
use crate::oracle::{Rule, Violation};
use crate::plan::Configured;
use crate::profile::SECOND;
use crate::protocol::Protocol;
use crate::server::{Server, Step};
use crate::world::{Event, Mishap, World};

impl<F: Protocol> World<F> {
    fn mean_wait(&self, mishap: Mishap) -> u64 {
        let profile = &self.profile;
        match mishap {
            Mishap::Partition => profile.partitions,
            Mishap::Crash => profile.crashes,
            Mishap::Restart => profile.restarts,
            Mishap::Reconfiguration => profile.reconfigurations,
            Mishap::ClockJump => profile.clock_jumps,
            Mishap::DiskFault => profile.disk_faults,
            Mishap::DiskRepair => 0,
        }
    }

    pub(crate) fn schedule_mishaps(&mut self) {
        for mishap in [
            Mishap::Partition,
            Mishap::Crash,
            Mishap::Restart,
            Mishap::Reconfiguration,
            Mishap::ClockJump,
            Mishap::DiskFault,
        ] {
            self.schedule_mishap(mishap);
        }
    }

    fn schedule_mishap(&mut self, mishap: Mishap) {
        let mean = self.mean_wait(mishap);
        if mean > 0 {
            let delay = self.random.waiting(mean * SECOND);
            self.after(delay, Event::Mishap(mishap));
        }
    }

    pub(crate) fn mishap(&mut self, mishap: Mishap) -> Result<(), Violation> {
        if mishap == Mishap::DiskRepair {
            self.repair_disk();
            return Ok(());
        }
        if self.calm {
            return Ok(());
        }
        self.schedule_mishap(mishap);
        self.tally.mishaps += 1;
        match mishap {
            Mishap::Partition => {
                let link = self.random.position(self.links.len());
                let lasts = self.random.between(1, 120);
                self.tell(|| format!("== link {link} passes nothing for {lasts} s"));
                self.links[link].partitioned_until = self.now + lasts * SECOND;
            }
            Mishap::Crash => {
                let power = self.random.permille(self.profile.power_losses);
                if power && self.random.permille(500) {
                    // At its next write, or in the middle of it.
                    let operations = self.random.below(4) as u32;
                    self.server.disk.light_fuse(operations);
                    return Ok(());
                }
                self.crash(power)?;
            }
            Mishap::Restart => self.restart()?,
            Mishap::Reconfiguration => self.begin_reconfiguration(),
            Mishap::ClockJump => self.jump(),
            Mishap::DiskFault => self.fail_disk(),
            Mishap::DiskRepair => {}
        }
        Ok(())
    }

    fn begin_reconfiguration(&mut self) {
        if self.is_reconfiguring {
            return;
        }
        self.is_reconfiguring = true;
        let clients: Vec<_> = self.clients.iter().map(F::Client::identity).collect();
        let plan = self.plan.plan.changed(&clients, &mut self.random);
        let config = Arc::new(plan.configure());
        self.tell(|| format!("== the configuration changes:\n{}", config.plan.text()));
        let delay = self.random.between(1, 3_000);
        self.after(delay, Event::Reconfigure(config, Step::Tables));
    }

    pub(crate) fn reconfigure(&mut self, config: &Arc<Configured<F>>, step: Step) {
        self.server.reconfigure(config, step);
        self.tell(|| format!("== reconfiguration: {step:?} done"));
        let next = match step {
            Step::Tables => Step::Snapshot,
            Step::Snapshot => {
                self.plan = Arc::clone(config);
                Step::Statistics
            }
            Step::Statistics => {
                self.is_reconfiguring = false;
                return;
            }
        };
        let delay = self.random.between(1, 1_000);
        self.after(delay, Event::Reconfigure(Arc::clone(config), next));
    }

    fn jump(&mut self) {
        let before = self.unix();
        self.oracle.forget_ended(before);
        let far = if self.random.permille(300) { 4_000 } else { 60 };
        let by = self.random.between(1, far) as i64;
        self.epoch += if self.random.permille(500) { by } else { -by };
        let after = self.unix();
        // By this clock, some are over before their clients hear of them.
        self.void_parked(|granted| granted.until <= after);
        self.tell(|| format!("== the clock jumps from {before} to {after}"));
    }

    fn fail_disk(&mut self) {
        let condition = match self.random.below(3) {
            0 => Condition::Full,
            1 => Condition::Failing,
            _ => {
                self.disk_time = self.profile.disk_time * 40;
                Condition::Fine
            }
        };
        let lasts = self.random.between(1, 90);
        self.tell(|| {
            let slow = if condition == Condition::Fine { ", but slow" } else { "" };
            format!("== the disk is {condition:?}{slow} for {lasts} s")
        });
        self.server.disk.set(condition);
        self.after(lasts * SECOND, Event::Mishap(Mishap::DiskRepair));
    }

    pub(crate) fn repair_disk(&mut self) {
        self.disk_time = self.profile.disk_time;
        self.server.disk.set(Condition::Fine);
        self.tell(|| "== the disk is fine again".to_owned());
    }

    /// The process ends at once, or with it the whole machine.
    pub(crate) fn crash(&mut self, power: bool) -> Result<(), Violation> {
        let what = if power { "the power fails" } else { "the server is killed" };
        self.tell(|| format!("== {what}"));
        self.tally.crashes += 1;
        if power {
            let lost = self.server.disk.lose_power();
            lost.map_err(|error| Violation::new(Rule::Restartable, error.to_string()))?;
        }
        self.start_again()?;
        self.oracle.restarted(&self.server.leases, self.forgives(power));
        self.oracle.check(&self.server.leases, self.unix())
    }

    /// The server is stopped and started, in good order.
    fn restart(&mut self) -> Result<(), Violation> {
        self.tell(|| "== the server is restarted".to_owned());
        let finished = self.server.journal.finish();
        let before = self.kept_leases();
        self.start_again()?;
        let forgiven = self.forgives(false);
        self.oracle.restarted(&self.server.leases, forgiven);
        if finished && !forgiven {
            let after = self.kept_leases();
            let differs =
                before.iter().zip(&after).find(|(before, after)| row(before) != row(after));
            if let Some((before, after)) = differs {
                let text = format!("before a restart: {before:?}; after it: {after:?}");
                let violation = Violation::new(Rule::Restartable, text);
                return Err(violation.about(&before.address).about(&after.address));
            }
            if before.len() != after.len() {
                let text = format!("{} leases became {} by a restart", before.len(), after.len());
                let longer = if before.len() > after.len() { &before } else { &after };
                let odd = longer.last().map(|lease| lease.address);
                let violation = Violation::new(Rule::Restartable, text);
                return Err(odd.into_iter().fold(violation, |all, odd| all.about(&odd)));
            }
        }
        self.oracle.check(&self.server.leases, self.unix())
    }

    /// Leases that a file can hold: a lifetime of 0 says there that a lease is gone.
    fn kept_leases(&self) -> Vec<Lease<F>> {
        let mut all = Vec::new();
        for table in self.server.leases.tables() {
            all.extend(table.page(None).map(LeaseRef::to_lease));
        }
        all.retain(|lease| lease.valid_lifetime != 0);
        all.sort_by_key(|lease| lease.address);
        all
    }

    /// A new process on the old files. It reads the configuration that is in the file now.
    fn start_again(&mut self) -> Result<(), Violation> {
        self.forget_steps();
        self.is_reconfiguring = false;
        self.tally.restarts += 1;
        let log = if self.story.is_some() { SimLog::telling() } else { SimLog::default() };
        let seed = self.random.number();
        let mut told = Vec::new();
        let server = Server::start(
            &self.profile,
            Arc::clone(&self.plan),
            &self.storage,
            seed,
            log,
            &mut |text| told.push(text),
        );
        for text in told {
            self.tell(|| format!("    {text}"));
        }
        let failed = |error| Violation::new(Rule::Restartable, error);
        self.server = server.map_err(failed)?;
        Ok(())
    }

    pub(crate) fn clean_up(&mut self) -> Result<(), Violation> {
        self.after(self.profile.clean_ups.max(1) * SECOND, Event::CleanUp);
        self.tell(|| "the lease file is cleaned up".to_owned());
        let done = self.storage.clean_up::<F>(&mut self.random);
        done.map_err(|error| Violation::new(Rule::Restartable, error))?;
        self.storage.begin_clean_up(&self.server.journal);
        self.flush_journal();
        Ok(())
    }

    /// Garbage, altered messages, messages of long ago, and lies.
    pub(crate) fn noise(&mut self) {
        if self.calm {
            return;
        }
        let rate = u64::from(self.profile.noise);
        let wait = 1 + 10 * SECOND / rate.max(1);
        let wait = self.random.waiting(wait);
        self.after(wait, Event::Noise);
        let Some(mut inbound) = self.random.pick(&self.overheard).cloned() else { return };
        match self.random.below(4) {
            0 => {
                let len = self.random.between(0, 400) as usize;
                inbound.payload = self.random.octets(len);
            }
            1 => {
                for _ in 0..self.random.between(1, 4) {
                    let at = self.random.position(inbound.payload.len());
                    let octet = self.random.number() as u8;
                    if let Some(place) = inbound.payload.get_mut(at) {
                        *place = octet;
                    }
                }
                if self.random.permille(200) {
                    let len = self.random.position(inbound.payload.len());
                    inbound.payload.truncate(len);
                }
            }
            2 => {}
            _ => {
                let at = self.random.position(self.clients.len());
                let who = self.clients[at].identity();
                let Some(thing) = self.plan.plan.any_thing(&mut self.random) else { return };
                let mut out = Vec::new();
                F::mischief(&who, thing, &mut self.random, &mut out);
                let link = self.random.position(self.links.len());
                out.into_iter().for_each(|sent| self.send(link, sent));
                return;
            }
        }
        self.travel(inbound);
    }
}

/// What a file keeps of a lease: all but the type of a hardware address, among others.
fn row<F: Protocol>(lease: &Lease<F>) -> Vec<u8> {
    let mut row = Vec::new();
    write_row(&mut row, lease);
    row
}
