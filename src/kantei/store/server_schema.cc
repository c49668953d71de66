#include "kantei/store/server_state.h"

namespace kantei::store {

// Scores are millionths. What people did (decisions, notes, audit) is append-only, and the triggers say so to whoever
// opens the file with another program, too.
const char* const kServerSchema = R"sql(
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE users (
  user_id       INTEGER PRIMARY KEY AUTOINCREMENT,
  name          TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) > 0),
  display_name  TEXT NOT NULL,
  role          INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
  active        INTEGER NOT NULL CHECK (active IN (0, 1)),
  must_change   INTEGER NOT NULL CHECK (must_change IN (0, 1)),
  password_hash TEXT NOT NULL,
  created_at    TEXT NOT NULL,
  last_login_at TEXT
) STRICT;
CREATE TABLE sessions (
  token_hash TEXT PRIMARY KEY,
  user_id    INTEGER NOT NULL REFERENCES users (user_id),
  created_at TEXT NOT NULL,
  seen_at    TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  address    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE keys (
  key_id       INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id      INTEGER NOT NULL REFERENCES users (user_id),
  name         TEXT NOT NULL,
  prefix       TEXT NOT NULL,
  secret_hash  TEXT NOT NULL UNIQUE,
  scopes       TEXT NOT NULL,
  per_minute   INTEGER NOT NULL CHECK (per_minute > 0),
  created_at   TEXT NOT NULL,
  expires_at   TEXT NOT NULL,
  last_used_at TEXT,
  revoked      INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1))
) STRICT;

CREATE TABLE jobs (
  job_id      INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT NOT NULL,
  source      TEXT NOT NULL,
  user_id     INTEGER NOT NULL REFERENCES users (user_id),
  created_at  TEXT NOT NULL,
  started_at  TEXT,
  finished_at TEXT,
  expires_at  TEXT,
  hidden      INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
  labels      TEXT NOT NULL
) STRICT;
CREATE TABLE job_items (
  item_id       INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id        INTEGER NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
  urgent        INTEGER NOT NULL CHECK (urgent IN (0, 1)),
  file_name     TEXT NOT NULL,
  spool         TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('queued', 'done', 'failed', 'cancelled')),
  inspection_id INTEGER,
  error_code    TEXT,
  error_detail  TEXT
) STRICT;
CREATE INDEX job_items_job ON job_items (job_id);
CREATE INDEX job_items_queue ON job_items (urgent DESC, item_id) WHERE state = 'queued';

CREATE TABLE inspections (
  inspection_id INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id        INTEGER NOT NULL,
  user_id       INTEGER NOT NULL REFERENCES users (user_id),
  source        TEXT NOT NULL,
  created_at    TEXT NOT NULL,
  updated_at    TEXT NOT NULL,
  file_name     TEXT NOT NULL,
  sha256        TEXT NOT NULL,
  bytes         INTEGER NOT NULL,
  format        TEXT NOT NULL,
  width         INTEGER NOT NULL,
  height        INTEGER NOT NULL,
  pdq           TEXT NOT NULL,
  pdq_quality   INTEGER NOT NULL,
  band          INTEGER NOT NULL CHECK (band BETWEEN 0 AND 3),
  bands         TEXT NOT NULL,
  score_copy    INTEGER,
  score_ai_made INTEGER,
  score_edited  INTEGER,
  evidence      INTEGER NOT NULL,
  top_match     TEXT,
  error         TEXT,
  runs          INTEGER NOT NULL,
  folder        TEXT NOT NULL,
  erased        INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1)),
  state         TEXT NOT NULL DEFAULT 'open',
  decided_band  INTEGER,
  decided_at    TEXT,
  assignee      INTEGER REFERENCES users (user_id),
  retroactive   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX inspections_queue ON inspections (band DESC, evidence DESC, inspection_id DESC);
CREATE INDEX inspections_state ON inspections (state);
CREATE INDEX inspections_sha256 ON inspections (sha256);
CREATE INDEX inspections_job ON inspections (job_id);
CREATE TABLE labels (
  inspection_id INTEGER NOT NULL REFERENCES inspections (inspection_id),
  label         TEXT NOT NULL,
  PRIMARY KEY (inspection_id, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_label ON labels (label);
CREATE TABLE runs (
  inspection_id    INTEGER NOT NULL REFERENCES inspections (inspection_id),
  run              INTEGER NOT NULL,
  at               TEXT NOT NULL,
  tool_version     TEXT NOT NULL,
  band             INTEGER NOT NULL,
  library_pictures INTEGER NOT NULL,
  result           TEXT NOT NULL,
  PRIMARY KEY (inspection_id, run)
) STRICT;
CREATE TABLE artifacts (
  inspection_id INTEGER NOT NULL REFERENCES inspections (inspection_id),
  name          TEXT NOT NULL,
  type          TEXT NOT NULL,
  bytes         INTEGER NOT NULL,
  sha256        TEXT NOT NULL,
  file          TEXT NOT NULL,
  PRIMARY KEY (inspection_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE decisions (
  decision_id   INTEGER PRIMARY KEY AUTOINCREMENT,
  inspection_id INTEGER NOT NULL REFERENCES inspections (inspection_id),
  at            TEXT NOT NULL,
  user_id       INTEGER NOT NULL REFERENCES users (user_id),
  kind          TEXT NOT NULL CHECK (kind IN ('decision', 'undo')),
  verdict       TEXT NOT NULL CHECK (verdict IN ('confirm', 'dismiss', 'escalate', 'inconclusive')),
  reason        TEXT NOT NULL,
  about         TEXT NOT NULL,
  run           INTEGER NOT NULL,
  band          INTEGER NOT NULL,
  undoes        INTEGER REFERENCES decisions (decision_id)
) STRICT;
CREATE INDEX decisions_inspection ON decisions (inspection_id);
CREATE UNIQUE INDEX decisions_undone ON decisions (undoes) WHERE undoes IS NOT NULL;
CREATE TABLE notes (
  note_id       INTEGER PRIMARY KEY AUTOINCREMENT,
  inspection_id INTEGER NOT NULL REFERENCES inspections (inspection_id),
  at            TEXT NOT NULL,
  user_id       INTEGER NOT NULL REFERENCES users (user_id),
  text          TEXT NOT NULL
) STRICT;
CREATE INDEX notes_inspection ON notes (inspection_id);
CREATE TABLE case_files (
  case_file_id  INTEGER PRIMARY KEY AUTOINCREMENT,
  inspection_id INTEGER NOT NULL REFERENCES inspections (inspection_id),
  at            TEXT NOT NULL,
  user_id       INTEGER NOT NULL REFERENCES users (user_id),
  language      TEXT NOT NULL,
  sha256        TEXT NOT NULL,
  bytes         INTEGER NOT NULL,
  file          TEXT NOT NULL
) STRICT;
CREATE INDEX case_files_inspection ON case_files (inspection_id);
CREATE INDEX case_files_sha256 ON case_files (sha256);
CREATE TABLE retroactive (
  retroactive_id INTEGER PRIMARY KEY AUTOINCREMENT,
  inspection_id  INTEGER NOT NULL REFERENCES inspections (inspection_id),
  picture_id     INTEGER NOT NULL,
  label          TEXT NOT NULL,
  bank           TEXT NOT NULL,
  pdq_distance   INTEGER NOT NULL,
  at             TEXT NOT NULL,
  seen           INTEGER NOT NULL DEFAULT 0 CHECK (seen IN (0, 1)),
  UNIQUE (inspection_id, picture_id)
) STRICT;

CREATE TABLE audit (
  seq        INTEGER PRIMARY KEY CHECK (seq > 0),
  at         TEXT NOT NULL,
  actor      TEXT NOT NULL,
  address    TEXT NOT NULL,
  action     TEXT NOT NULL,
  target     TEXT NOT NULL,
  detail     TEXT NOT NULL,
  request_id TEXT NOT NULL,
  hash       TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX audit_target ON audit (target);

CREATE TABLE webhooks (
  webhook_id INTEGER PRIMARY KEY AUTOINCREMENT,
  url        TEXT NOT NULL,
  events     TEXT NOT NULL,
  secret     TEXT NOT NULL,
  created_at TEXT NOT NULL,
  removed    INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1))
) STRICT;
CREATE TABLE deliveries (
  delivery_id INTEGER PRIMARY KEY AUTOINCREMENT,
  webhook_id  INTEGER NOT NULL REFERENCES webhooks (webhook_id),
  event       TEXT NOT NULL,
  data        TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
  attempts    INTEGER NOT NULL,
  created_at  TEXT NOT NULL,
  next_at     TEXT,
  last_at     TEXT,
  last_status INTEGER,
  last_error  TEXT
) STRICT;
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX deliveries_webhook ON deliveries (webhook_id);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE (ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE (ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE (ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE (ABORT, 'decisions are append-only'); END;
CREATE TRIGGER notes_no_update BEFORE UPDATE ON notes BEGIN SELECT RAISE (ABORT, 'notes are append-only'); END;
CREATE TRIGGER notes_no_delete BEFORE DELETE ON notes BEGIN SELECT RAISE (ABORT, 'notes are append-only'); END;
)sql";

}  // namespace kantei::store
