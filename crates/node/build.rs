//! Links the addon so that Node can load it, and so that it stays loaded: its pool's threads outlive the worker or environment that
//! started them, and code that is unloaded under a running thread crashes the process.

fn main() {
    napi_build::setup();
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if matches!(target.as_str(), "linux" | "android" | "freebsd") {
        println!("cargo:rustc-link-arg-cdylib=-Wl,-z,nodelete");
    }
}
