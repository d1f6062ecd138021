//! A bound socket with its peers.

use super::{
    Kind,
    frame::{self, Incoming},
    greeting::greet,
    outbox::Outbox,
};
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};

/// A greeting that takes longer is given up.
const GREETING: Duration = Duration::from_secs(10);
/// The most peers of a socket; a front end has one of each.
const PEERS: usize = 256;
/// The most topics of a peer.
const TOPICS: usize = 64;
/// How many bytes of requests wait, whoever sent them; a peer that sends more is not read from.
const WAITING: usize = 2 * frame::LARGEST;
/// Written at a time, so that progress on a large message is seen.
const PIECE: usize = 256 << 10;

/// A message that a peer sent to a router.
#[derive(Debug)]
pub(crate) struct Received {
    /// Whom a reply goes to.
    pub(crate) peer: Vec<u8>,
    pub(crate) frames: Vec<Vec<u8>>,
    /// Its share of what may wait.
    _share: OwnedSemaphorePermit,
}

#[cfg(test)]
impl Received {
    pub(crate) fn new(peer: Vec<u8>, frames: Vec<Vec<u8>>) -> Self {
        let share = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Self { peer, frames, _share: share }
    }
}

struct Peer {
    outbox: Outbox,
    topics: Mutex<Vec<Vec<u8>>>,
}

/// A bound socket.
pub(crate) struct Socket {
    kind: Kind,
    peers: Mutex<HashMap<Vec<u8>, Arc<Peer>>>,
    requests: Option<mpsc::Sender<Received>>,
    waiting: Arc<Semaphore>,
    named: Mutex<u64>,
}

impl Socket {
    /// Binds. What a router gets goes to `requests`; without it, it is dropped.
    pub(crate) async fn bind(
        kind: Kind,
        ip: IpAddr,
        port: u16,
        requests: Option<mpsc::Sender<Received>>,
    ) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind(SocketAddr::new(ip, port)).await?;
        let waiting = Arc::new(Semaphore::new(WAITING));
        let socket = Arc::new(Self { kind, peers: Mutex::default(), requests, waiting, named: Mutex::default() });
        tokio::spawn(Arc::clone(&socket).accept(listener));
        Ok(socket)
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        let greeting = Arc::new(Semaphore::new(PEERS));
        loop {
            match listener.accept().await {
                Ok((stream, _)) if self.peers().len() < PEERS => {
                    // A stream is dropped where as many others are greeting.
                    if let Ok(turn) = Arc::clone(&greeting).try_acquire_owned() {
                        tokio::spawn(Arc::clone(&self).serve(stream, turn));
                    }
                }
                Ok(_) => {}
                // Out of file descriptors, perhaps: it may pass.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream, turn: OwnedSemaphorePermit) {
        let _ = stream.set_nodelay(true);
        let Ok(Ok(mut identity)) = timeout(GREETING, greet(&mut stream, self.kind)).await else { return };
        if identity.is_empty() {
            let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
            *named += 1;
            // A peer's own name never starts with zero (RFC 23).
            identity = [&[0][..], &named.to_be_bytes()].concat();
        }
        let peer = Arc::new(Peer { outbox: Outbox::default(), topics: Mutex::default() });
        // A peer that comes back before its old connection was found dead takes its place.
        if let Some(old) = self.peers().insert(identity.clone(), Arc::clone(&peer)) {
            old.outbox.close();
        }
        drop(turn);
        let (reading, mut writing) = stream.into_split();
        let writer = {
            let peer = Arc::clone(&peer);
            tokio::spawn(async move {
                while let Some(bytes) = peer.outbox.next().await {
                    for piece in bytes.chunks(PIECE) {
                        if writing.write_all(piece).await.is_err() {
                            return peer.outbox.close();
                        }
                        peer.outbox.written(piece.len());
                    }
                }
            })
        };
        let reader = tokio::spawn(Arc::clone(&self).read(BufReader::new(reading), identity.clone(), Arc::clone(&peer)));
        // Whichever ends first ends the other: a peer is gone when it cannot be read from, or cannot be written to.
        let (stop_reader, stop_writer) = (reader.abort_handle(), writer.abort_handle());
        let watch = tokio::spawn(async move {
            let _ = writer.await;
            stop_reader.abort();
        });
        let _ = reader.await;
        peer.outbox.close();
        stop_writer.abort();
        let _ = watch.await;
        let mut peers = self.peers();
        if peers.get(&identity).is_some_and(|current| Arc::ptr_eq(current, &peer)) {
            peers.remove(&identity);
        }
    }

    async fn read(
        self: Arc<Self>,
        mut stream: BufReader<tokio::net::tcp::OwnedReadHalf>,
        name: Vec<u8>,
        peer: Arc<Peer>,
    ) {
        while let Ok(incoming) = frame::read(&mut stream).await {
            match (incoming, self.kind) {
                (Incoming::Command(body), _) => self.command(&body, &peer),
                (Incoming::Message(frames), Kind::Echo) => {
                    if !peer.outbox.must(Arc::new(frame::message(frames.iter().map(Vec::as_slice)))) {
                        return;
                    }
                }
                (Incoming::Message(frames), Kind::Publisher) => {
                    if let [frame] = frames.as_slice() {
                        match frame.split_first() {
                            Some((1, topic)) => peer.subscribe(topic),
                            Some((0, topic)) => peer.cancel(topic),
                            _ => {}
                        }
                    }
                }
                (Incoming::Message(frames), Kind::Router) => {
                    let Some(requests) = &self.requests else { continue };
                    let bytes = frames.iter().map(|frame| frame.len() + 64).sum::<usize>().min(WAITING);
                    let share = Arc::clone(&self.waiting).acquire_many_owned(bytes as u32).await;
                    let Ok(_share) = share else { return };
                    if requests.send(Received { peer: name.clone(), frames, _share }).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Commands of ZMTP 3.1, which newer peers may send all the same.
    fn command(&self, body: &[u8], peer: &Peer) {
        if let Some(topic) = body.strip_prefix(b"\x09SUBSCRIBE") {
            peer.subscribe(topic);
        } else if let Some(topic) = body.strip_prefix(b"\x06CANCEL") {
            peer.cancel(topic);
        } else if let Some(ping) = body.strip_prefix(b"\x04PING") {
            let context = ping.get(2..).unwrap_or_default();
            peer.outbox.must(Arc::new(frame::command(&[b"\x04PONG", context].concat())));
        }
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Arc<Peer>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one peer a message that is ready for the wire; never waits. A peer that is gone gets nothing.
    pub(crate) fn send(&self, peer: &[u8], bytes: Vec<u8>) {
        let peer = self.peers().get(peer).cloned();
        if let Some(peer) = peer {
            peer.outbox.must(Arc::new(bytes));
        }
    }

    /// Sends a message to everybody who subscribed to its topic. What may be lost waits for slow peers; what must arrive does
    /// not. Called from a thread of its own. False where a peer lost it.
    pub(crate) fn publish(&self, topic: &[u8], bytes: Vec<u8>, must: bool) -> bool {
        let bytes = Arc::new(bytes);
        let peers: Vec<_> = self.peers().values().filter(|peer| peer.wants(topic)).cloned().collect();
        let mut all = true;
        for peer in peers {
            match must {
                // A peer that is gone misses nothing.
                true => drop(peer.outbox.must(Arc::clone(&bytes))),
                false => all &= peer.outbox.may(Arc::clone(&bytes)),
            }
        }
        all
    }

    /// Whether everything was handed to the system.
    pub(crate) fn is_empty(&self) -> bool {
        self.peers().values().all(|peer| peer.outbox.is_empty())
    }

    /// Ends all connections.
    pub(crate) fn close(&self) {
        self.peers().values().for_each(|peer| peer.outbox.close());
    }
}

impl Peer {
    fn topics(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(&self, topic: &[u8]) {
        let mut topics = self.topics();
        if topics.len() < TOPICS && topic.len() <= 255 {
            topics.push(topic.to_vec());
        }
    }

    fn cancel(&self, topic: &[u8]) {
        let mut topics = self.topics();
        if let Some(at) = topics.iter().position(|known| known == topic) {
            topics.swap_remove(at);
        }
    }

    fn wants(&self, topic: &[u8]) -> bool {
        self.topics().iter().any(|wanted| topic.starts_with(wanted))
    }
}
