
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE directories (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,        -- '' is the root
    parent INTEGER,
    digest BLOB                       -- SHA-256 over the digests within, by name
);
CREATE INDEX directories_by_parent ON directories (parent);

CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    directory INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, size INTEGER NOT NULL, inode INTEGER NOT NULL,
    read_ns INTEGER NOT NULL,         -- when it was read
    digest BLOB NOT NULL,             -- SHA-256 of the content; empty where it was not read
    left_out TEXT,                    -- why it is not indexed; NULL: it is
    language TEXT NOT NULL, status TEXT NOT NULL, why TEXT NOT NULL, lines INTEGER NOT NULL,
    chunk_base INTEGER NOT NULL, chunks INTEGER NOT NULL,
    symbol_base INTEGER NOT NULL, symbols INTEGER NOT NULL,
    names BLOB NOT NULL               -- ids of the names that it refers to, 4 bytes each, little-endian
);
CREATE INDEX files_by_directory ON files (directory);

CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE INDEX names_by_name ON names (name COLLATE NOCASE);

CREATE TABLE symbols (
    id INTEGER PRIMARY KEY,           -- symbol_base of its file + position
    file INTEGER NOT NULL, name INTEGER NOT NULL, qualified TEXT NOT NULL, kind TEXT NOT NULL,
    start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, name_line INTEGER NOT NULL,
    parent INTEGER                    -- symbols.id
);
CREATE INDEX symbols_by_name ON symbols (name);

CREATE TABLE "references" (
    name INTEGER NOT NULL, file INTEGER NOT NULL, run BLOB NOT NULL, PRIMARY KEY (name, file)
) WITHOUT ROWID;

CREATE TABLE imports (
    file INTEGER NOT NULL, position INTEGER NOT NULL,
    module INTEGER NOT NULL, name INTEGER NOT NULL, alias INTEGER NOT NULL,  -- names.id
    line INTEGER NOT NULL, PRIMARY KEY (file, position)
) WITHOUT ROWID;
CREATE INDEX imports_by_module ON imports (module);

CREATE TABLE inherits (
    file INTEGER NOT NULL, position INTEGER NOT NULL,
    class INTEGER NOT NULL, base INTEGER NOT NULL,                           -- names.id, both without qualifiers
    PRIMARY KEY (file, position)
) WITHOUT ROWID;
CREATE INDEX inherits_by_class ON inherits (class);

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,           -- chunk_base of its file + position
    file INTEGER NOT NULL, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, kind TEXT NOT NULL,
    symbol INTEGER,                   -- symbols.id
    name TEXT                         -- where the symbol does not say it
);

CREATE TABLE terms (file INTEGER PRIMARY KEY, packed BLOB NOT NULL /* what the lexicon was given, by zlib */);

CREATE TABLE quarantine (digest BLOB PRIMARY KEY, why TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE kept (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, digest BLOB NOT NULL, packed BLOB NOT NULL, terms BLOB NOT NULL,
    UNIQUE (path, digest)
);
