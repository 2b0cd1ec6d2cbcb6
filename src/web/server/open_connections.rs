//! The open connections, so that idle ones can be closed when there is no room for new ones.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::web::server::connection_state::ConnectionState;

#[derive(Default, Clone)]
pub struct OpenConnections(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    next_id: u64,
    connections: HashMap<u64, Connection>,
    /// How many connections each address has.
    counts: HashMap<IpAddr, usize>,
}

struct Connection {
    /// `None` for connections that are exempt from the limit per address.
    address: Option<IpAddr>,
    state: Arc<ConnectionState>,
}

/// The place of one connection, released when it is dropped.
pub struct Place {
    open: OpenConnections,
    id: u64,
}

impl OpenConnections {
    /// Adds a connection. Returns `None` if its address has `max_per_address` and none of them is idle.
    pub fn add(&self, address: Option<IpAddr>, max_per_address: usize, state: Arc<ConnectionState>) -> Option<Place> {
        let mut table = self.0.lock();
        if let Some(address) = address {
            let is_full = table.counts.get(&address).is_some_and(|count| *count >= max_per_address);
            if is_full && table.close_longest_idle(1, Some(address)) == 0 {
                return None;
            }
            *table.counts.entry(address).or_insert(0) += 1;
        }
        let id = table.next_id;
        table.next_id += 1;
        table.connections.insert(id, Connection { address, state });
        Some(Place { open: self.clone(), id })
    }

    /// Closes up to `max` connections, those that have been idle for the longest time first.
    pub fn close_longest_idle(&self, max: usize) {
        self.0.lock().close_longest_idle(max, None);
    }
}

impl Table {
    /// Returns how many are closed. With an address, only its connections are considered.
    fn close_longest_idle(&self, max: usize, address: Option<IpAddr>) -> usize {
        let of_address =
            self.connections.values().filter(|connection| address.is_none() || connection.address == address);
        let mut idle: Vec<_> =
            of_address.filter_map(|connection| Some((connection.state.idle_since()?, &connection.state))).collect();
        idle.sort_unstable_by_key(|(since, _)| *since);
        idle.truncate(max);
        for (_, state) in &idle {
            state.close();
        }
        idle.len()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.open.0.lock();
        let Some(address) = table.connections.remove(&self.id).and_then(|connection| connection.address) else {
            return;
        };
        if let Some(count) = table.counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                table.counts.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;
    use crate::web::server::connection_state::ServerStage;

    fn connection() -> Arc<ConnectionState> {
        Arc::new(ConnectionState::new(watch::channel(ServerStage::Serving).1))
    }

    #[test]
    fn an_address_at_its_limit_gets_another_connection_only_in_place_of_an_idle_one() {
        let (open, address) = (OpenConnections::default(), Some(IpAddr::from([192, 0, 2, 1])));
        let (first, second) = (connection(), connection());
        let _places = [&first, &second].map(|state| open.add(address, 2, Arc::clone(state)).unwrap());
        assert!(open.add(address, 2, connection()).is_none());
        assert!(open.add(Some(IpAddr::from([192, 0, 2, 2])), 2, connection()).is_some());
        second.request_finished(true);
        let place = open.add(address, 2, connection());
        assert!(place.is_some() && second.is_stopping() && !first.is_stopping());
        drop(place);
        assert!(open.add(address, 2, connection()).is_none(), "the idle one is closed only once");
    }

    #[test]
    fn connections_that_have_been_idle_for_longer_are_closed_first() {
        let open = OpenConnections::default();
        let states = [(); 3].map(|()| connection());
        let _places = states.each_ref().map(|state| open.add(None, 0, Arc::clone(state)).unwrap());
        for state in [&states[1], &states[0]] {
            state.request_finished(true);
        }
        open.close_longest_idle(1);
        assert_eq!(states.each_ref().map(|state| state.is_stopping()), [false, true, false]);
        open.close_longest_idle(9);
        assert_eq!(states.each_ref().map(|state| state.is_stopping()), [true, true, false]);
    }
}
