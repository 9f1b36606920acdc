//! The control agent.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use kea_control::{Agent, AgentConfig, Identity};
use kea_daemon::{
    Confinement, ControlPlane, Layout, Phase, PidFile, Program, Run, ServiceManager, Signals,
    Tasks, VERSION, Wish, fail,
};
use kea_log::{Environment, Handle, Logging, LoggingOptions, log};

const PROGRAM: Program =
    Program { name: "kea-ctrl-agent", title: "Kea control agent", has_ports: false };

fn main() -> ExitCode {
    kea_daemon::program_main(PROGRAM, std::env::args_os(), &ControlAgent)
}

struct ControlAgent;

impl Tasks for ControlAgent {
    fn check(&self, file: &Path, _deep: bool) -> ExitCode {
        load(file, Confinement::Confined)
            .map_or_else(|problems| fail(&problems), |_| ExitCode::SUCCESS)
    }

    fn serve(&self, run: &Run, plane: ControlPlane) -> ExitCode {
        serve(run, plane).map_or_else(|problem| fail(&problem), ExitCode::from)
    }
}

fn load(file: &Path, confinement: Confinement) -> Result<AgentConfig, String> {
    AgentConfig::load(&file.to_string_lossy(), &confinement).map_err(|problems| problems.render())
}

fn serve(run: &Run, plane: ControlPlane) -> Result<u8, String> {
    let ControlPlane { runtime, mut signals } = plane;
    let layout = Layout::of_this_process();
    let mut options = LoggingOptions::new(PROGRAM.name);
    options.program.verbose = run.verbose;
    options.environment = Environment::of_process();
    options.lockfile_dir = layout.run.display().to_string();
    let mut logging = Logging::start(options).map_err(|error| error.to_string())?;
    let logger = logging.handle();
    let release = kea_daemon::release_type();
    log!(logger, DCTL_STARTING, PROGRAM.name, std::process::id(), VERSION, release);
    let pid_file = kea_daemon::pid_file_path(&layout.run, PROGRAM.name, &run.file);
    let _pid_file = PidFile::take(pid_file, PROGRAM.name).map_err(|error| {
        log!(logger, DCTL_ALREADY_RUNNING, PROGRAM.name, error);
        error.to_string()
    })?;
    let config = load(&run.file, run.confinement).inspect_err(|problem| {
        let first = problem.lines().next().unwrap_or_default();
        log!(logger, DCTL_CONFIG_FILE_LOAD_FAIL, PROGRAM.name, first);
    })?;
    logger.configure(&config.loggers).map_err(|error| error.to_string())?;
    logging.start_writer().map_err(|error| error.to_string())?;
    let agent = run_agent(run, config, &mut signals, &logger);
    let exit_value = runtime.block_on(agent).inspect_err(|problem| {
        log!(logger, CTRL_AGENT_FAILED, problem);
    })?;
    log!(logger, DCTL_SHUTDOWN, PROGRAM.name, std::process::id(), VERSION);
    Ok(exit_value)
}

async fn run_agent(
    run: &Run,
    config: AgentConfig,
    signals: &mut Signals,
    logger: &Handle,
) -> Result<u8, String> {
    let identity = Identity {
        version: VERSION.to_owned(),
        extended: kea_daemon::extended_version(),
        report: kea_daemon::build_report(),
    };
    let file = run.file.to_string_lossy();
    let sources = Box::new(run.confinement);
    let agent = Agent::start(&file, config, identity, sources, logger.clone());
    let mut agent = agent.map_err(|error| error.to_string())?;
    let manager = ServiceManager::of_this_process();
    manager.tell(Phase::Serving("commands are passed on"));
    let exit_value = loop {
        tokio::select! {
            stop = agent.serve() => break stop.exit_value,
            wish = signals.next() => {
                if wish == Wish::Stop {
                    break 0;
                }
                log!(logger, DCTL_CFG_FILE_RELOAD_SIGNAL_RECVD, "SIGHUP", file);
                manager.tell(Phase::Reloading);
                match agent.reload() {
                    Ok(()) => {
                        logger.reopen();
                        manager.tell(Phase::Serving("commands are passed on"));
                    }
                    Err(problem) => {
                        log!(logger, CTRL_AGENT_CONFIG_FAIL, problem);
                        let status = format!("the newer configuration is refused: {problem}");
                        manager.tell(Phase::Serving(&status));
                    }
                }
            }
        }
    };
    manager.tell(Phase::Stopping);
    log!(logger, CTRL_AGENT_RUN_EXIT);
    agent.close().await;
    Ok(exit_value)
}
