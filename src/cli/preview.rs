//! `atlas preview`: creates, lists and destroys previews.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;

use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{Printer, Render, print, print_error};
use super::settings::app_url;
use crate::app::clock::Clock;
use crate::config::{self, Flags, Settings, Severity, previews as records};
use crate::domain::calendar::format::format_utc_day;
use crate::domain::environment::preview::DEFAULT_LIFETIME_DAYS;
use crate::domain::{Environment, Preview, PreviewName};
use crate::ops::previews::{
    DestroyedPreview, NewPreview, PreviewState, Previews, Proxy, ProxyRoute, proxy_configuration,
};
use crate::store::migrations::Migrations;

#[derive(Subcommand)]
pub(super) enum PreviewArgs {
    /// Create a preview; `atlas serve --env preview/NAME` starts it
    Create {
        #[command(flatten)]
        name: NameArgs,
        /// Days until it expires
        #[arg(long, value_name = "N", default_value_t = DEFAULT_LIFETIME_DAYS, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
        #[command(flatten)]
        options: PreviewOptions,
    },
    /// List previews, or print the configuration for a proxy
    List {
        /// Print configuration that maps host names to ports
        #[arg(long, value_name = "PROXY", conflicts_with = "json")]
        proxy: Option<ProxyArg>,
        #[command(flatten)]
        options: PreviewOptions,
    },
    /// Delete a preview with its data (stop its server first)
    Destroy {
        #[command(flatten)]
        name: NameArgs,
        #[command(flatten)]
        options: PreviewOptions,
    },
    /// Delete expired, unused previews
    Prune {
        #[command(flatten)]
        options: PreviewOptions,
    },
}

#[derive(Args)]
pub(super) struct NameArgs {
    /// Name of the preview, or of its branch with --from-branch
    #[arg(value_name = "NAME")]
    name: String,
    /// Derive the preview's name from NAME, which may be any branch name
    #[arg(long)]
    from_branch: bool,
}

#[derive(Args)]
pub(super) struct PreviewOptions {
    /// Configuration file [default: atlas.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ProxyArg {
    Caddy,
    Nginx,
}

pub(super) fn run(args: PreviewArgs, migrations: Migrations) -> ExitStatus {
    match args {
        PreviewArgs::Create { name, days, options } => options.printer().finish(create(&name, days, &options)),
        PreviewArgs::List { proxy: None, options } => options.printer().finish(list(&options, migrations)),
        PreviewArgs::List { proxy: Some(proxy), options } => print_proxy_configuration(proxy, &options, migrations),
        PreviewArgs::Destroy { name, options } => options.printer().finish(destroy(&name, &options, migrations)),
        PreviewArgs::Prune { options } => options.printer().finish(prune(&options, migrations)),
    }
}

impl NameArgs {
    fn parse(&self) -> Result<PreviewName, CommandError> {
        if self.from_branch {
            return PreviewName::from_branch(&self.name).map_err(CommandError::refused);
        }
        self.name.parse().map_err(CommandError::refused)
    }
}

impl PreviewOptions {
    fn printer(&self) -> Printer {
        Printer::new(self.json)
    }

    fn previews(&self) -> Result<Previews, CommandError> {
        let flags = Flags { config: self.config.clone(), ..Flags::default() };
        let variables = config::process_variables()?;
        Ok(Previews::new(records::find_previews_folder(&flags, &variables)?))
    }

    /// The settings of a preview by the template. Conflicts with other environments are checked when it is served.
    fn settings(&self, name: &PreviewName) -> Result<Settings, CommandError> {
        let environment = Some(name.environment().to_string());
        let flags = Flags { environment, config: self.config.clone(), ..Flags::default() };
        let checked = config::check(&flags, &config::process_variables()?)?;
        checked.settings.ok_or_else(|| {
            for problem in checked.problems.iter().filter(|problem| problem.severity == Severity::Error) {
                print_error(format_args!("error: {}", problem.message));
            }
            CommandError::Reported(ExitStatus::Configuration)
        })
    }
}

/// A preview as lists show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PreviewDetail {
    name: PreviewName,
    environment: Environment,
    branch: Option<String>,
    state: &'static str,
    port: u16,
    url: String,
    gate_user: String,
    gate_password: String,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl PreviewDetail {
    fn new(preview: Preview, settings: &Settings, state: PreviewState) -> Self {
        let url = app_url(settings, settings.listen).map(|url| url.as_str().trim_end_matches('/').to_owned());
        Self {
            environment: preview.name.environment(),
            name: preview.name,
            branch: preview.branch,
            state: state.as_str(),
            port: preview.port,
            url: url.unwrap_or_default(),
            gate_user: preview.basic_auth_user,
            gate_password: preview.basic_auth_password,
            created_at: preview.created_at,
            expires_at: preview.expires_at,
        }
    }
}

#[derive(Serialize)]
struct CreatedPreview(PreviewDetail);

impl Render for CreatedPreview {
    fn to_text(&self) -> String {
        let PreviewDetail { name, url, gate_user, gate_password, expires_at, .. } = &self.0;
        format!(
            "Created preview {name} at {url} (expires {})\nStart it with: atlas serve --env preview/{name}\nUser name: {gate_user}\nPassword: {gate_password}",
            format_utc_day(*expires_at)
        )
    }
}

fn create(name: &NameArgs, days: u16, options: &PreviewOptions) -> Result<CreatedPreview, CommandError> {
    let branch = name.from_branch.then(|| name.name.clone());
    let name = name.parse()?;
    // A template that no preview could be served with is refused before anything is created.
    let settings = options.settings(&name)?;
    let reserved_ports = settings.peers.others.iter().filter_map(|peer| peer.listen).map(|listen| listen.port());
    let reserved_ports = reserved_ports.collect();
    let new = NewPreview { name: name.clone(), branch, days, listen: settings.listen, reserved_ports };
    let preview = options.previews()?.create(new, Clock::System.now())?;
    Ok(CreatedPreview(PreviewDetail::new(preview, &options.settings(&name)?, PreviewState::Stopped)))
}

#[derive(Serialize)]
struct PreviewList {
    previews: Vec<PreviewDetail>,
}

impl Render for PreviewList {
    fn to_text(&self) -> String {
        let width = self.previews.iter().map(|preview| preview.name.as_str().len()).max().unwrap_or(0);
        let line = |preview: &PreviewDetail| {
            let PreviewDetail { name, state, port, url, expires_at, .. } = preview;
            format!("{:width$}  {state:8}  port {port}  expires {}  {url}", name.as_str(), format_utc_day(*expires_at))
        };
        let count = self.previews.len();
        let total = format!("{count} preview{}", if count == 1 { "" } else { "s" });
        self.previews.iter().map(line).chain([total]).collect::<Vec<_>>().join("\n")
    }
}

fn list(options: &PreviewOptions, migrations: Migrations) -> Result<PreviewList, CommandError> {
    let details = options.previews()?.list(migrations)?.into_iter().map(|(preview, state)| {
        let settings = options.settings(&preview.name)?;
        Ok(PreviewDetail::new(preview, &settings, state))
    });
    Ok(PreviewList { previews: details.collect::<Result<_, CommandError>>()? })
}

fn print_proxy_configuration(proxy: ProxyArg, options: &PreviewOptions, migrations: Migrations) -> ExitStatus {
    let proxy = match proxy {
        ProxyArg::Caddy => Proxy::Caddy,
        ProxyArg::Nginx => Proxy::Nginx,
    };
    let printed =
        proxy_routes(options, migrations).and_then(|routes| print(proxy_configuration(proxy, &routes).trim_end()));
    match printed {
        Ok(()) => ExitStatus::Success,
        Err(error) => options.printer().print_failure(&error),
    }
}

fn proxy_routes(options: &PreviewOptions, migrations: Migrations) -> Result<Vec<ProxyRoute>, CommandError> {
    let no_host_names = "previews have no host names: set app_url in [environment.preview], for example to https://{name}.preview.example.com";
    let routes = options.previews()?.list(migrations)?.into_iter().map(|(preview, _)| {
        let settings = options.settings(&preview.name)?;
        let url = settings.app_url.ok_or_else(|| CommandError::refused(no_host_names))?;
        Ok(ProxyRoute { url, upstream: local_address(settings.listen) })
    });
    routes.collect()
}

/// Where a proxy on this machine reaches a server that listens on all interfaces.
fn local_address(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[derive(Serialize)]
struct DestroyedPreviews {
    destroyed: Vec<PreviewName>,
    /// What was in their folders and is not Atlas's.
    left: Vec<PathBuf>,
}

impl From<Vec<DestroyedPreview>> for DestroyedPreviews {
    fn from(previews: Vec<DestroyedPreview>) -> Self {
        let mut all = Self { destroyed: Vec::new(), left: Vec::new() };
        for DestroyedPreview { name, left } in previews {
            all.destroyed.push(name);
            all.left.extend(left);
        }
        all
    }
}

impl Render for DestroyedPreviews {
    fn to_text(&self) -> String {
        if self.destroyed.is_empty() {
            return "No preview to delete: none has expired, or those that have are in use".to_owned();
        }
        let destroyed = self.destroyed.iter().map(|name| format!("Deleted preview {name}"));
        let left = self.left.iter().map(|path| format!("Left {}, which Atlas didn't create", path.display()));
        destroyed.chain(left).collect::<Vec<_>>().join("\n")
    }
}

fn destroy(
    name: &NameArgs,
    options: &PreviewOptions,
    migrations: Migrations,
) -> Result<DestroyedPreviews, CommandError> {
    Ok(vec![options.previews()?.destroy(&name.parse()?, migrations)?].into())
}

fn prune(options: &PreviewOptions, migrations: Migrations) -> Result<DestroyedPreviews, CommandError> {
    Ok(options.previews()?.prune(Clock::System.now(), migrations)?.into())
}
