//! What waits to be sent to one peer, bounded in bytes.
//!
//! A publisher waits for room. A peer that takes next to nothing for a while *lags*: from then on what does not fit is dropped
//! for it, as ZeroMQ does, until it has caught up, so that one sleeping front end holds up nobody. Anybody on the machine may
//! subscribe, so that a trickle must not count as progress.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// How much may wait for a peer; one larger message may wait alone.
const ROOM: usize = 16 << 20;
/// Statuses, replies and errors may wait beyond that, up to this: a front end that misses one hangs.
const MOST: usize = 128 << 20;
/// How long a publisher waits for a peer that takes less than [`PROGRESS`] bytes.
const PATIENCE: Duration = Duration::from_secs(5);
const PROGRESS: u64 = 256 << 10;

#[derive(Default)]
struct State {
    queue: VecDeque<Arc<Vec<u8>>>,
    /// Of the queue and of what is being written.
    bytes: usize,
    /// How many bytes were written in all.
    written: u64,
    lagging: bool,
    closed: bool,
}

#[derive(Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    filled: Notify,
    room: Condvar,
}

impl Outbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something that must arrive; never waits. False where the peer is gone, or so far behind that it is given up.
    pub(crate) fn must(&self, bytes: Arc<Vec<u8>>) -> bool {
        let mut state = self.state();
        if !state.queue.is_empty() && state.bytes + bytes.len() > MOST {
            state.closed = true;
        }
        self.put(state, bytes)
    }

    /// Puts something that may be dropped for a peer that lags; waits for room before. False where it was dropped.
    pub(crate) fn may(&self, bytes: Arc<Vec<u8>>) -> bool {
        let mut state = self.state();
        let fits = |state: &State| state.bytes == 0 || state.bytes + bytes.len() <= ROOM;
        let mut since = (state.written, Instant::now());
        while !state.closed && !fits(&state) && !state.lagging {
            state = self.room.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
            if since.1.elapsed() >= PATIENCE {
                state.lagging = state.written - since.0 < PROGRESS;
                since = (state.written, Instant::now());
            }
        }
        let kept = fits(&state) && (!state.lagging || state.bytes <= ROOM / 2);
        if kept {
            state.lagging = false;
            self.put(state, bytes);
        }
        kept
    }

    fn put(&self, mut state: MutexGuard<'_, State>, bytes: Arc<Vec<u8>>) -> bool {
        if !state.closed {
            state.bytes += bytes.len();
            state.queue.push_back(bytes);
        }
        let open = !state.closed;
        drop(state);
        self.filled.notify_one();
        open
    }

    /// What comes next; none once the outbox is closed.
    pub(crate) async fn next(&self) -> Option<Arc<Vec<u8>>> {
        loop {
            {
                let mut state = self.state();
                if state.closed {
                    return None;
                }
                if let Some(bytes) = state.queue.pop_front() {
                    return Some(bytes);
                }
            }
            self.filled.notified().await;
        }
    }

    /// Says that this many bytes of what came last are written.
    pub(crate) fn written(&self, bytes: usize) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(bytes);
        state.written += bytes as u64;
        drop(state);
        self.room.notify_all();
    }

    pub(crate) fn is_empty(&self) -> bool {
        let state = self.state();
        state.closed || state.bytes == 0
    }

    /// Nothing more goes in or out.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.queue = VecDeque::new();
        state.bytes = 0;
        drop(state);
        self.room.notify_all();
        self.filled.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_publisher_waits_for_a_slow_peer() {
        let outbox = Arc::new(Outbox::default());
        let reader = Arc::clone(&outbox);
        let reader = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut sizes = Vec::new();
            while let Some(bytes) = runtime.block_on(reader.next()) {
                assert!(reader.state().bytes <= ROOM);
                thread::sleep(Duration::from_millis(1));
                reader.written(bytes.len());
                sizes.push(bytes.len());
                if sizes.len() == 100 {
                    break;
                }
            }
            sizes
        });
        assert!((0..100).all(|_| outbox.may(Arc::new(vec![0; 1 << 20]))));
        assert_eq!(reader.join().unwrap(), [1 << 20; 100]);
        outbox.may(Arc::new(vec![0; 2 * ROOM]));
        assert_eq!(outbox.state().queue.len(), 1, "one message larger than the room goes alone");
    }

    #[test]
    fn a_peer_that_sleeps_loses_what_may_be_lost() {
        let outbox = Outbox::default();
        outbox.may(Arc::new(vec![0; ROOM]));
        let start = Instant::now();
        assert!(!outbox.may(Arc::new(vec![1; 8])) && start.elapsed() >= PATIENCE);
        assert!((0..1000).all(|_| !outbox.may(Arc::new(vec![2; 8]))));
        assert!(outbox.must(Arc::new(vec![3; 8])) && start.elapsed() < 2 * PATIENCE);
        assert_eq!(outbox.state().queue.len(), 2, "the first one, and the one that must arrive");
        outbox.written(ROOM);
        assert!(outbox.may(Arc::new(vec![4; 8])), "it has caught up");
    }

    #[test]
    fn a_trickle_is_no_progress() {
        let outbox = Arc::new(Outbox::default());
        outbox.may(Arc::new(vec![0; ROOM]));
        let trickle = Arc::clone(&outbox);
        let trickle = thread::spawn(move || {
            while !trickle.state().lagging {
                trickle.written(1);
                thread::sleep(Duration::from_millis(10));
            }
        });
        let start = Instant::now();
        outbox.may(Arc::new(vec![1; ROOM]));
        assert!(start.elapsed() >= PATIENCE);
        trickle.join().unwrap();
        assert_eq!(outbox.state().queue.len(), 1);
    }

    #[test]
    fn a_peer_that_vanishes_holds_up_nobody() {
        let outbox = Arc::new(Outbox::default());
        outbox.may(Arc::new(vec![0; ROOM]));
        let closing = Arc::clone(&outbox);
        let closing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            closing.close();
        });
        let start = Instant::now();
        outbox.may(Arc::new(vec![1; 8]));
        assert!(start.elapsed() < PATIENCE && outbox.is_empty() && !outbox.must(Arc::new(vec![2])));
        closing.join().unwrap();
    }
}
