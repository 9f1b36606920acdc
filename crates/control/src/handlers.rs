//! Which command is answered by whom.

use std::collections::BTreeMap;
use std::fmt;

use kea_log::{Log, log};
use serde_json::Value as Json;

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::calls::Call;
use crate::command::Command;
use crate::registry::{self, CommandSpec, Daemon};

/// The commands that one daemon answers, each with its code. `C` is what the code works on.
pub struct Handlers<C> {
    daemon: Daemon,
    table: BTreeMap<String, Entry<C>>,
}

struct Entry<C> {
    spec: Option<&'static CommandSpec>,
    handler: Handler<C>,
}

type AtOnce<C> = Box<dyn Fn(&mut C, Arguments<'_>) -> Answer + Send + Sync>;
type Deferred<C> = Box<dyn Fn(&mut C, Call) + Send + Sync>;

enum Handler<C> {
    ListCommands,
    Now(AtOnce<C>),
    Later(Deferred<C>),
}

impl<C> Handlers<C> {
    /// A table with `list-commands` in it.
    pub fn new(daemon: Daemon) -> Self {
        let mut handlers = Handlers { daemon, table: BTreeMap::new() };
        handlers.insert("list-commands", Handler::ListCommands);
        handlers
    }

    /// Answers `name` by `handler`, which is called with arguments that fit the command's shape. A name that
    /// the registry does not have is an outside library's; its arguments are not checked.
    pub fn on(
        &mut self,
        name: &str,
        handler: impl Fn(&mut C, Arguments<'_>) -> Answer + Send + Sync + 'static,
    ) -> &mut Self {
        self.insert(name, Handler::Now(Box::new(handler)))
    }

    /// Answers `name` by `handler`, which may keep the call and answer later.
    pub fn on_later(
        &mut self,
        name: &str,
        handler: impl Fn(&mut C, Call) + Send + Sync + 'static,
    ) -> &mut Self {
        self.insert(name, Handler::Later(Box::new(handler)))
    }

    /// Forgets `name`.
    pub fn remove(&mut self, name: &str) -> bool {
        self.table.remove(name).is_some()
    }

    /// True when `name` has a handler.
    pub fn contains(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// What `list-commands` answers, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.table.keys().map(String::as_str)
    }

    /// Has `call` answered.
    pub fn call(&self, context: &mut C, call: Call, log: &dyn Log) {
        log!(log, COMMAND_RECEIVED, call.command.name);
        match self.checked(&call.command) {
            Err(answer) => call.answer(answer),
            Ok(Handler::ListCommands) => call.answer(self.list_commands()),
            Ok(Handler::Now(handler)) => {
                let answer = handler(context, Arguments(call.command.arguments.as_ref()));
                call.answer(answer);
            }
            Ok(Handler::Later(handler)) => handler(context, call),
        }
    }

    /// Answers a command that came some other way; `None` when its handler answers later only.
    pub fn answer(&self, context: &mut C, command: &Command) -> Option<Answer> {
        Some(match self.checked(command) {
            Err(answer) => answer,
            Ok(Handler::ListCommands) => self.list_commands(),
            Ok(Handler::Now(handler)) => handler(context, Arguments(command.arguments.as_ref())),
            Ok(Handler::Later(_)) => return None,
        })
    }

    fn checked(&self, command: &Command) -> Result<&Handler<C>, Answer> {
        let Some(entry) = self.table.get(&command.name) else {
            return Err(Answer::unsupported(&command.name));
        };
        match entry.spec.map(|spec| spec.check(command.arguments.as_ref())) {
            Some(Err(problem)) => Err(Answer::error(problem.to_string())),
            Some(Ok(())) | None => Ok(&entry.handler),
        }
    }

    fn list_commands(&self) -> Answer {
        Answer::arguments(Json::from_iter(self.names()))
    }

    fn insert(&mut self, name: &str, handler: Handler<C>) -> &mut Self {
        let spec = registry::find(self.daemon, name);
        self.table.insert(name.to_owned(), Entry { spec, handler });
        self
    }
}

impl<C> fmt::Debug for Handlers<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers")
            .field("daemon", &self.daemon)
            .field("names", &self.table.keys())
            .finish()
    }
}
