//! Opening a data file: who has it, whose it is, and which schema it is in, in that order.
//!
//! SECURITY: the stamp is checked on every open, by every command. No flag and no variable skips it.

use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, StorageBackend, StorageError};

use super::identity::{Identity, belongs, identity, note_schema, recognized};
use super::overlay::Overlay;
use super::preimage::Preimage;
use super::sum::Form;
use super::table::definition;
use super::{Identified, OpenError, Store, migrations, schema, seal};
use crate::domain::stamp::Stamp;
use crate::domain::{Environment, FileId};

/// Pages of the file kept in memory, in bytes. redb's own default would be a gigabyte.
const CACHE: usize = 64 << 20;

/// A store and whether its file was just made.
pub struct Opened {
    /// The open file.
    pub store: Store,
    /// True when the file did not exist before.
    pub created: bool,
}

impl Store {
    /// Opens the data file of `environment` at `path`, or makes it with the stamp of `newborn`.
    ///
    /// # Errors
    /// [`OpenError`]; the file is untouched unless it was made or repaired.
    pub fn open_or_create(
        path: &Path,
        environment: &Environment,
        newborn: impl FnOnce() -> (FileId, [u8; 32], jiff::Timestamp),
    ) -> Result<Opened, OpenError> {
        if is_there(path)? {
            return Ok(Opened { store: Self::open(path, environment)?, created: false });
        }
        let (file_id, key, now) = newborn();
        let stamp = Stamp::new(environment.clone(), file_id, now);
        let created = create(path, &stamp, key)?;
        Ok(Opened { store: Self::open(path, environment)?, created })
    }

    /// Opens the existing data file of `environment` at `path`.
    ///
    /// # Errors
    /// [`OpenError`]; the file is untouched unless it needed the repair that follows a crash.
    pub fn open(path: &Path, environment: &Environment) -> Result<Self, OpenError> {
        Self::around(Self::identified(path, environment)?, path)
    }

    /// Opens a store on storage that is no file, for tests of what storage does wrong; an empty one gets the stamp of
    /// `newborn`. The same checks are made as of a file, and the same rules hold. Up to `cache` bytes are kept in memory: with
    /// none, every look asks the storage.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_on(
        storage: impl StorageBackend,
        cache: usize,
        environment: &Environment,
        newborn: (FileId, [u8; 32], jiff::Timestamp),
    ) -> Result<Self, OpenError> {
        let path = Path::new("storage");
        let backend = Preimage::over(storage);
        let empty = backend.len().map_err(io(path))? == 0;
        let database = open_with(cache, path, backend.clone())?;
        if empty {
            let (file_id, key, now) = newborn;
            furnish(path, &database, &Stamp::new(environment.clone(), file_id, now), key)?;
        }
        let Identity { stamp, key, .. } = recognized(path, environment, &database)?;
        Self::around(Identified { database, backend, stamp, key }, path)
    }

    /// The open file at `path`, once it is certain that it is the one of `environment`.
    pub(super) fn identified(path: &Path, environment: &Environment) -> Result<Identified, OpenError> {
        if !is_there(path)? {
            return Err(OpenError::Missing { path: path.to_owned() });
        }
        looks_like_ours(path)?;
        refuse_strangers_unwritten(path, environment)?;
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(io(path))?;
        let backend = backend(path, file)?;
        let database = open_database(path, backend.clone())?;
        // Once more, now that nobody else can have the file.
        let Identity { stamp, key, is_sealed, .. } = recognized(path, environment, &database)?;
        if !is_sealed {
            seal::add(&database, &stamp, &key)
                .map_err(|error| OpenError::Damaged { path: path.to_owned(), why: error.to_string() })?;
        }
        Ok(Identified { database, backend, stamp, key })
    }

    /// The stamp of the data file at `path`, if there is a file, after the same checks as when it is opened and without
    /// writing.
    ///
    /// # Errors
    /// [`OpenError`] as for [`Self::open`]; [`OpenError::Locked`] while somebody else has the file.
    pub fn look(path: &Path, environment: &Environment) -> Result<Option<Stamp>, OpenError> {
        if !is_there(path)? {
            return Ok(None);
        }
        looks_like_ours(path)?;
        refuse_strangers_unwritten(path, environment).map(Some)
    }
}

/// The open file at `path`, whatever its schema, which is answered with it. Only for what leads it to another schema.
pub(super) fn of_any_schema(path: &Path, environment: &Environment) -> Result<(Database, u32), OpenError> {
    looks_like_ours(path)?;
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(io(path))?;
    let database = open_database(path, FileBackend::new(file).map_err(|error| explain(path, error))?)?;
    let Identity { stamp, schema, .. } = identity(path, &database)?;
    belongs(path, &stamp, environment)?;
    Ok((database, schema))
}

/// The same without writing: what is written stays in memory.
pub(super) fn of_any_schema_unwritten(path: &Path, environment: &Environment) -> Result<(Database, u32), OpenError> {
    looks_like_ours(path)?;
    let database = open_database(path, File::open(path).and_then(Overlay::over).map_err(io(path))?)?;
    let Identity { stamp, schema, .. } = identity(path, &database)?;
    belongs(path, &stamp, environment)?;
    Ok((database, schema))
}

/// Stamp and schema of a file, read without writing to it and whether or not somebody has it open.
///
/// # Errors
/// [`OpenError`].
pub fn look_at(path: &Path) -> Result<(Stamp, u32), OpenError> {
    if !is_there(path)? {
        return Err(OpenError::Missing { path: path.to_owned() });
    }
    looks_like_ours(path)?;
    let overlay = File::open(path).and_then(Overlay::over).map_err(io(path))?;
    let database = open_database(path, overlay)?;
    let Identity { stamp, schema, .. } = identity(path, &database)?;
    Ok((stamp, schema))
}

/// Looks at stamp and schema without writing, so that a file that belongs elsewhere stays as it is, byte for byte. Nothing
/// but looking happens to a file that was not closed cleanly either: its repair is rehearsed in memory.
fn refuse_strangers_unwritten(path: &Path, environment: &Environment) -> Result<Stamp, OpenError> {
    let opened = catch_unwind(AssertUnwindSafe(|| redb::Builder::new().set_cache_size(1 << 20).open_read_only(path)));
    let identity = match opened {
        Ok(Ok(database)) => recognized(path, environment, &database)?,
        Ok(Err(DatabaseError::RepairAborted)) => {
            let overlay = File::open(path).and_then(Overlay::over).map_err(io(path))?;
            recognized(path, environment, &open_database(path, overlay)?)?
        }
        Ok(Err(error)) => return Err(explain(path, error)),
        Err(_) => return Err(damaged(path)),
    };
    Ok(identity.stamp)
}

fn backend(path: &Path, file: File) -> Result<Preimage, OpenError> {
    FileBackend::new(file).map(Preimage::over).map_err(|error| explain(path, error))
}

pub(super) fn open_database(path: &Path, backend: impl StorageBackend) -> Result<Database, OpenError> {
    open_with(CACHE, path, backend)
}

fn open_with(cache: usize, path: &Path, backend: impl StorageBackend) -> Result<Database, OpenError> {
    // A damaged body can panic inside redb; that is an answer about the file, not the end of the process.
    let opened =
        catch_unwind(AssertUnwindSafe(|| redb::Builder::new().set_cache_size(cache).create_with_backend(backend)));
    match opened {
        Ok(opened) => opened.map_err(|error| explain(path, error)),
        Err(_) => Err(damaged(path)),
    }
}

impl From<redb::Error> for super::Error {
    fn from(error: redb::Error) -> Self {
        Self::File(std::sync::Arc::new(error))
    }
}

/// Whether there is a file. A link that points nowhere is an error, not a place for a new file: what it pointed to may be
/// a disk that is not mounted.
fn is_there(path: &Path) -> Result<bool, OpenError> {
    let there = fs::exists(path).map_err(io(path))?;
    if !there && path.is_symlink() {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "it is a link that points nowhere");
        return Err(OpenError::Io { path: path.to_owned(), source });
    }
    Ok(there)
}

/// Makes the file under a temporary name of its own and then gives it its name, so that a crash half-way leaves no file
/// that looks real. False when somebody else made it meanwhile: theirs is the one that counts.
fn create(path: &Path, stamp: &Stamp, key: [u8; 32]) -> Result<bool, OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io(folder))?;
    let draft = beside(path, &format!(".new-{}", stamp.file_id));
    let written = write_new(&draft, stamp, key);
    // Linking fails where renaming would replace a file that another process made in the same moment.
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(OpenError::Io { path: path.to_owned(), source }),
    });
    let _ = fs::remove_file(&draft);
    let created = linked?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))?;
    Ok(created)
}

/// The path with something added to its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write_new(path: &Path, stamp: &Stamp, key: [u8; 32]) -> Result<(), OpenError> {
    // SECURITY: only the owner reads people's data, whatever the umask says.
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path).map_err(io(path))?;
    let database = open_database(path, backend(path, file)?)?;
    furnish(path, &database, stamp, key)?;
    database.close().map_err(|error| explain(path, error))
}

/// Makes every table of a new file and writes who it is.
fn furnish(path: &Path, database: &Database, stamp: &Stamp, key: [u8; 32]) -> Result<(), OpenError> {
    let fail = |error: redb::Error| OpenError::Damaged { path: path.to_owned(), why: error.to_string() };
    let mut transaction = database.begin_write().map_err(|error| fail(error.into()))?;
    transaction.set_quick_repair(true);
    for table in &schema::ALL {
        transaction.open_table(definition(table.name)).map_err(|error| fail(error.into()))?;
    }
    {
        let batch = super::draft::Batch::of(&transaction, Form::of(schema::VERSION));
        let mut draft = super::Draft::on(&batch);
        draft.put(&schema::STAMP, &schema::only(), stamp);
        note_schema(&mut draft, schema::VERSION);
        draft.put(&schema::KEY, &schema::only(), &key);
        draft.put(&schema::KEY, &seal::place(), &seal::of(stamp, &key));
        let changes = draft.into_changes();
        let made =
            batch.apply(changes).and_then(|()| migrations::migrate(&batch, schema::VERSION, migrations::newest()));
        made.map_err(|error| OpenError::Damaged { path: path.to_owned(), why: error.to_string() })?;
    }
    transaction.commit().map_err(|error| fail(error.into()))
}

/// An empty file, or one that does not begin as redb files do, is left alone.
fn looks_like_ours(path: &Path) -> Result<(), OpenError> {
    let mut head = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    match read {
        Ok(()) if head == *b"redb" => Ok(()),
        Ok(()) => Err(OpenError::NotOurs { path: path.to_owned(), why: "it does not begin like one".to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(OpenError::NotOurs { path: path.to_owned(), why: "it is empty or cut short".to_owned() })
        }
        Err(source) => Err(OpenError::Io { path: path.to_owned(), source }),
    }
}

pub(super) fn explain(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            let pid = pid_beside(&path);
            OpenError::Locked { path, pid }
        }
        DatabaseError::Storage(StorageError::Io(source)) if source.kind() == std::io::ErrorKind::InvalidData => {
            OpenError::NotOurs { path, why: source.to_string() }
        }
        DatabaseError::Storage(StorageError::Io(source)) => OpenError::Io { path, source },
        DatabaseError::UpgradeRequired(version) => {
            OpenError::NotOurs { path, why: format!("file format {version} is older than any Atlas wrote") }
        }
        other => OpenError::Damaged { path, why: other.to_string() },
    }
}

pub(super) fn damaged(path: &Path) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), why: "its pages contradict each other".to_owned() }
}

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError + '_ {
    move |source| OpenError::Io { path: path.to_owned(), source }
}

/// Where a server says which process it is, for whoever finds the file locked.
pub fn pid_file(data_file: &Path) -> PathBuf {
    beside(data_file, ".pid")
}

pub(super) fn pid_beside(data_file: &Path) -> Option<u32> {
    let pid = fs::read_to_string(pid_file(data_file)).ok()?.trim().parse().ok()?;
    // A server that was killed leaves its note behind; whoever holds the file now is somebody else.
    Path::new("/proc").join(u32::to_string(&pid)).exists().then_some(pid)
}

/// The note beside the data file that names the serving process; removed when dropped.
pub struct PidNote(PathBuf);

impl PidNote {
    /// Leaves the note. A note that cannot be left costs a hint in an error message, so failure is not one.
    pub fn leave(data_file: &Path) -> Self {
        let path = pid_file(data_file);
        let _ = fs::write(&path, format!("{}\n", std::process::id()));
        Self(path)
    }
}

impl Drop for PidNote {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
