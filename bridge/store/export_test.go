package store

import "fmt"

// SetSchemaVersion makes a file look as if another fedbridge had written it.
func SetSchemaVersion(s *SQLite, version int) error {
	_, err := s.write.Exec(fmt.Sprintf(`PRAGMA user_version = %d`, version))
	return err
}
