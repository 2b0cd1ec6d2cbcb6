//! Signing in to the mail relay, for `atlas check --connect`.

use crate::cli::exit_status::ExitStatus;
use crate::cli::settings::app_url;
use crate::config::{Settings, Tls, Transport};
use crate::mail::{DeliveryError, Disposition, Relay, RelayFault, RelayTimeouts};

pub(super) struct RelayCheck {
    /// The relay's URL; `None` where mail is captured.
    pub(super) relay: Option<String>,
    pub(super) error: Option<DeliveryError>,
}

pub(super) fn check_relay(settings: &Settings) -> RelayCheck {
    let Transport::Smtp(smtp) = &settings.mail.transport else { return RelayCheck { relay: None, error: None } };
    let scheme = if smtp.tls == Tls::Implicit { "smtps" } else { "smtp" };
    let relay = Some(format!("{scheme}://{}:{}", smtp.host, smtp.port));
    RelayCheck { relay, error: sign_in(settings).err() }
}

fn sign_in(settings: &Settings) -> Result<(), DeliveryError> {
    let local = |error: &dyn std::fmt::Display| DeliveryError::local(&error.to_string());
    let app_url = app_url(settings, settings.listen).map_err(|error| local(&error))?;
    let relay = Relay::from_settings(&settings.mail, &app_url, None).map_err(|error| local(&error))?;
    let Some(mut relay) = relay else { return Ok(()) };
    relay.timeouts = RelayTimeouts::interactive();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| local(&error))?;
    runtime.block_on(relay.check_sign_in())
}

impl RelayCheck {
    pub(super) fn as_str(&self) -> &'static str {
        match (&self.relay, self.error.as_ref().map(|error| error.disposition)) {
            (None, _) => "captured",
            (Some(_), None) => "signed-in",
            (Some(_), Some(Disposition::Misconfigured(fault))) => fault.as_str(),
            (Some(_), Some(_)) => "unreachable",
        }
    }

    /// What must be fixed here is configuration; anything else may pass in a minute.
    pub(super) fn exit_status(&self) -> ExitStatus {
        match self.error.as_ref().map(|error| error.disposition) {
            None => ExitStatus::Success,
            Some(Disposition::Misconfigured(RelayFault::SignIn | RelayFault::Tls | RelayFault::Sender)) => {
                ExitStatus::Configuration
            }
            Some(_) => ExitStatus::Unreachable,
        }
    }
}
