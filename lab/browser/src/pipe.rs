// SPDX-License-Identifier: GPL-2.0

//! Messages of JSON over a pair of pipes, each ended by a zero byte.

use anyhow::{bail, Context, Result};
use serde_json::{json, Value};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any answer takes on a machine that is busy with emulators.
const PATIENCE: Duration = Duration::from_secs(60);

/// Both ends of the conversation.
pub struct Pipe {
    to: Box<dyn Write>,
    from: Receiver<Value>,
    /// Events that came while an answer was waited for.
    events: VecDeque<Value>,
    last: u64,
}

impl Pipe {
    pub fn new(to: impl Write + 'static, from: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let messages = BufReader::new(from).split(0);
            for message in messages.map_while(Result::ok) {
                // What it says is JSON, and nobody waits for anything else.
                let Ok(message) = serde_json::from_slice(&message) else {
                    break;
                };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self {
            to: Box::new(to),
            from: receiver,
            events: VecDeque::new(),
            last: 0,
        }
    }

    /// Has `method` done, in `session` or by the browser itself, and gives its result.
    pub fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        self.last += 1;
        let id = self.last;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        let sent = self.to.write_all(&bytes).and_then(|()| self.to.flush());
        sent.with_context(|| format!("{method}: the browser is gone"))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut message = self.receive(deadline).context(method.to_string())?;
            if message["id"] == id {
                if let Some(error) = message.get("error") {
                    bail!("{method}: {}", error["message"]);
                }
                return Ok(message["result"].take());
            }
            self.events.push_back(message);
        }
    }

    /// Waits for the event `method`; others stay.
    pub fn wait(&mut self, method: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !self.events.iter().any(|event| event["method"] == method) {
            let event = self.receive(deadline).context(method.to_string())?;
            self.events.push_back(event);
        }
        Ok(())
    }

    /// The events that have come.
    pub fn events(&mut self) -> Vec<Value> {
        self.events.extend(self.from.try_iter());
        self.events.drain(..).collect()
    }

    fn receive(&self, deadline: Instant) -> Result<Value> {
        let left = deadline.saturating_duration_since(Instant::now());
        let received = self.from.recv_timeout(left);
        received.with_context(|| format!("the browser says nothing for {PATIENCE:?}, or has ended"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn answers_are_told_from_events() {
        let said = [
            r#"{"method":"Page.loadEventFired"}"#,
            r#"{"id":1,"result":{"a":2}}"#,
            r#"{"id":2,"error":{"message":"no such thing"}}"#,
            "",
        ];
        let mut pipe = Pipe::new(Vec::new(), Cursor::new(said.join("\0")));
        assert_eq!(pipe.call(None, "A.a", json!({})).unwrap()["a"], 2);
        let refused = pipe.call(Some("s"), "B.b", json!({})).unwrap_err();
        assert_eq!(refused.to_string(), r#"B.b: "no such thing""#);
        pipe.wait("Page.loadEventFired").unwrap();
        assert_eq!(pipe.events().len(), 1);
        assert!(pipe.call(None, "C.c", json!({})).is_err());
    }
}
