//! The `watchbell` command.

fn main() -> std::process::ExitCode {
    watchbell::shell::cli::main()
}
