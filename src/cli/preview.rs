//! `atlas preview`: previews are made, listed and removed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use serde_json::{Value, json};

use super::{Exit, complain, open, say};
use crate::app::clock::Clock;
use crate::config::{self, Flags, Settings, Severity, previews as records};
use crate::domain::preview::LIFE_DAYS;
use crate::domain::{Preview, PreviewName};
use crate::ops::previews::proxy::{Proxy, Site, configuration};
use crate::ops::previews::{Error, Previews, State, Wanted};

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Make a preview: its folder, its port, its gate; `atlas serve --env preview/NAME` starts it
    Create {
        #[command(flatten)]
        which: Which,
        /// After how many days it is removed
        #[arg(long, value_name = "N", default_value_t = LIFE_DAYS, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
        #[command(flatten)]
        how: How,
    },
    /// List previews, or print what a proxy must know of them
    List {
        /// Print configuration that maps host names to ports
        #[arg(long, value_name = "PROXY", conflicts_with = "json")]
        proxy: Option<ForProxy>,
        #[command(flatten)]
        how: How,
    },
    /// Remove a preview with everything that is its own; not while it is in use
    Destroy {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        how: How,
    },
    /// Remove the previews whose days are over and that nobody uses
    Prune {
        #[command(flatten)]
        how: How,
    },
}

/// Which preview.
#[derive(Args)]
pub(super) struct Which {
    /// Its name, or with --from-branch that of a branch
    #[arg(value_name = "NAME")]
    name: String,
    /// NAME is that of a branch, and may be anything
    #[arg(long)]
    from_branch: bool,
}

#[derive(Args)]
pub(super) struct How {
    /// Configuration file [default: atlas.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ForProxy {
    Caddy,
    Nginx,
}

/// Does what the verb says.
pub(super) fn run(verb: Verb) -> Exit {
    let done = match verb {
        Verb::Create { which, days, how } => create(&which, days, &how),
        Verb::List { proxy: None, how } => list(&how),
        Verb::List { proxy: Some(proxy), how } => tell(proxy, &how),
        Verb::Destroy { which, how } => destroy(&which, &how),
        Verb::Prune { how } => prune(&how),
    };
    match done {
        Ok(()) => Exit::Fine,
        Err(exit) => exit,
    }
}

/// How a command ends that could not do what was asked with a preview.
pub(super) fn failed(error: &Error) -> Exit {
    complain(error);
    match error {
        Error::Unknown(_) | Error::Exists { .. } | Error::NotAPreview { .. } | Error::NoPort { .. } => Exit::Refused,
        Error::InUse { .. } => Exit::Unreachable,
        Error::Open(error) => open::exit_of_store(error),
        Error::Io { .. } | Error::App(_) | Error::Seeds(_) => Exit::InputOutput,
    }
}

impl Which {
    fn name(&self) -> Result<PreviewName, Exit> {
        if self.from_branch {
            return Ok(PreviewName::of_branch(&self.name));
        }
        self.name.parse().map_err(|error| {
            complain(error);
            Exit::Refused
        })
    }
}

impl How {
    fn previews(&self) -> Result<Previews, Exit> {
        let flags = Flags { config: self.config.clone(), ..Flags::default() };
        let home = config::process_variables().and_then(|variables| records::home_of_all(&flags, &variables));
        home.map(Previews::below).map_err(|error| {
            complain(error);
            Exit::Configuration
        })
    }

    /// What the template means for one preview. Whether it is apart from everybody else is looked at when it is served.
    fn settings(&self, name: &PreviewName) -> Result<Settings, Exit> {
        let environment = Some(name.environment().to_string());
        let flags = Flags { environment, config: self.config.clone(), ..Flags::default() };
        let checked = config::process_variables().and_then(|variables| config::check(&flags, &variables));
        let checked = checked.map_err(|error| {
            complain(error);
            Exit::Configuration
        })?;
        checked.settings.ok_or_else(|| {
            for problem in checked.problems.iter().filter(|problem| problem.severity == Severity::Error) {
                complain(format_args!("error: {}", problem.message));
            }
            Exit::Configuration
        })
    }
}

fn create(which: &Which, days: u16, how: &How) -> Result<(), Exit> {
    let name = which.name()?;
    // Refused before anything is made: a template that no preview could be served with.
    let settings = how.settings(&name)?;
    let branch = which.from_branch.then(|| which.name.clone());
    let wanted = Wanted { name: name.clone(), branch, days, listen: settings.listen };
    let made = how.previews()?.create(wanted, Clock::System.now()).map_err(|error| failed(&error))?;
    let settings = how.settings(&name)?;
    if how.json {
        say(format_args!("{:#}", shown(&made, &settings, State::Stopped)));
        return Ok(());
    }
    let Preview { gate_user, gate_password, expires_at, .. } = &made;
    say(format_args!("preview/{name} is made, at {} until {}", address(&settings), expires_at.strftime("%Y-%m-%d")));
    say(format_args!("start it with:  atlas serve --env preview/{name}"));
    say(format_args!("its gate asks for the name “{gate_user}” and the password “{gate_password}”"));
    Ok(())
}

fn each(how: &How) -> Result<Vec<(Preview, State, Settings)>, Exit> {
    let previews = how.previews()?.list().map_err(|error| failed(&error))?;
    let with_settings = previews.into_iter().map(|(preview, state)| {
        let settings = how.settings(&preview.name)?;
        Ok((preview, state, settings))
    });
    with_settings.collect()
}

fn list(how: &How) -> Result<(), Exit> {
    let previews = each(how)?;
    if how.json {
        let rows: Vec<Value> =
            previews.iter().map(|(preview, state, settings)| shown(preview, settings, *state)).collect();
        say(format_args!("{:#}", json!({ "previews": rows })));
        return Ok(());
    }
    let width = previews.iter().map(|(preview, ..)| preview.name.as_str().len()).max().unwrap_or(0);
    for (preview, state, settings) in &previews {
        let name = preview.name.as_str();
        let (until, url) = (preview.expires_at.strftime("%Y-%m-%d"), address(settings));
        say(format_args!("{name:width$}  {:8}  port {}  until {until}  {url}", word(*state), preview.port));
    }
    say(format_args!("{} preview{}", previews.len(), if previews.len() == 1 { "" } else { "s" }));
    Ok(())
}

fn tell(proxy: ForProxy, how: &How) -> Result<(), Exit> {
    let mut sites = Vec::new();
    for (_, _, settings) in each(how)? {
        let Some(url) = settings.app_url else {
            complain(
                "previews have no host names: set app_url in [environment.preview], as in https://{name}.preview.example.com",
            );
            return Err(Exit::Refused);
        };
        sites.push(Site { url, serves: reached(settings.listen) });
    }
    let proxy = match proxy {
        ForProxy::Caddy => Proxy::Caddy,
        ForProxy::Nginx => Proxy::Nginx,
    };
    say(configuration(proxy, &sites).trim_end());
    Ok(())
}

/// Whoever listens everywhere is reached on this machine.
fn reached(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        std::net::IpAddr::V4(ip) if ip.is_unspecified() => [127, 0, 0, 1].into(),
        std::net::IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn destroy(which: &Which, how: &How) -> Result<(), Exit> {
    let name = which.name()?;
    how.previews()?.destroy(&name).map_err(|error| failed(&error))?;
    if how.json {
        say(format_args!("{:#}", json!({ "destroyed": [name] })));
    } else {
        say(format_args!("preview/{name} is gone, with everything that was its own"));
    }
    Ok(())
}

fn prune(how: &How) -> Result<(), Exit> {
    let gone = how.previews()?.prune(Clock::System.now()).map_err(|error| failed(&error))?;
    if how.json {
        say(format_args!("{:#}", json!({ "destroyed": gone })));
        return Ok(());
    }
    for name in &gone {
        say(format_args!("preview/{name} was over and is gone"));
    }
    if gone.is_empty() {
        say("no preview is over, or those that are over are in use");
    }
    Ok(())
}

fn word(state: State) -> &'static str {
    match state {
        State::InUse => "in use",
        State::Stopped => "stopped",
    }
}

/// Where people reach a preview.
fn address(settings: &Settings) -> String {
    open::app_url(settings, settings.listen)
        .map(|url| url.as_str().trim_end_matches('/').to_owned())
        .unwrap_or_default()
}

fn shown(preview: &Preview, settings: &Settings, state: State) -> Value {
    json!({
        "name": preview.name,
        "environment": preview.name.environment(),
        "branch": preview.branch,
        "state": word(state),
        "port": preview.port,
        "url": address(settings),
        "gateUser": preview.gate_user,
        "gatePassword": preview.gate_password,
        "createdAt": preview.created_at,
        "expiresAt": preview.expires_at,
    })
}
