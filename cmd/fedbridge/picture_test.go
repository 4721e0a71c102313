package main

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// TestPicture: the picture in README is there, of the size that TestPages makes it, and no burden on whoever clones this.
func TestPicture(t *testing.T) {
	f, err := os.Open(filepath.Join(repository, picture))
	if err != nil {
		t.Fatalf("%v; FEDBRIDGE_SCREENSHOTS=$PWD/.github go test -run TestPages ./cmd/fedbridge makes it", err)
	}
	defer f.Close()
	size, err := png.DecodeConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	if size.Width != pictureWidth*pictureScale || size.Height != pictureHeight*pictureScale {
		t.Errorf("%d by %d pixels, want %d by %d", size.Width, size.Height, pictureWidth*pictureScale, pictureHeight*pictureScale)
	}
	if info, err := f.Stat(); err != nil || info.Size() > 500<<10 {
		t.Errorf("%d bytes: %v", info.Size(), err)
	}
}
