// SPDX-License-Identifier: GPL-2.0

//! The HTTP server that Prometheus scrapes.
//!
//! One thread: of scrapes that come together each has a snapshot of its own, one after the other.
//! A connection is one request, with an end to how long it may take and how much it may say; where
//! there are too many, whoever has been there longest has to go. Nobody can hold up the others.

use super::accept::Accept;
use super::exporter::Exporter;
use super::format::{Format, Histograms};
use crate::program::{note, sentence};
use anyhow::{ensure, Context, Result};
use flate2::write::GzEncoder;
use flate2::Compression;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How many connections there are at a time.
const CONNECTIONS: usize = 64;
/// How long one may take, from the first byte to the last: as long as Prometheus waits by default.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many headers, and how many bytes of them, a request may have.
const HEADERS: usize = 64;
const HEADER_BYTES: usize = 16 << 10;

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const HOME: &str =
    "<!doctype html><title>kvm-exits</title><p>VM exits of this host, for Prometheus: \
    <a href=\"/metrics\">/metrics</a>.</p>\n";

/// Whether whoever listens on `address` can be reached from this machine only.
pub fn is_local(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Checks that nobody is served whom the user may not think of.
pub fn check(address: SocketAddr, allow_remote: bool) -> Result<()> {
    ensure!(
        allow_remote || is_local(address),
        "{address} can be reached from other machines, and this knows neither passwords nor TLS: \
         listen on 127.0.0.1 or [::1] behind a reverse proxy that does, or say --allow-remote"
    );
    Ok(())
}

/// Serves what `exporter` reads, until the program ends.
pub fn run(address: SocketAddr, exporter: Exporter, histograms: Histograms) -> Result<()> {
    let mut builder = runtime::Builder::new_current_thread();
    let runtime = builder.enable_io().enable_time().build()?;
    runtime.block_on(serve(address, exporter, histograms))
}

/// What all connections share.
struct Shared {
    exporter: Mutex<Exporter>,
    histograms: Histograms,
}

async fn serve(address: SocketAddr, exporter: Exporter, histograms: Histograms) -> Result<()> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
    note(format_args!("http://{}/metrics", listener.local_addr()?));
    let shared = Arc::new(Shared {
        exporter: Mutex::new(exporter),
        histograms,
    });
    let mut connections = VecDeque::<JoinHandle<()>>::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // It was given up at once, or there are no file descriptors left: that passes.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= CONNECTIONS {
            connections.pop_front().inspect(JoinHandle::abort);
        }
        connections.push_back(tokio::spawn(connection(stream, shared.clone())));
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let answer = shared.answer(&request);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_headers(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // How it ended is its client's affair.
    let _ = timeout(PATIENCE, connection).await;
}

type Answer = Response<Full<Bytes>>;

impl Shared {
    fn answer<B>(&self, request: &Request<B>) -> Answer {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut answer = answer(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "GET or HEAD\n");
            let allow = HeaderValue::from_static("GET, HEAD");
            answer.headers_mut().insert(header::ALLOW, allow);
            return answer;
        }
        match request.uri().path() {
            "/metrics" => self.metrics(request.headers()),
            "/" => answer(StatusCode::OK, HTML, HOME),
            _ => answer(StatusCode::NOT_FOUND, PLAIN, "not here: /metrics\n"),
        }
    }

    fn metrics(&self, headers: &HeaderMap) -> Answer {
        // Nothing panics while it is held; if it did, what is in it would be whole all the same.
        let mut exporter = self.exporter.lock().unwrap_or_else(PoisonError::into_inner);
        let families = match exporter.scrape() {
            Ok(families) => families,
            Err(error) => {
                let why = sentence(&error) + "\n";
                return answer(StatusCode::SERVICE_UNAVAILABLE, PLAIN, why);
            }
        };
        let format = Format::negotiate(&values(headers, header::ACCEPT), self.histograms);
        let body = format.render(&families, self.histograms);
        let encodings = values(headers, header::ACCEPT_ENCODING);
        let gzip = Accept::parse(&encodings).quality("gzip") > 0;
        let compressed = gzip.then(|| compressed(&body)).flatten();
        let is_compressed = compressed.is_some();
        let body = compressed.unwrap_or(body);
        let mut answer = answer(StatusCode::OK, format.content_type(), body);
        let headers = answer.headers_mut();
        let vary = HeaderValue::from_static("Accept, Accept-Encoding");
        headers.insert(header::VARY, vary);
        if is_compressed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        answer
    }
}

fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    answer
}

/// All that was said of `name`, in one line.
fn values(headers: &HeaderMap, name: header::HeaderName) -> String {
    let values = headers.get_all(name).iter();
    let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}

fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    // Counters are digits and names that repeat: more effort takes longer, and saves a tenth.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(body).and_then(|()| gzip.finish()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_unless_told() {
        for address in [
            "127.0.0.1:1",
            "127.9.9.9:1",
            "[::1]:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            check(address.parse().unwrap(), false).unwrap();
        }
        for address in ["0.0.0.0:1", "[::]:1", "192.168.0.1:1", "[fe80::1]:1"] {
            let address = address.parse().unwrap();
            let error = check(address, false).unwrap_err().to_string();
            assert!(error.contains("--allow-remote"), "{error}");
            check(address, true).unwrap();
        }
    }
}
