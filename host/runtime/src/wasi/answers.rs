//! What is answered: the calls that a program makes before it does anything, and those that cannot be denied.

use super::{begin, console::Stream};
use crate::{
    guest_api::fault::Stop,
    run::{
        record::MessageLevel,
        state::{CALL_BYTES, PluginState},
    },
};
use wasmtime::{
    StoreContextMut,
    component::{ComponentNamedList, ComponentType, Lift, LinkerInstance, Lower, Resource, ResourceType},
};

type Store<'a> = StoreContextMut<'a, PluginState>;

/// Where a plugin reads from: always at its end.
struct InputStream;
/// Where a plugin writes to. The number behind the handle says which of the two it is.
struct OutputStream;
/// What a plugin waits for: always there.
struct Pollable;
/// The network that refuses every socket.
struct Network;
/// Resources that no plugin ever gets.
struct Nothing;

const STDERR: u32 = 2;
/// Bytes that a plugin may write at once.
const PERMIT: u64 = 64 << 10;
const ALLOWED: Result<(), StreamError> = Ok(());

#[derive(ComponentType, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[expect(dead_code, reason = "the type of WASI has this case; writing never fails here")]
    Failed(Resource<Nothing>),
    #[component(name = "closed")]
    #[expect(dead_code, reason = "the type of WASI has this case; writing never fails here")]
    Closed,
}

/// Time since 1970.
#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// The host's type for a resource of WASI, by its name, which is unique in the packages that are linked.
pub(super) fn resource(name: &str) -> ResourceType {
    match name {
        "input-stream" => ResourceType::host::<InputStream>(),
        "output-stream" => ResourceType::host::<OutputStream>(),
        "pollable" => ResourceType::host::<Pollable>(),
        "network" => ResourceType::host::<Network>(),
        _ => ResourceType::host::<Nothing>(),
    }
}

/// Links `member` of an interface such as `io/poll`, if it is answered.
pub(super) fn link(
    linked: &mut LinkerInstance<'_, PluginState>,
    interface: &str,
    member: &str,
) -> wasmtime::Result<bool> {
    let mut to = To { linked, member };
    match (interface, member) {
        ("cli/environment", "get-environment") => to.answer(|_, ()| Ok((Vec::<(String, String)>::new(),))),
        ("cli/environment", "get-arguments") => to.answer(|_, ()| Ok((Vec::<String>::new(),))),
        ("cli/environment", "initial-cwd") => to.answer(|_, ()| Ok((None::<String>,))),
        ("cli/exit", "exit") => to.answer(|_, (status,)| exit(status)),
        ("cli/exit", "exit-with-code") => to.answer(|_, (code,)| exit_with(code)),
        ("cli/stdin", "get-stdin") => to.answer(|_, ()| Ok((Resource::<InputStream>::new_own(0),))),
        ("cli/stdout", "get-stdout") => to.answer(|_, ()| Ok((Resource::<OutputStream>::new_own(1),))),
        ("cli/stderr", "get-stderr") => to.answer(|_, ()| Ok((Resource::<OutputStream>::new_own(STDERR),))),
        ("cli/terminal-stdin" | "cli/terminal-stdout" | "cli/terminal-stderr", _) => {
            to.answer(|_, ()| Ok((None::<Resource<Nothing>>,)))
        }
        ("clocks/monotonic-clock", "now") => to.answer(|_, ()| Ok((0_u64,))),
        ("clocks/monotonic-clock", "resolution") => to.answer(|_, ()| Ok((1_u64,))),
        ("clocks/monotonic-clock", "subscribe-instant" | "subscribe-duration") => {
            to.answer(|_, (_,): (u64,)| Ok((pollable(),)))
        }
        ("clocks/wall-clock", "now") => to.answer(|_, ()| Ok((Datetime { seconds: 0, nanoseconds: 0 },))),
        ("clocks/wall-clock", "resolution") => to.answer(|_, ()| Ok((Datetime { seconds: 0, nanoseconds: 1 },))),
        ("filesystem/preopens", "get-directories") => {
            to.answer(|_, ()| Ok((Vec::<(Resource<Nothing>, String)>::new(),)))
        }
        ("io/poll", "poll") => to.answer(|_, (waiting,): (Vec<Resource<Pollable>>,)| poll(waiting.len())),
        ("io/poll", "[method]pollable.ready") => to.answer(|_, (_,): (Resource<Pollable>,)| Ok((true,))),
        ("io/poll", "[method]pollable.block") => to.answer(|_, (_,): (Resource<Pollable>,)| Ok(())),
        ("io/streams", "[method]input-stream.subscribe") => {
            to.answer(|_, (_,): (Resource<InputStream>,)| Ok((pollable(),)))
        }
        ("io/streams", "[method]output-stream.subscribe") => {
            to.answer(|_, (_,): (Resource<OutputStream>,)| Ok((pollable(),)))
        }
        ("io/streams", "[method]output-stream.check-write") => {
            to.answer(|_, (_,): (Resource<OutputStream>,)| Ok((Ok::<u64, StreamError>(PERMIT),)))
        }
        ("io/streams", "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush") => {
            to.answer(|state, (stream, bytes): (Resource<OutputStream>, Vec<u8>)| {
                write(state, &stream, &bytes)?;
                Ok((ALLOWED,))
            })
        }
        ("io/streams", "[method]output-stream.flush" | "[method]output-stream.blocking-flush") => {
            to.answer(|_, (_,): (Resource<OutputStream>,)| Ok((ALLOWED,)))
        }
        ("random/random", "get-random-bytes") | ("random/insecure", "get-insecure-random-bytes") => {
            to.answer(|state, (count,)| random_bytes(state, count))
        }
        ("random/random", "get-random-u64") | ("random/insecure", "get-insecure-random-u64") => {
            to.answer(|state, ()| Ok((state.wasi.random.next(),)))
        }
        ("random/insecure-seed", "insecure-seed") => {
            to.answer(|state, ()| Ok(((state.wasi.random.next(), state.wasi.random.next()),)))
        }
        ("sockets/instance-network", "instance-network") => to.answer(|_, ()| Ok((Resource::<Network>::new_own(0),))),
        _ => return Ok(false),
    }?;
    Ok(true)
}

/// Where an answer is linked.
struct To<'a, 'b> {
    linked: &'a mut LinkerInstance<'b, PluginState>,
    member: &'a str,
}

impl To<'_, '_> {
    fn answer<Given, Answer>(
        &mut self,
        answer: impl Fn(&mut PluginState, Given) -> Result<Answer, Stop> + Send + Sync + 'static,
    ) -> wasmtime::Result<()>
    where
        Given: ComponentNamedList + Lift + 'static,
        Answer: ComponentNamedList + Lower + 'static,
    {
        self.linked.func_wrap(self.member, move |mut store: Store<'_>, given: Given| {
            begin(&store)?;
            Ok(answer(store.data_mut(), given)?)
        })
    }
}

fn exit(status: Result<(), ()>) -> Result<(), Stop> {
    let how = if status.is_ok() { "it says that it succeeded" } else { "it says that it failed" };
    Err(Stop::Exited { how: how.to_owned() })
}

fn exit_with(code: u8) -> Result<(), Stop> {
    Err(Stop::Exited { how: format!("with the exit code {code}") })
}

fn pollable() -> Resource<Pollable> {
    Resource::new_own(0)
}

/// Everything is there. WASI ends a program that waits for nothing.
fn poll(waiting: usize) -> Result<(Vec<u32>,), Stop> {
    match u32::try_from(waiting) {
        Ok(waiting @ 1..) => Ok(((0..waiting).collect(),)),
        _ => Err(Stop::Denied { what: "wasi:io/poll, poll of nothing".to_owned() }),
    }
}

/// Tells the lines that the plugin ended as its own messages. WASI ends a program that writes more than it may.
fn write(state: &mut PluginState, stream: &Resource<OutputStream>, bytes: &[u8]) -> Result<(), Stop> {
    if bytes.len() as u64 > PERMIT {
        return Err(Stop::Denied { what: format!("wasi:io, {} bytes at once; {PERMIT} are the most", bytes.len()) });
    }
    let (stream, level) = match stream.rep() {
        STDERR => (Stream::Error, MessageLevel::Warning),
        _ => (Stream::Output, MessageLevel::Info),
    };
    let shared = state.shared().clone();
    let mut journal = shared.journal.borrow_mut();
    state.wasi.console.write(stream, bytes, |line| journal.add(&state.id, level, line));
    Ok(())
}

/// No more than a guest could pass to the host in one call.
fn random_bytes(state: &mut PluginState, count: u64) -> Result<(Vec<u8>,), Stop> {
    match usize::try_from(count) {
        Ok(count) if count <= CALL_BYTES => Ok((state.wasi.random.bytes(count),)),
        _ => Err(Stop::Denied { what: format!("wasi:random, {count} bytes at once; {CALL_BYTES} are the most") }),
    }
}
