//! A real browser opens the page, fills in the form and presses the button: Chromium, by the W3C's WebDriver.
//! With `WATCHBELL_PICTURES` set to a folder, what it saw is kept there.

use super::page::{clock, rung};
use crate::support::Daemon;
use base64::Engine;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
}

impl Browser {
    /// A telephone's window; `None` where there is no Chromium with its driver.
    fn open() -> Option<Self> {
        let mut driver =
            Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut said = BufReader::new(driver.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let started = said.find(|line| line.contains("started successfully on port")).expect("the driver starts");
        let port = started.rsplit_once("on port ").and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
        let port: u16 = port.expect("the driver says its port");
        let mut browser = Self { driver, address: ([127, 0, 0, 1], port).into(), session: String::new() };
        let args =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--window-size=412,915"];
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": args } } } });
        let opened = browser.ask("POST", "", &wanted);
        browser.session = format!("/{}", opened["sessionId"].as_str().expect("a session"));
        Some(browser)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let path = format!("/session{}{path}", self.session);
        let (ok, answer) = exchange(self.address, method, &path, &body).expect("the driver answers");
        assert!(ok, "{method} {path}: {answer}");
        answer["value"].clone()
    }

    fn visit(&self, url: &str) {
        self.ask("POST", "/url", &json!({ "url": url }));
    }

    fn find(&self, selector: &str) -> String {
        let found = self.ask("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        let id = found.as_object().and_then(|found| found.values().next()?.as_str()).expect("an element");
        format!("/element/{id}")
    }

    fn text(&self) -> String {
        self.ask("GET", &format!("{}/text", self.find("body")), &Value::Null).as_str().expect("text").to_owned()
    }

    fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("WATCHBELL_PICTURES") else { return };
        let shot = self.ask("GET", "/screenshot", &Value::Null);
        let png = base64::engine::general_purpose::STANDARD.decode(shot.as_str().expect("base64")).expect("base64");
        std::fs::write(std::path::Path::new(&folder).join(name), png).expect("a picture is kept");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = exchange(self.address, "DELETE", &format!("/session{}", self.session), "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// One request to the driver, which leaves connections open whatever it is asked; whether it went well, and its JSON.
fn exchange(address: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<(bool, Value)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n{body}")?;
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok((head.starts_with("HTTP/1.1 200"), serde_json::from_slice(&body).unwrap_or_default()))
}

#[test]
fn a_browser_presses_the_button_and_the_clock_is_acknowledged() {
    let Some(browser) = Browser::open() else {
        eprintln!("skipped: there is no chromedriver here");
        return;
    };
    let (daemon, path) = rung();
    let url = |daemon: &Daemon| format!("{}{path}", daemon.url());
    browser.visit(&url(&daemon));
    browser.picture("page.png");
    // The policy lets the style through: the button is as wide as its form, not as its words.
    let width = browser.ask("GET", &format!("{}/rect", browser.find("form:has(select) button")), &Value::Null)["width"].as_f64();
    assert!(width.is_some_and(|width| width > 250.0), "{width:?}");
    let button = browser.find("form:has(select) button");
    // Without a name the browser itself holds the form back.
    browser.ask("POST", &format!("{button}/click"), &json!({}));
    assert_eq!(clock(&daemon)["acknowledged"], Value::Null);
    let name = browser.find("form:has(select) input[name=name]");
    browser.ask("POST", &format!("{name}/value"), &json!({ "text": "Zoë Keller" }));
    browser.ask("POST", &format!("{button}/click"), &json!({}));
    crate::support::wait_for("the page says who has it", || browser.text().contains("Zoë Keller until").then_some(()));
    browser.picture("taken.png");
    assert_eq!(clock(&daemon)["acknowledged"][0], "Zoë Keller");
    assert_eq!(browser.ask("GET", "/url", &Value::Null), url(&daemon).as_str());

    // The same reader answers the opening question.
    let field = |selector: &str| browser.find(&format!("form:has(textarea) {selector}"));
    browser.ask("POST", &format!("{}/click", field("input[value=yes]")), &json!({}));
    browser.ask("POST", &format!("{}/value", field("textarea")), &json!({ "text": "A note was left." }));
    browser.ask("POST", &format!("{}/value", field("input[name=name]")), &json!({ "text": "Zoë Keller" }));
    browser.ask("POST", &format!("{}/click", field("button")), &json!({}));
    crate::support::wait_for("the clocks of the law are set", || {
        let clocks = daemon.get("/v1/clocks").json();
        let of_law = |clock: &Value| clock["duty"].as_str().is_some_and(|duty| !duty.starts_with("house."));
        clocks.as_array().is_some_and(|clocks| clocks.iter().any(of_law)).then_some(())
    });
}
