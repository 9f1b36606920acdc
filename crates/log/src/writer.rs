//! Laying out lines and writing them to the outputs of their loggers.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::argument::{Argument, Encoded};
use crate::config::{Effective, LoggingError, OutputConfig};
use crate::message_row::Component;
use crate::output::{Destination, Sink, Surroundings};
use crate::pattern::Pattern;
use crate::queue::Batch;
use crate::record::{Head, Record};
use crate::text_buffer::TextBuffer;
use crate::visible::push_visible_json;

/// The open outputs of all loggers.
#[derive(Debug)]
pub(crate) struct Outputs {
    surroundings: Surroundings,
    /// Full names of the loggers, by component.
    names: Vec<String>,
    sinks: Vec<OpenSink>,
    lines: Vec<Line>,
    /// Which of `lines` a component writes, by component.
    routes: Vec<Vec<usize>>,
    spare: Batch,
    line: TextBuffer,
    checked_files: Instant,
}

/// A destination; loggers that name the same one share it, lest they rotate a file under each other.
#[derive(Debug)]
struct OpenSink {
    name: String,
    sink: Sink,
    failing: bool,
}

/// A layout and where its lines go.
#[derive(Debug)]
struct Line {
    sink: usize,
    layout: Layout,
}

#[derive(Debug)]
enum Layout {
    Pattern(Pattern),
    Json,
}

impl Outputs {
    /// Opens what the tree needs; fails without side effects on what is already open.
    pub(crate) fn open(
        tree: &[Effective],
        surroundings: Surroundings,
        zone: &TimeZone,
    ) -> Result<Self, LoggingError> {
        let mut outputs = Self {
            names: Component::ALL
                .iter()
                .map(|&component| full_name(&surroundings, component))
                .collect(),
            sinks: Vec::new(),
            lines: Vec::new(),
            routes: Vec::new(),
            spare: Batch::default(),
            line: TextBuffer::default(),
            checked_files: Instant::now(),
            surroundings,
        };
        let mut known = HashMap::new();
        for logger in tree {
            let mut route = Vec::new();
            for config in &logger.outputs {
                let key = (config.output.clone(), config.pattern.clone());
                let line = match known.get(&key) {
                    Some(&line) => line,
                    None => outputs.add_line(config, zone)?,
                };
                known.insert(key, line);
                route.push(line);
            }
            outputs.routes.push(route);
        }
        Ok(outputs)
    }

    pub(crate) fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// An empty batch with room, to swap with the queue's.
    pub(crate) fn spare(&mut self) -> Batch {
        std::mem::take(&mut self.spare)
    }

    pub(crate) fn keep_spare(&mut self, batch: Batch) {
        self.spare = batch;
    }

    pub(crate) fn write(&mut self, batch: &Batch) {
        if self.checked_files.elapsed() >= FILE_CHECK_INTERVAL {
            self.reopen();
        }
        for (head, arguments) in batch.iter() {
            self.write_one(head, Encoded(arguments));
        }
    }

    pub(crate) fn flush(&mut self, idle: bool) {
        for sink in &mut self.sinks {
            let result = sink.sink.flush(idle);
            sink.note(result);
        }
    }

    /// Opens files again that were replaced.
    pub(crate) fn reopen(&mut self) {
        self.checked_files = Instant::now();
        for sink in &mut self.sinks {
            let result = sink.sink.reopen_if_replaced().map(drop);
            sink.note(result);
        }
    }

    fn add_line(&mut self, config: &OutputConfig, zone: &TimeZone) -> Result<usize, LoggingError> {
        let destination = Destination::parse(&config.output);
        let layout = match config.pattern.as_str() {
            "json" => Layout::Json,
            text => {
                let text = if text.is_empty() { Pattern::default_for(&destination) } else { text };
                Layout::Pattern(Pattern::parse(text, zone.clone()).map_err(|error| {
                    LoggingError::Pattern { output: config.output.clone(), error }
                })?)
            }
        };
        let sink = match self.sinks.iter().position(|open| open.name == config.output) {
            Some(sink) => sink,
            None => {
                let sink = Sink::open(&destination, config, &self.surroundings)?;
                self.sinks.push(OpenSink { name: config.output.clone(), sink, failing: false });
                self.sinks.len() - 1
            }
        };
        self.lines.push(Line { sink, layout });
        Ok(self.lines.len() - 1)
    }

    fn write_one(&mut self, head: Head, arguments: Encoded<'_>) {
        let component = head.message.component.index();
        let record = Record {
            head,
            logger: &self.names[component],
            process: self.surroundings.process,
            arguments,
        };
        for &route in &self.routes[component] {
            let Line { sink, layout } = &mut self.lines[route];
            self.line.clear();
            match layout {
                Layout::Pattern(pattern) => pattern.write(&record, &mut self.line),
                Layout::Json => write_json(&record, &mut self.line),
            }
            let sink = &mut self.sinks[*sink];
            let result = sink.sink.write(&record, self.line.as_slice());
            sink.note(result);
        }
    }
}

impl OpenSink {
    /// The first failure in a row is reported on standard error, the only place left.
    fn note(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => self.failing = false,
            Err(error) if !self.failing => {
                self.failing = true;
                let message = &crate::message::LOG_WRITE_ERROR;
                let arguments = [Argument::Text(&self.name), Argument::Other(&error)];
                let text = format!("{} {}\n", message.id, message.render(&arguments));
                // Nowhere to report a failure of standard error itself.
                let _ = io::stderr().lock().write_all(text.as_bytes());
            }
            Err(_) => {}
        }
    }
}

/// How often files are looked at for having been replaced.
const FILE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

fn full_name(surroundings: &Surroundings, component: Component) -> String {
    match component.name() {
        "" => surroundings.ident.clone(),
        name => format!("{}.{name}", surroundings.ident),
    }
}

/// One object per line: what a line's pattern can show, and the arguments apart from the text, as they were given.
fn write_json(record: &Record<'_>, out: &mut TextBuffer) {
    let message = record.head.message;
    let arguments: Vec<_> = record.arguments.collect();
    let time = Timestamp::from_nanosecond(i128::from(record.head.at)).unwrap_or_default();
    let object = serde_json::json!({
        "timestamp": format!("{time:.6}"),
        "severity": message.severity.name(),
        "logger": record.logger,
        "process": record.process,
        "thread": record.head.thread,
        "id": message.id,
        "message": message.render(&arguments),
        "arguments": arguments.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    push_visible_json(&object.to_string(), out);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argument::encode;
    use crate::message::DHCP4_LEASE_ADVERT;

    #[test]
    fn json_lines_carry_arguments_and_escape() {
        let mut arguments = TextBuffer::default();
        let address = Argument::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
        encode(&[Argument::Text("\"x\"\n\x7f"), address], &mut arguments);
        let record = Record {
            head: Head { message: &DHCP4_LEASE_ADVERT, at: 1_565_015_265_871_052_999, thread: 7 },
            logger: "kea-dhcp4.leases",
            process: 42,
            arguments: Encoded(arguments.as_slice()),
        };
        let mut out = TextBuffer::default();
        write_json(&record, &mut out);
        assert_eq!(
            String::from_utf8_lossy(out.as_slice()),
            concat!(
                r#"{"timestamp":"2019-08-05T14:27:45.871052Z","severity":"INFO","#,
                r#""logger":"kea-dhcp4.leases","process":42,"thread":7,"id":"DHCP4_LEASE_ADVERT","#,
                r#""message":"\"x\"\\n\\x7f: lease 192.0.2.1 is offered","#,
                r#""arguments":["\"x\"\n\u007f","192.0.2.1"]}"#,
                "\n"
            )
        );
    }
}
