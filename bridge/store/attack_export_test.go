package store

// Pragma asks the writing connection how it is set.
func Pragma(s *SQLite, name string) (value string, err error) {
	err = s.write.QueryRow(`PRAGMA ` + name).Scan(&value)
	return value, err
}
