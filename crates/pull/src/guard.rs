//! Where this machine may connect to on a declaration's word.

mod client;
mod ranges;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ipnet::IpNet;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::{Host, Url};

use crate::{PullError, Result};
pub(crate) use client::Checked;
pub use client::StoreConnector;
use ranges::{Opened, Range};

#[cfg(test)]
mod tests;

/// Decides which addresses may be reached. Public ones may; private, loopback, link-local, shared,
/// reserved and disguised ones only when the declaration lists them.
///
/// Names are resolved here, every address that a name leads to is checked, and the connection goes
/// to an address that was checked: a name that leads elsewhere a moment later gains nothing.
#[derive(Clone)]
pub struct Guard {
    allowed: Arc<[Allowed]>,
    names: Arc<dyn Names>,
}

/// What a name leads to.
#[async_trait]
pub(crate) trait Names: Send + Sync {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
struct System;

/// An entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed {
    Net(IpNet),
    Host(Host, u16),
}

impl Guard {
    /// A guard with its list of exceptions. An entry is `host:port` (a name, an IPv4 address or an
    /// IPv6 address in brackets) or a range of addresses such as `10.20.0.0/16`, for every port.
    ///
    /// A name opens the private, loopback and shared addresses that it leads to. Link-local,
    /// reserved and embedded addresses are opened by their own address or range only, multicast and
    /// unspecified ones by nothing.
    ///
    /// # Errors
    /// [`PullError::Declared`] for an entry that is neither.
    pub fn new<S: AsRef<str>>(allowed: impl IntoIterator<Item = S>) -> Result<Self> {
        let allowed = allowed.into_iter().map(|entry| entry_of(entry.as_ref()));
        Ok(Self {
            allowed: allowed.collect::<Result<_>>()?,
            names: Arc::new(System),
        })
    }

    #[cfg(test)]
    pub(crate) fn with_names(mut self, names: Arc<dyn Names>) -> Self {
        self.names = names;
        self
    }

    /// Reads an address that is to be asked, which is not reached by this: `https`, or `http` too
    /// when `plain`; no user or password in it. Its host is written out as it will be reached.
    ///
    /// # Errors
    /// [`PullError::Declared`]; it shows nothing of what may be a password.
    pub fn url(&self, text: &str, plain: bool) -> Result<Url> {
        let declared = |why: &str| PullError::Declared(why.to_owned());
        let mut url = Url::parse(text)
            .map_err(|error| PullError::Declared(format!("the address is no URL: {error}")))?;
        match url.scheme() {
            "https" => {}
            "http" if plain => {}
            "http" => {
                return Err(declared(
                    "the address begins with `http://`, which anyone on the way can read; write \
                     `https://`, or declare that plain HTTP is meant",
                ));
            }
            other => {
                let message = format!("the address begins with `{other}:`; write `https://`");
                return Err(PullError::Declared(message));
            }
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(declared(
                "the address has a user or a password in it; leave them out and declare a secret \
                 by reference",
            ));
        }
        url.set_fragment(None);
        Ok(url)
    }

    /// The addresses of `host`, each of which may be reached at `port`.
    ///
    /// # Errors
    /// [`PullError::Declared`] when one of them may not, [`PullError::Unavailable`] when there are
    /// none.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        let host = host_of(host)?;
        let found = match &host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => self.resolve(name).await?,
        };
        for address in &found {
            self.permit(&host, port, *address)?;
        }
        let with_port = |address: IpAddr| SocketAddr::new(address, port);
        Ok(found.into_iter().map(with_port).collect())
    }

    /// A connection to the first of its addresses that answers.
    pub(crate) async fn connect(
        &self,
        host: &str,
        port: u16,
        within: Duration,
    ) -> Result<TcpStream> {
        let reach = async {
            let addresses = self.addresses(host, port).await?;
            let stream = TcpStream::connect(addresses.as_slice()).await;
            stream.map_err(|error| unreachable(host, port, &error.to_string()))
        };
        let late = |_| unreachable(host, port, &format!("it does not answer within {within:?}"));
        timeout(within, reach).await.map_err(late)?
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>> {
        let failed = |why: &str| {
            PullError::Unavailable(format!("cannot find the address of `{name}`: {why}"))
        };
        let found = self.names.addresses(name).await;
        let found = found.map_err(|error| failed(&error.to_string()))?;
        match found.is_empty() {
            true => Err(failed("it has none")),
            false => Ok(found),
        }
    }

    fn permit(&self, host: &Host, port: u16, address: IpAddr) -> Result<()> {
        let Some(range) = ranges::of(address) else {
            return Ok(());
        };
        let mut allowed = self.allowed.iter();
        if allowed.any(|entry| entry.opens(host, port, address, range)) {
            return Ok(());
        }
        let what = range.what;
        let way_out = match range.opened {
            Opened::Never => "which no list can open".to_owned(),
            Opened::ByName => format!("and `{host}:{port}` is not in `allow_addresses`"),
            Opened::ByAddress => {
                let entry = SocketAddr::new(address, port);
                format!("and `{entry}` is not in `allow_addresses`")
            }
        };
        let found = match host {
            Host::Domain(_) => format!("`{address}` is {what}"),
            Host::Ipv4(_) | Host::Ipv6(_) => format!("it is {what}"),
        };
        let message = format!("cannot reach `{host}:{port}`: {found}, {way_out}");
        Err(PullError::Declared(message))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guard").field(&self.allowed).finish()
    }
}

impl Allowed {
    fn opens(&self, host: &Host, port: u16, address: IpAddr, range: &Range) -> bool {
        let by_address = range.opened != Opened::Never;
        match self {
            Self::Net(net) => by_address && net.contains(&address),
            Self::Host(_, at) if *at != port => false,
            Self::Host(Host::Ipv4(listed), _) => by_address && IpAddr::V4(*listed) == address,
            Self::Host(Host::Ipv6(listed), _) => by_address && IpAddr::V6(*listed) == address,
            Self::Host(named, _) => range.opened == Opened::ByName && named == host,
        }
    }
}

#[async_trait]
impl Names for System {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// As a browser reads it: `0x7f.1` and `2130706433` are addresses, not names.
fn host_of(text: &str) -> Result<Host> {
    let bracketed = match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => text.to_owned(),
    };
    let host = Host::parse(bracketed.trim_end_matches('.'))
        .map_err(|error| PullError::Declared(format!("`{text}` is no host: {error}")))?;
    Ok(host)
}

fn entry_of(entry: &str) -> Result<Allowed> {
    let wrong = || {
        PullError::Declared(format!(
            "`{entry}` in `allow_addresses` is neither `host:port` nor a range such as \
             `10.20.0.0/16`"
        ))
    };
    if entry.contains('/') {
        let net: IpNet = entry.parse().map_err(|_| wrong())?;
        return Ok(Allowed::Net(net.trunc()));
    }
    let (host, port) = entry.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().ok().filter(|port| *port != 0);
    let host = Host::parse(host.trim_end_matches('.')).map_err(|_| wrong())?;
    Ok(Allowed::Host(host, port.ok_or_else(wrong)?))
}

pub(crate) fn unreachable(host: &str, port: u16, why: &str) -> PullError {
    PullError::Unavailable(format!("cannot reach `{host}:{port}`: {why}"))
}
