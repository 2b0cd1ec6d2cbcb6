//! `atlas help`: the help of a command, or a topic of the operator's handbook.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, Command};

use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{Printer, print, printed};
use crate::ops::handbook;

#[derive(Args)]
pub(super) struct HelpArgs {
    /// A topic of the operator's handbook, or a command
    #[arg(value_name = "TOPIC|COMMAND")]
    names: Vec<String>,
}

/// The arguments of the process. `atlas snapshot help create` becomes `atlas help snapshot create`.
pub(super) fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(2).is_some_and(|argument| argument == "help") {
        arguments.swap(1, 2);
    }
    arguments
}

/// The last lines of `atlas --help`.
pub(super) fn topics_help() -> String {
    format!("Topics of the handbook: {}\nRead one with `atlas help TOPIC`.", handbook::topics().join(", "))
}

/// Prints the help of the named command, then the topic of that name. Without a name, prints the help of `atlas`. For an unknown
/// name, clap ends the process, as for any wrong usage.
pub(super) fn run(args: &HelpArgs, mut atlas: Command) -> ExitStatus {
    atlas.build();
    let topic = match args.names.as_slice() {
        [name] => handbook::find_topic(name),
        _ => None,
    };
    let command = find_command(&mut atlas, &args.names);
    let printed_help = match (command, topic) {
        (Ok(command), topic) => printed(command.print_help())
            .and_then(|()| topic.map_or(Ok(()), |topic| print(format_args!("\n{}", topic.trim_end())))),
        (Err(_), Some(topic)) => print(topic.trim_end()),
        (Err(error), None) => error.exit(),
    };
    to_status(printed_help)
}

/// Ends the process as clap would, except that help and version that cannot be printed are an error.
pub(super) fn exit_of_clap(error: &clap::Error) -> ExitStatus {
    if error.use_stderr() {
        error.exit();
    }
    to_status(printed(error.print()))
}

fn to_status(printed: Result<(), CommandError>) -> ExitStatus {
    match printed {
        Ok(()) => ExitStatus::Success,
        Err(error) => Printer::new(false).print_failure(&error),
    }
}

fn find_command<'a>(atlas: &'a mut Command, names: &[String]) -> Result<&'a mut Command, clap::Error> {
    let mut command = atlas;
    for (depth, name) in names.iter().enumerate() {
        let Some(index) = command.get_subcommands().position(|subcommand| subcommand.get_name() == name) else {
            let topics = if depth == 0 { handbook::topics() } else { Vec::new() };
            return Err(unknown_name(command, name, topics));
        };
        // The borrow checker refuses to return a command found by name from a loop that also uses the one above it.
        command =
            command.get_subcommands_mut().nth(index).ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))?;
    }
    Ok(command)
}

fn unknown_name(command: &mut Command, name: &str, topics: Vec<String>) -> clap::Error {
    let kind = if topics.is_empty() { "command" } else { "command or topic" };
    let subcommands = command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned());
    let nearest = subcommands.chain(topics).min_by_key(|known| strsim::damerau_levenshtein(known, name));
    let suggestion = nearest.map(|nearest| format!(". Did you mean “{nearest}”?")).unwrap_or_default();
    command.error(ErrorKind::InvalidSubcommand, format!("there is no {kind} “{name}”{suggestion}"))
}
