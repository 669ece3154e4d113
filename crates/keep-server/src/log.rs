/// Where the server says what it did. The binary supplies it: the server knows no terminal.
pub trait Log: Send + Sync + 'static {
    /// One line, without secrets and without what a request held.
    fn line(&self, text: &str);
}

/// Says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Quiet;

impl Log for Quiet {
    fn line(&self, _: &str) {}
}
