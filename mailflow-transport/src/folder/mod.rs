//! [`FolderSource`] and [`FolderTransport`]: mail as `.eml` files, for development.

use std::fs::File;
use std::io;
use std::path::Path;

use mailflow_core::transport::{TransportError, TransportErrorKind};

mod source;
mod transport;

pub use source::FolderSource;
pub use transport::FolderTransport;

/// Makes the names in the folder that `path` is in last.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn failed(doing: &str, path: &Path, error: io::Error) -> TransportError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory => {
            TransportErrorKind::Setup
        }
        _ => TransportErrorKind::Temporary,
    };
    TransportError::new(kind, format!("`{}` cannot be {doing}: {error}", path.display())).because(error)
}

/// Runs what waits for the disk where that holds nobody up.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TransportError> + Send + 'static,
) -> Result<T, TransportError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(TransportError::new(TransportErrorKind::Temporary, "work on the folder was given up").because(error))
    })
}
