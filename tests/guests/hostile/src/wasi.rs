//! A perturbation that calls WASI by hand, as its parameter `misbehaviour` says: what an interpreter would not do.

wit_bindgen::generate!({
    inline: "
        package lacuna:hostile;

        world guest {
            include lacuna:explain/perturbation-plugin@0.2.0;
            import wasi:io/poll@0.2.6;
            import wasi:io/streams@0.2.6;
            import wasi:clocks/monotonic-clock@0.2.6;
            import wasi:random/random@0.2.6;
            import wasi:cli/stdout@0.2.6;
            import wasi:cli/stderr@0.2.6;
            import wasi:cli/exit@0.2.6;
            import wasi:sockets/instance-network@0.2.6;
            import wasi:sockets/ip-name-lookup@0.2.6;
        }

        package wasi:io@0.2.6 {
            interface poll {
                resource pollable { ready: func() -> bool; block: func(); }
                poll: func(in: list<borrow<pollable>>) -> list<u32>;
            }
            interface error { resource error; }
            interface streams {
                use error.{error};
                variant stream-error { last-operation-failed(error), closed }
                resource output-stream {
                    write: func(contents: list<u8>) -> result<_, stream-error>;
                    a-function-of-the-future: func() -> u32;
                    splice-of-the-future: func(source: output-stream) -> result<u64, stream-error>;
                }
            }
        }
        package wasi:clocks@0.2.6 {
            interface monotonic-clock {
                use wasi:io/poll@0.2.6.{pollable};
                now: func() -> u64;
                subscribe-duration: func(when: u64) -> pollable;
            }
        }
        package wasi:random@0.2.6 {
            interface random { get-random-bytes: func(len: u64) -> list<u8>; }
        }
        package wasi:cli@0.2.6 {
            interface stdout { use wasi:io/streams@0.2.6.{output-stream}; get-stdout: func() -> output-stream; }
            interface stderr { use wasi:io/streams@0.2.6.{output-stream}; get-stderr: func() -> output-stream; }
            interface exit { exit: func(status: result); }
        }
        package wasi:sockets@0.2.6 {
            interface network {
                resource network;
                enum error-code { unknown, access-denied, timeout }
            }
            interface instance-network { use network.{network}; instance-network: func() -> network; }
            interface ip-name-lookup {
                use network.{network, error-code};
                resolve-addresses: func(network: borrow<network>, name: string) -> result<_, error-code>;
            }
        }
    ",
    path: "../../../wit/v0.2",
    world: "lacuna:hostile/guest",
    generate_all,
});

use exports::lacuna::explain::{
    description::{self, ChoiceOptions, Kind, Parameter, PluginInfo},
    perturbations::{self, GuestPerturbation, Perturbation},
};
use lacuna::explain::{
    errors::Error,
    log,
    parameters::{Setting, Value},
    tensors::Tensor,
};
use wasi::{
    cli::{exit, stderr, stdout},
    clocks::monotonic_clock,
    io::poll,
    random::random,
    sockets::{instance_network, ip_name_lookup},
};

const HOUR: u64 = 3_600_000_000_000;
const MISBEHAVIOURS: [&str; 16] = [
    "none",
    "block",
    "poll-many",
    "poll-nothing",
    "poll-for-ever",
    "hoard-pollables",
    "hoard-streams",
    "many-in-turn",
    "random",
    "much-random",
    "write-much",
    "write-too-much",
    "exit",
    "future",
    "lookup",
    "give-away",
];

struct Hostile {
    images: Tensor,
    misbehaviour: String,
}

impl description::Guest for Hostile {
    fn describe() -> PluginInfo {
        let options = MISBEHAVIOURS.map(String::from).to_vec();
        PluginInfo {
            name: "asks-for-everything".into(),
            version: "0.1.0".into(),
            summary: "Calls WASI by hand".into(),
            needs: vec![],
            parameters: vec![Parameter {
                name: "misbehaviour".into(),
                summary: "What it does".into(),
                kind: Kind::Choice(ChoiceOptions { default: "none".into(), options }),
                unit: String::new(),
                source: String::new(),
            }],
            presets: vec![],
        }
    }
}

impl perturbations::Guest for Hostile {
    type Perturbation = Hostile;

    fn create(images: &Tensor, settings: Vec<Setting>, _seed: u64) -> Result<Perturbation, Error> {
        let Value::Choice(misbehaviour) = settings[0].value.clone() else { panic!("the host checks types") };
        Ok(Perturbation::new(Hostile { images: images.share()?, misbehaviour }))
    }
}

fn say(text: &str) {
    log::message(log::Level::Info, text);
}

impl GuestPerturbation for Hostile {
    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
        let hour = || monotonic_clock::subscribe_duration(HOUR);
        match self.misbehaviour.as_str() {
            "block" => {
                hour().block();
                say(&format!("blocked, {} ns and ready {}", monotonic_clock::now(), hour().ready()));
            }
            "poll-many" => {
                let hours: Vec<_> = (0..50).map(|_| hour()).collect();
                say(&format!("ready {:?}", poll::poll(&hours.iter().collect::<Vec<_>>())));
            }
            "poll-nothing" => drop(poll::poll(&[])),
            "poll-for-ever" => loop {
                poll::poll(&[&hour()]);
            },
            "hoard-pollables" => {
                let mut held = Vec::new();
                loop {
                    held.push(hour());
                }
            }
            "hoard-streams" => {
                let mut held = Vec::new();
                loop {
                    held.push((stdout::get_stdout(), stderr::get_stderr(), instance_network::instance_network()));
                }
            }
            "many-in-turn" => (0..100_000).for_each(|_| drop(hour())),
            "random" => (0..2).for_each(|_| say(&format!("random {:?}", random::get_random_bytes(16)))),
            "much-random" => drop(random::get_random_bytes(1 << 40)),
            "write-much" => {
                say("writes");
                let much = b"x\n".repeat(32 << 10);
                let ended = (0..1000).map(|_| stdout::get_stdout().write(&much).is_ok()).all(|ok| ok);
                assert!(ended, "writing never fails");
            }
            "write-too-much" => drop(stdout::get_stdout().write(&vec![b'x'; 1 << 20])),
            "exit" => exit::exit(Err(())),
            "future" => drop(stdout::get_stdout().a_function_of_the_future()),
            "lookup" => {
                let network = instance_network::instance_network();
                say(&format!("lookup {:?}", ip_name_lookup::resolve_addresses(&network, "example.org")));
            }
            "give-away" => {
                for _ in 0..10_000 {
                    let answer = stdout::get_stdout().splice_of_the_future(stderr::get_stderr());
                    assert!(format!("{answer:?}").contains("Closed"));
                }
                say("given away");
            }
            _ => {}
        }
        self.images.multiply(mask)
    }
}

export!(Hostile);
