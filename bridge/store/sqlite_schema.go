package store

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations bring the schema from one version to the next; user_version of the file counts them. An entry is never
// changed once it was released: add another.
var migrations = []string{
	`CREATE TABLE keys (
		name  TEXT PRIMARY KEY,
		value BLOB NOT NULL
	) WITHOUT ROWID;
	CREATE TABLE pending (
		handle  BLOB PRIMARY KEY,
		sealed  BLOB NOT NULL,
		expires INTEGER NOT NULL -- milliseconds since 1970, here and below
	);
	CREATE INDEX pending_expires ON pending (expires);
	CREATE TABLE used (
		issuer TEXT NOT NULL,
		id     TEXT NOT NULL,
		until  INTEGER NOT NULL,
		PRIMARY KEY (issuer, id)
	);
	CREATE INDEX used_until ON used (until);
	CREATE TABLE session (
		id          BLOB PRIMARY KEY,
		expires     INTEGER NOT NULL,
		idle        INTEGER NOT NULL,
		person      BLOB NOT NULL,
		idp_session BLOB NOT NULL,
		wrapped_key BLOB NOT NULL,
		created     INTEGER NOT NULL
	);
	CREATE INDEX session_expires ON session (expires);
	CREATE INDEX session_idle ON session (idle);
	CREATE INDEX session_person ON session (person);
	CREATE INDEX session_idp_session ON session (idp_session);
	CREATE TABLE session_identity (
		id     BLOB PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
		sealed BLOB NOT NULL
	);
	CREATE TABLE session_proof (
		id     BLOB PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
		sealed BLOB NOT NULL,
		until  INTEGER NOT NULL
	);
	CREATE INDEX session_proof_until ON session_proof (until);`,
	`CREATE TABLE record (
		name    TEXT PRIMARY KEY,
		version INTEGER NOT NULL,
		value   BLOB NOT NULL
	);`,
}

func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil) // immediate: two processes that start at once don't both migrate
	if err != nil {
		return wrap("migrate", err)
	}
	defer tx.Rollback() // after Commit it does nothing
	var version int
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return wrap("migrate", err)
	}
	if version > len(migrations) {
		return fmt.Errorf("store: sqlite: the file has schema %d, this fedbridge knows %d: use the newer fedbridge that wrote it",
			version, len(migrations))
	}
	for i := version; i < len(migrations); i++ {
		if _, err := tx.ExecContext(ctx, migrations[i]); err != nil {
			return wrap(fmt.Sprintf("migration %d", i+1), err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, len(migrations))); err != nil {
		return wrap("migrate", err)
	}
	return wrap("migrate", tx.Commit())
}
