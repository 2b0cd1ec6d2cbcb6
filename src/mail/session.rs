//! Opening an SMTP session: greeting, EHLO, STARTTLS, and signing in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_send::SmtpClient;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::capabilities::Capabilities;
use super::command::{read_reply, send_command};
use super::error::{DeliveryError, SmtpStep};
use super::relay::Relay;
use super::reply::Reply;
use crate::config::{Secret, Tls};

/// A connection with or without TLS.
pub(super) trait RelayStream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> RelayStream for T {}

/// A client that is past its sign-in.
pub(super) type SmtpSession = SmtpClient<Box<dyn RelayStream>>;

/// Opens a session on a new connection.
///
/// # Errors
/// [`DeliveryError`] when the relay refuses the connection, TLS or the credentials, or doesn't answer in time.
pub(super) async fn open_session(relay: &Relay, stream: TcpStream) -> Result<SmtpSession, DeliveryError> {
    let mut session = match relay.smtp.tls {
        Tls::None => greeted(relay, Box::new(stream)).await?,
        Tls::Implicit => {
            let stream = encrypt(relay, SmtpClient { stream, timeout: relay.timeouts.tls }).await?;
            greeted(relay, stream).await?
        }
        Tls::StartTls => start_tls(relay, stream).await?,
    };
    let capabilities = introduce(relay, &mut session).await?;
    if let Some((user, password)) = &relay.smtp.credentials {
        sign_in(relay, &mut session, capabilities, user, password).await?;
    }
    Ok(session)
}

async fn greeted(relay: &Relay, stream: Box<dyn RelayStream>) -> Result<SmtpSession, DeliveryError> {
    let mut session = SmtpClient { stream, timeout: relay.timeouts.greeting };
    read_greeting(relay, &mut session).await?;
    Ok(session)
}

async fn read_greeting<T: RelayStream>(relay: &Relay, client: &mut SmtpClient<T>) -> Result<(), DeliveryError> {
    read_reply(client, SmtpStep::Connect, relay.timeouts.greeting).await?.require_success(SmtpStep::Connect)?;
    Ok(())
}

async fn start_tls(relay: &Relay, stream: TcpStream) -> Result<SmtpSession, DeliveryError> {
    let mut client = SmtpClient { stream, timeout: relay.timeouts.command };
    read_greeting(relay, &mut client).await?;
    // SECURITY: without TLS neither the password nor a message is sent.
    if !introduce(relay, &mut client).await?.starttls {
        return Err(DeliveryError::without_starttls());
    }
    send_command(&mut client, SmtpStep::StartTls, "STARTTLS", relay.timeouts.command)
        .await?
        .require_success(SmtpStep::StartTls)?;
    // SECURITY: replies that arrived before the handshake were discarded with the reader's buffer.
    let stream = encrypt(relay, SmtpClient { timeout: relay.timeouts.tls, ..client }).await?;
    Ok(SmtpClient { stream, timeout: relay.timeouts.command })
}

async fn encrypt(relay: &Relay, client: SmtpClient<TcpStream>) -> Result<Box<dyn RelayStream>, DeliveryError> {
    let encrypted = client.into_tls(&relay.tls, &relay.smtp.host).await;
    let client = encrypted.map_err(|error| DeliveryError::from_smtp(SmtpStep::StartTls, &error))?;
    Ok(Box::new(client.stream))
}

/// Sends EHLO and returns what the relay offers. A relay that doesn't know EHLO offers nothing and is sent HELO.
async fn introduce<T: RelayStream>(relay: &Relay, client: &mut SmtpClient<T>) -> Result<Capabilities, DeliveryError> {
    let (host, limit) = (&relay.host, relay.timeouts.command);
    let reply = send_command(client, SmtpStep::Connect, &format!("EHLO {host}"), limit).await?;
    if !matches!(reply.code, 500 | 502 | 504) {
        return Ok(Capabilities::parse(&reply.require_success(SmtpStep::Connect)?.text));
    }
    let reply = send_command(client, SmtpStep::Connect, &format!("HELO {host}"), limit).await?;
    reply.require_success(SmtpStep::Connect)?;
    Ok(Capabilities::default())
}

/// Signs in with the first mechanism that the relay offers and doesn't refuse as such.
async fn sign_in(
    relay: &Relay,
    session: &mut SmtpSession,
    offered: Capabilities,
    user: &str,
    password: &Secret,
) -> Result<(), DeliveryError> {
    let plain = STANDARD.encode(format!("\0{user}\0{}", password.reveal()));
    let (user, password) = (STANDARD.encode(user), STANDARD.encode(password.reveal()));
    // The relay's prompts are free text in any language, so they are answered in their order. A relay that ignores an initial
    // response prompts for it.
    let mechanisms = [
        (offered.auth_plain, format!("AUTH PLAIN {plain}"), vec![plain]),
        (offered.auth_login, "AUTH LOGIN".to_owned(), vec![user, password]),
    ];
    let mut refused = DeliveryError::without_password_sign_in();
    for (is_offered, command, answers) in mechanisms {
        if !is_offered {
            continue;
        }
        let reply = authenticate(relay, session, &command, answers).await?;
        match reply.code {
            200..300 => return Ok(()),
            // The mechanism is refused, not the credentials.
            500..=504 | 534 | 538 => refused = DeliveryError::from_sign_in(&reply),
            _ => return Err(DeliveryError::from_sign_in(&reply)),
        }
    }
    Err(refused)
}

/// Sends an AUTH command and answers the relay's prompts.
async fn authenticate(
    relay: &Relay,
    session: &mut SmtpSession,
    command: &str,
    answers: Vec<String>,
) -> Result<Reply, DeliveryError> {
    let limit = relay.timeouts.command;
    let mut reply = send_command(session, SmtpStep::SignIn, command, limit).await?;
    for answer in answers {
        if reply.code != 334 {
            return Ok(reply);
        }
        reply = send_command(session, SmtpStep::SignIn, &answer, limit).await?;
    }
    if reply.code == 334 {
        // RFC 4954 section 4: an asterisk cancels the exchange.
        reply = send_command(session, SmtpStep::SignIn, "*", limit).await?;
    }
    Ok(reply)
}
