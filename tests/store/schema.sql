CREATE INDEX generations_by_story ON generations (story_id, state);
CREATE INDEX jobs_by_state ON jobs (state, queue, priority DESC, queued_at);
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE TABLE "adapters" (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, artifact TEXT NOT NULL, job_id TEXT NOT NULL,
            model TEXT NOT NULL, dataset TEXT, language TEXT NOT NULL,
            nll_before REAL, nll_after REAL, facts TEXT NOT NULL,
            created_at REAL NOT NULL, deleted_at REAL,
            tags TEXT NOT NULL DEFAULT '[]', note TEXT NOT NULL DEFAULT '',
            favourite INTEGER NOT NULL DEFAULT 0, archived_at REAL,
            parents TEXT NOT NULL DEFAULT '[]'
        ) STRICT
        ;
CREATE TABLE "verifications" (
            job_id TEXT PRIMARY KEY, adapter TEXT NOT NULL, gguf_base TEXT NOT NULL,
            gguf_adapter TEXT, max_abs_logit_diff REAL NOT NULL,
            top1_agreement REAL NOT NULL, created_at REAL NOT NULL
        ) STRICT
        ;
CREATE TABLE changes (
            dataset TEXT NOT NULL, step INTEGER NOT NULL, example TEXT NOT NULL,
            excluded INTEGER, completion TEXT, rejected TEXT,
            at REAL NOT NULL, undone INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (dataset, step, example)
        ) STRICT, WITHOUT ROWID
        ;
CREATE TABLE checkpoints (
            job_id TEXT NOT NULL, artifact TEXT NOT NULL, step INTEGER NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (job_id, artifact)
        ) STRICT
        ;
CREATE TABLE datasets (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, job_id TEXT NOT NULL, language TEXT NOT NULL,
            train INTEGER NOT NULL, validation INTEGER NOT NULL, tokens INTEGER NOT NULL,
            statistics TEXT NOT NULL, created_at REAL NOT NULL, deleted_at REAL
        , parent TEXT) STRICT
        ;
CREATE TABLE discarded (artifact TEXT PRIMARY KEY) STRICT;
CREATE TABLE events (
            job_id TEXT NOT NULL, attempt INTEGER NOT NULL, seq INTEGER NOT NULL,
            at REAL NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (job_id, attempt, seq)
        ) STRICT, WITHOUT ROWID
        ;
CREATE TABLE generations (
            job_id TEXT PRIMARY KEY, story_id TEXT NOT NULL REFERENCES stories (id),
            voice TEXT NOT NULL, prompt TEXT NOT NULL, text TEXT NOT NULL DEFAULT '',
            state TEXT NOT NULL, created_at REAL NOT NULL
        ) STRICT
        ;
CREATE TABLE ggufs (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, job_id TEXT NOT NULL, model TEXT NOT NULL,
            adapter TEXT, quantisation TEXT NOT NULL, bytes INTEGER NOT NULL,
            created_at REAL NOT NULL
        ) STRICT
        ;
CREATE TABLE jobs (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, queue TEXT NOT NULL, title TEXT NOT NULL,
            spec TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL DEFAULT 0,
            attempt INTEGER NOT NULL DEFAULT 1, losses INTEGER NOT NULL DEFAULT 0,
            key TEXT, after TEXT NOT NULL DEFAULT '[]',
            cancel_requested INTEGER NOT NULL DEFAULT 0,
            created_at REAL NOT NULL, queued_at REAL, started_at REAL, ended_at REAL,
            step INTEGER NOT NULL DEFAULT 0, steps INTEGER, unit TEXT NOT NULL DEFAULT '',
            note TEXT NOT NULL DEFAULT '', rate REAL, worker TEXT NOT NULL DEFAULT '',
            device TEXT NOT NULL DEFAULT '', checkpoint TEXT, result TEXT, failure TEXT
        , behind TEXT NOT NULL DEFAULT '[]') STRICT
        ;
CREATE TABLE lore (
            id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, aliases TEXT NOT NULL,
            text TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
            deleted_at REAL
        ) STRICT
        ;
CREATE TABLE lore_revisions (
            id INTEGER PRIMARY KEY, entry TEXT NOT NULL REFERENCES lore (id),
            name TEXT NOT NULL, aliases TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL
        ) STRICT
        ;
CREATE TABLE manuscripts (
            id TEXT PRIMARY KEY, title TEXT NOT NULL, language TEXT NOT NULL,
            encoding TEXT NOT NULL, words INTEGER NOT NULL, characters INTEGER NOT NULL,
            chapters TEXT NOT NULL, notes TEXT NOT NULL, artifact TEXT NOT NULL,
            original TEXT NOT NULL, created_at REAL NOT NULL, deleted_at REAL
        , file TEXT NOT NULL DEFAULT '', family TEXT, version INTEGER DEFAULT 1) STRICT
        ;
CREATE TABLE metrics (
            job_id TEXT NOT NULL, name TEXT NOT NULL, step INTEGER NOT NULL, value REAL,
            at REAL NOT NULL, PRIMARY KEY (job_id, name, step)
        ) STRICT, WITHOUT ROWID
        ;
CREATE TABLE models (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, model TEXT NOT NULL, facts TEXT NOT NULL,
            created_at REAL NOT NULL, deleted_at REAL
        ) STRICT
        ;
CREATE TABLE plans (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, spec TEXT NOT NULL,
            created_at REAL NOT NULL, updated_at REAL NOT NULL, deleted_at REAL
        ) STRICT
        ;
CREATE TABLE refused_events (
            id INTEGER PRIMARY KEY, job_id TEXT, reason TEXT NOT NULL, event TEXT NOT NULL,
            at REAL NOT NULL
        ) STRICT
        ;
CREATE TABLE revisions (
            story_id TEXT NOT NULL REFERENCES stories (id), revision INTEGER NOT NULL,
            text TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (story_id, revision)
        ) STRICT
        ;
CREATE TABLE samples (
            job_id TEXT NOT NULL, step INTEGER NOT NULL, prompt TEXT NOT NULL, text TEXT NOT NULL,
            at REAL NOT NULL, PRIMARY KEY (job_id, step, prompt)
        ) STRICT
        ;
CREATE TABLE stories (
            id TEXT PRIMARY KEY, title TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL,
            revision INTEGER NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
            deleted_at REAL
        ) STRICT
        ;
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX jobs_alive_by_key ON jobs (key)
        WHERE key IS NOT NULL AND state IN ('waiting', 'queued', 'running', 'lost')
        ;
