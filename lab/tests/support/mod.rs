//! The lab as a real process: on ports that the system chose, with a folder of its own, ended by process id.

#![allow(dead_code, reason = "each test program uses its own part of this")]

pub mod databases;

use reqwest::Client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest wait for anything that is bound to happen. Machines that run tests are slow at times, so none of the
/// tests times anything more tightly.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How many variants there are: three frameworks over the stores that were built in.
pub const VARIANTS: usize = 3 * if cfg!(feature = "all-stores") { 10 } else { 3 };

/// The demo admin's address.
pub const ADMIN: &str = "admin@example.com";

/// A lab that runs until this is dropped.
pub struct Lab {
    /// `http://127.0.0.1:…`, the lab page.
    pub page: String,
    /// Each framework with the base URL of its variant, in the order in which they were printed.
    pub variants: Vec<(String, String)>,
    /// The password of the demo admin, if this start printed one.
    pub password: Option<String>,
    /// All that was printed until the lab was ready.
    pub printed: String,
    /// Where it keeps its data.
    data: PathBuf,
    child: Child,
    rest: Mutex<mpsc::Receiver<String>>,
}

/// The lab's command, on free ports, with its data in `folder`.
pub fn command(folder: &Path) -> Command {
    command_of(Path::new(env!("CARGO_BIN_EXE_lab")), folder)
}

/// The same with another copy of the lab.
pub fn command_of(executable: &Path, folder: &Path) -> Command {
    let mut command = Command::new(executable);
    command
        .args(["--lab-listen", "127.0.0.1:0", "--first-port", "0", "--data"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Lab {
    pub fn start(folder: &Path) -> Self {
        Self::run(&mut command(folder))
    }

    /// Starts it and waits until it has said everything.
    pub fn run(command: &mut Command) -> Self {
        let folder = command.get_args().skip_while(|argument| *argument != "--data").nth(1);
        let data = PathBuf::from(folder.unwrap());
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (tell, rest) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let mut lab = Self {
            page: String::new(),
            variants: Vec::new(),
            password: None,
            printed: String::new(),
            data,
            child,
            rest: Mutex::new(rest),
        };
        while let Ok(line) = lab.rest.get_mut().unwrap().recv_timeout(PATIENCE) {
            lab.read(&line);
            if line.trim_start().starts_with("stop ") {
                return lab;
            }
        }
        let _ = lab.child.kill();
        let mut said = String::new();
        let _ = lab.child.stderr.take().unwrap().read_to_string(&mut said);
        panic!("the lab did not start: {}{said}", lab.printed);
    }

    fn read(&mut self, line: &str) {
        self.printed.push_str(line);
        self.printed.push('\n');
        let word = |number| line.split_whitespace().nth(number).unwrap_or_default().to_owned();
        if line.contains("docs at /docs") {
            self.variants.push((word(0), word(1)));
        } else if line.contains("lab page") {
            self.page = word(2);
        } else if line.trim_start().starts_with("password ") && !line.contains("first start") {
            self.password = Some(word(1));
        }
    }

    /// Where it keeps its data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The base URL of a framework's variant.
    pub fn url(&self, framework: &str) -> &str {
        let variant = self.variants.iter().find(|(name, _)| name == framework);
        variant.map(|(_, url)| url.as_str()).unwrap_or_else(|| panic!("no {framework} in:\n{}", self.printed))
    }

    /// What the page's own script asks for: all variants as they are now.
    pub async fn statuses(&self) -> Vec<Value> {
        let answer = client().get(format!("{}/variants", self.page)).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// One of them.
    pub async fn status(&self, name: &str) -> Value {
        let statuses = self.statuses().await;
        statuses.into_iter().find(|variant| variant["name"] == name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// Starts, stops or starts afresh a variant, as the page does.
    pub async fn change(&self, name: &str, change: &str) -> reqwest::Response {
        client().post(format!("{}/variants/{name}/{change}", self.page)).send().await.unwrap()
    }

    /// The process ids of the variants that run.
    pub async fn process_ids(&self) -> Vec<u32> {
        let id = |variant: &Value| Some(u32::try_from(variant["process_id"].as_u64()?).unwrap());
        self.statuses().await.iter().filter_map(id).collect()
    }

    /// Waits until it has ended by itself, and gives what it printed after it was ready.
    pub fn wait(&mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, self.rest.get_mut().unwrap().iter().map(|line| line + "\n").collect());
            }
            assert!(Instant::now() < deadline, "the lab did not end within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// `kill -9`: the lab has no time to end its children.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let databases = databases::of_lab(&self.data);
        if !databases.is_empty() && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            // So asked, it waits until its variants have ended, and no database is removed under one of them.
            let _ = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
            let deadline = Instant::now() + PATIENCE;
            while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        // Its children see the end of their standard input; a test in start.rs holds them to it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        databases::remove(databases);
    }
}

/// Sends a signal to a process, or to a process group if the target begins with `-`.
pub fn signal(name: &str, target: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), "--", target]).status().unwrap();
    assert!(status.success(), "kill -{name} {target}");
}

/// Whether a process is there. One that has ended, and waits for its parent to notice, is not.
pub fn is_running(process_id: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &process_id.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout);
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// An HTTP client that goes straight to the address, whatever proxy the environment names.
pub fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

/// A folder that is gone at the end.
pub fn folder() -> TempDir {
    TempDir::with_prefix("stackdiff-test-").unwrap()
}

/// Starts the lab where it must be refused: the one line that it says.
pub fn refusal(arguments: &[&str]) -> String {
    let folder = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    let output = command.args(arguments).arg("--data").arg(folder.path()).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!((said.lines().count(), output.stdout.len()), (1, 0), "{said}");
    said
}

/// A token of the demo admin.
pub async fn sign_in(url: &str, password: &str) -> String {
    let credentials = json!({ "email": ADMIN, "password": password });
    let answer = client().post(format!("{url}/api/auth/login")).json(&credentials).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

async fn get(url: &str, token: &str) -> Value {
    let answer = client().get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.json().await.unwrap()
}

/// All users, page by page, as `(id, name, e-mail)`.
pub async fn users(url: &str, token: &str) -> Vec<[String; 3]> {
    let text = |user: &Value| ["id", "name", "email"].map(|field| user[field].as_str().unwrap().to_owned());
    let (mut users, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("{url}/api/users?limit=100{after}"), token).await;
        users.extend(page["items"].as_array().unwrap().iter().map(text));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return users,
        }
    }
}
