package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeNew writes a file that its owner alone can read: the whole of it, or nothing. What is there already stays, unless
// over says otherwise; a symbolic link is replaced, not followed (threat C3).
func writeNew(path, text string, over bool) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".fedbridge-init-*") // 0600, whatever the umask
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(temporary.Name()); err == nil && !errors.Is(gone, fs.ErrNotExist) {
			err = gone
		}
	}()
	_, err = temporary.WriteString(text)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if over {
		return os.Rename(temporary.Name(), path)
	}
	// A link fails where there is something, however late it came.
	err = os.Link(temporary.Name(), path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return writeWithoutLink(path, text)
}

// writeWithoutLink is for file systems without hard links.
func writeWithoutLink(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}
