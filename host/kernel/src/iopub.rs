//! What everybody sees: statuses, inputs, and what cells show.
//!
//! `Iopub::show` queues -> a thread of its own joins printed texts, writes and signs -> the publisher socket. Jupyter's server drops
//! what comes faster than a thousand messages a second, so that texts of a tenth of a second go out together. The queue is bounded in
//! bytes: a cell that prints faster than front ends read waits for them.

use crate::{Form, Standard, Unshown, media::bundle, wire::Parent, wire::Wire, zmtp::Socket};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How many bytes wait in the queue; one larger message may wait alone.
const ROOM: usize = 4 << 20;
/// Printed texts are joined up to this size.
const JOINED: usize = 256 << 10;
/// How long a printed text waits for others after the last one went out, while nothing else is to be sent.
const GATHER: Duration = Duration::from_millis(100);
/// A printed text that is larger goes in pieces.
const PIECE: usize = 1 << 20;
/// The largest display.
const LARGEST: usize = 256 << 20;
/// What a message takes beside its own bytes.
const OVERHEAD: usize = 256;

/// What front ends are told at the end of a cell of which one of them lost something.
const LOST: &str = "A front end read too slowly, and some of what this cell showed did not reach it.\n";

enum Body {
    Text(Standard, String),
    /// Kind and content; whether it must arrive at peers that are behind.
    Message(&'static str, Value, bool),
}

struct Event {
    parent: Parent,
    body: Body,
    bytes: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Event>,
    bytes: usize,
    /// Whether the thread is sending what it took.
    sending: bool,
    /// Cells show nothing more.
    ending: bool,
}

#[derive(Default)]
pub(crate) struct Iopub {
    state: Mutex<State>,
    filled: Condvar,
    room: Condvar,
}

impl Iopub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what must arrive; never waits.
    pub(crate) fn tell(&self, parent: &Parent, kind: &'static str, content: Value) {
        let mut state = self.state();
        state.queue.push_back(Event { parent: Arc::clone(parent), body: Body::Message(kind, content, true), bytes: 0 });
        drop(state);
        self.filled.notify_one();
    }

    /// Sends a status: `starting`, `busy` or `idle`.
    pub(crate) fn status(&self, parent: &Parent, status: &'static str) {
        self.tell(parent, "status", json!({"execution_state": status}));
    }

    /// Sends what a cell shows, whose size is `bytes`; waits for room.
    pub(crate) fn show(
        &self,
        parent: &Parent,
        kind: &'static str,
        content: Value,
        bytes: usize,
    ) -> Result<(), Unshown> {
        if bytes > LARGEST {
            return Err(Unshown::TooLarge { bytes, limit: LARGEST });
        }
        self.push(Event {
            parent: Arc::clone(parent),
            body: Body::Message(kind, content, false),
            bytes: bytes + OVERHEAD,
        })
    }

    /// Sends a printed text.
    pub(crate) fn print(&self, parent: &Parent, to: Standard, mut text: &str) -> Result<(), Unshown> {
        while !text.is_empty() {
            let (piece, rest) = text.split_at(text.floor_char_boundary(PIECE));
            let body = Body::Text(to, piece.into());
            self.push(Event { parent: Arc::clone(parent), body, bytes: piece.len() + OVERHEAD })?;
            text = rest;
        }
        Ok(())
    }

    fn push(&self, event: Event) -> Result<(), Unshown> {
        let full = |state: &mut State| !state.ending && state.bytes > 0 && state.bytes + event.bytes > ROOM;
        let mut state = self.room.wait_while(self.state(), full).unwrap_or_else(PoisonError::into_inner);
        if state.ending {
            return Err(Unshown::Ending);
        }
        state.bytes += event.bytes;
        state.queue.push_back(event);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// From now on cells show nothing; statuses still go out.
    pub(crate) fn end(&self) {
        self.state().ending = true;
        self.room.notify_all();
        self.filled.notify_one();
    }

    pub(crate) fn is_empty(&self) -> bool {
        let state = self.state();
        state.queue.is_empty() && !state.sending
    }

    /// The thread's work; it never returns.
    pub(crate) fn send_all(&self, wire: &Wire, socket: &Socket) {
        let publish = |kind: &str, parent: &Parent, content: &Value, must: bool| {
            let topic = kind.as_bytes().to_vec();
            let bytes = wire.seal(std::slice::from_ref(&topic), kind, parent, content);
            socket.publish(&topic, bytes, must)
        };
        // The cell of which something was lost.
        let mut lost: Option<Parent> = None;
        let mut printed = None;
        loop {
            let event = self.take(&mut printed);
            let (kind, content, must) = match event.body {
                Body::Message(kind, content, must) => (kind, content, must),
                Body::Text(to, text) => {
                    let name = if to == Standard::Output { "stdout" } else { "stderr" };
                    ("stream", json!({"name": name, "text": text}), false)
                }
            };
            if kind == "status"
                && let Some(parent) = lost.take()
            {
                publish("stream", &parent, &json!({"name": "stderr", "text": LOST}), true);
            }
            if !publish(kind, &event.parent, &content, must) {
                lost = Some(event.parent);
            }
        }
    }

    /// The next event, with the texts behind it that belong to it. `printed` is when the last text was taken.
    fn take(&self, printed: &mut Option<Instant>) -> Event {
        let mut state = self.state();
        state.sending = false;
        let event = loop {
            state.join();
            let since = printed.map_or(GATHER, |printed| printed.elapsed());
            let alone = state.queue.len() == 1 && since < GATHER && !state.ending;
            let gathers = |event: &Event| matches!(&event.body, Body::Text(_, text) if text.len() < JOINED);
            if alone && state.queue.front().is_some_and(gathers) {
                let waited = self.filled.wait_timeout(state, GATHER - since);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            match state.queue.pop_front() {
                Some(event) => break event,
                None => state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        if matches!(event.body, Body::Text(..)) {
            *printed = Some(Instant::now());
        }
        state.sending = true;
        state.bytes -= event.bytes;
        drop(state);
        self.room.notify_all();
        event
    }
}

impl State {
    /// Joins the text in front with those behind it that belong to it.
    fn join(&mut self) {
        while let (Some(first), Some(next)) = (self.queue.front(), self.queue.get(1))
            && let (Body::Text(to, text), Body::Text(next_to, next_text)) = (&first.body, &next.body)
            && next_to == to
            && Arc::ptr_eq(&next.parent, &first.parent)
            && text.len() + next_text.len() <= JOINED
            && let Some(Event { body: Body::Text(_, next), bytes, .. }) = self.queue.remove(1)
            && let Some(Event { body: Body::Text(_, text), bytes: sum, .. }) = self.queue.front_mut()
        {
            text.push_str(&next);
            *sum += bytes;
        }
    }
}

/// What one cell shows, with the header of the request that it came with.
pub(crate) struct CellOutput {
    pub(crate) iopub: Arc<Iopub>,
    pub(crate) parent: Parent,
    pub(crate) silent: bool,
}

impl crate::Output for CellOutput {
    fn print(&self, to: Standard, text: &str) -> Result<(), Unshown> {
        if self.silent {
            return Ok(());
        }
        self.iopub.print(&self.parent, to, text)
    }

    fn display(&self, forms: &[Form], id: Option<&str>, update: bool) -> Result<(), Unshown> {
        if self.silent {
            return Ok(());
        }
        let kind = if update { "update_display_data" } else { "display_data" };
        let transient = id.map_or_else(|| json!({}), |id| json!({"display_id": id}));
        let bytes = size(forms);
        if bytes > LARGEST {
            return Err(Unshown::TooLarge { bytes, limit: LARGEST });
        }
        let content = json!({"data": bundle(forms), "metadata": {}, "transient": transient});
        self.iopub.show(&self.parent, kind, content, bytes)
    }

    fn clear(&self, wait: bool) -> Result<(), Unshown> {
        if self.silent {
            return Ok(());
        }
        self.iopub.show(&self.parent, "clear_output", json!({"wait": wait}), 0)
    }
}

/// The size of all forms.
pub(crate) fn size(forms: &[Form]) -> usize {
    forms.iter().map(|form| form.data.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Output;
    use std::{thread, time::Duration};

    fn parent() -> Parent {
        b"{}".as_slice().into()
    }

    #[test]
    fn texts_that_wait_go_out_together() {
        let (iopub, parent, other) = (Iopub::default(), parent(), parent());
        let texts = [
            (&parent, Standard::Output, "a"),
            (&parent, Standard::Output, "b"),
            (&parent, Standard::Error, "c"),
            (&other, Standard::Error, "d"),
        ];
        texts.iter().for_each(|(parent, to, text)| iopub.print(parent, *to, text).unwrap());
        let taken = (0..3).map(|_| match iopub.take(&mut None).body {
            Body::Text(_, text) => text,
            Body::Message(..) => panic!(),
        });
        assert_eq!(taken.collect::<Vec<_>>(), ["ab", "c", "d"]);
        assert_eq!(iopub.state().bytes, 0);
    }

    #[test]
    fn texts_that_come_soon_after_another_are_gathered() {
        let (iopub, parent) = (Arc::new(Iopub::default()), parent());
        let text = |event: Event| match event.body {
            Body::Text(_, text) => text,
            Body::Message(kind, ..) => kind.to_owned(),
        };
        let mut printed = None;
        let start = Instant::now();
        iopub.print(&parent, Standard::Output, "first").unwrap();
        assert_eq!(text(iopub.take(&mut printed)), "first");
        assert!(start.elapsed() < GATHER, "the first one goes at once");
        let (printing, printer) = (iopub.clone(), parent.clone());
        let printing = thread::spawn(move || {
            for _ in 0..10 {
                printing.print(&printer, Standard::Output, ".").unwrap();
                thread::sleep(Duration::from_millis(2));
            }
        });
        assert_eq!(text(iopub.take(&mut printed)), "..........");
        printing.join().unwrap();
        assert!(start.elapsed() >= GATHER);
        // Nothing waits behind a text that waits.
        iopub.print(&parent, Standard::Output, "last").unwrap();
        iopub.status(&parent, "idle");
        let start = Instant::now();
        assert_eq!(
            (text(iopub.take(&mut printed)).as_str(), text(iopub.take(&mut printed)).as_str()),
            ("last", "status")
        );
        assert!(start.elapsed() < GATHER / 2);
    }

    #[test]
    fn a_cell_waits_for_room_and_learns_of_the_end() {
        let iopub = Arc::new(Iopub::default());
        let printing = Arc::clone(&iopub);
        let printing = thread::spawn(move || printing.print(&parent(), Standard::Output, &"é".repeat(64 << 20)));
        thread::sleep(Duration::from_millis(100));
        assert!(iopub.state().bytes <= ROOM && !printing.is_finished());
        iopub.end();
        assert_eq!(printing.join().unwrap(), Err(Unshown::Ending));
        iopub.status(&parent(), "idle");
    }

    #[test]
    fn a_silent_cell_shows_nothing() {
        let iopub = Arc::new(Iopub::default());
        let output = CellOutput { iopub: iopub.clone(), parent: parent(), silent: true };
        output.print(Standard::Output, "a").unwrap();
        output.display(&[Form::text("a")], None, false).unwrap();
        output.clear(false).unwrap();
        assert!(iopub.is_empty());
    }
}
